package account

import (
	"context"
	"encoding/json"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
)

// Stored is an account to be shown: what a store has as JSON need not be decoded
// to be written again.
type Stored struct {
	Account
	// AddressJSON and CustomJSON are Address and Custom as encoding/json writes
	// them. If they are empty, the members themselves are there.
	AddressJSON, CustomJSON string
}

// addressLines are Address, wherever it is.
func (a *Stored) addressLines() []string {
	lines := a.Address
	if a.AddressJSON != "" {
		_ = json.Unmarshal([]byte(a.AddressJSON), &lines) // The store wrote it.
	}
	return lines
}

// Show is Get of an account to be shown, which has its contacts if they are
// asked for.
func (r *Records) Show(ctx context.Context, actor identity.Actor, id int64, includeArchived, contacts bool) (Stored, error) {
	a, err := r.reader.StoredAccount(ctx, actor.CompanyID, id, contacts)
	if err != nil {
		return Stored{}, err
	}
	if !a.Active && !includeArchived {
		return Stored{}, fault.NotFound("account")
	}
	return a, nil
}

// ShowList is List of accounts to be shown, which have their contacts if they
// are asked for.
func (r *Records) ShowList(ctx context.Context, actor identity.Actor, q Query, contacts bool) ([]Stored, error) {
	return r.reader.StoredAccounts(ctx, actor.CompanyID, q, contacts)
}
