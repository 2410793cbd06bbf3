package client

import (
	"context"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
)

// RevertedAccount is an account of which a change was taken back.
type RevertedAccount struct {
	Account

	// Members have their former values again, as changes name them.
	Members []string
	// LeftOut have not, or only in part.
	LeftOut []LeftOutMember
}

// Revert takes a change of an account back, by its Sequence: each member gets the value
// that it had before. ErrConflict with all members that were changed since, or whose
// former values cannot be any more; then nothing is written, unless [Merge] leaves them
// out. ErrNotFound if the account
// has no such change. To take a deletion back is to undelete.
func (s *Accounts) Revert(ctx context.Context, id int64, sequence string, options ...RevertOption) (*RevertedAccount, error) {
	if sequence == "" {
		return nil, invalid("a change is taken back by its sequence; got none")
	}
	params := with(api.RevertAccountChangeParams{IdempotencyKey: newName()}, options, RevertOption.revert)
	return reverted(s.c.raw.RevertAccountChange(ctx, id, sequence, params, checkIDs("account", id)))
}

// Undelete makes a deleted account be there again as it was, with its id and its number.
// ErrNotFound if there never was one, ErrConflict if it is there, or its number or a unique value is taken.
func (s *Accounts) Undelete(ctx context.Context, id int64, options ...UndeleteOption) (*RevertedAccount, error) {
	params := with(api.UndeleteAccountParams{IdempotencyKey: newName()}, options, UndeleteOption.undelete)
	return reverted(s.c.raw.UndeleteAccount(ctx, id, params, checkIDs("account", id)))
}

func reverted(resp *http.Response, err error) (*RevertedAccount, error) {
	made, err := identified(func(r *api.RevertedAccount) int64 { return r.Account.ID }, resp, err)
	if err != nil {
		return nil, err
	}
	return &RevertedAccount{Account{made.Account, resp.Header.Get("ETag")}, made.Members, made.LeftOut}, nil
}
