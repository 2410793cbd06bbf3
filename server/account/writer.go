package account

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// Writer writes accounts in transactions, with all that goes with a write. Every room
// that changes accounts does so by one.
type Writer struct {
	store   Store
	clock   write.Clock
	region  string
	schemas *schemas
}

// NewWriter returns a writer to the store, which stays the caller's to close. The
// region (ISO 3166) is that of phone numbers without a country code; empty: only
// numbers with one are read.
func NewWriter(store Store, clock write.Clock, region string) *Writer {
	return &Writer{store: store, clock: clock, region: region, schemas: &schemas{}}
}

// Schema returns a company's schema as a transaction or a store has it.
func (w *Writer) Schema(ctx context.Context, in Reader, companyID int64) (schema.Schema, error) {
	return w.schemas.current(ctx, in, companyID)
}

// ApplyAndSave applies a patch to a stored account, and writes what changed.
func (w *Writer) ApplyAndSave(ctx context.Context, tx Tx, actor identity.Actor, before Account, p Patch, newOptions bool) (Account, error) {
	after, _, err := w.change(ctx, tx, actor, before, p, newOptions)
	return after, err
}

// change is ApplyAndSave, and tells what changed.
func (w *Writer) change(ctx context.Context, tx Tx, actor identity.Actor, before Account, p Patch, newOptions bool) (Account, patch.Changes, error) {
	outcome, properties, err := w.apply(ctx, tx, before, p, newOptions)
	if err != nil {
		return Account{}, nil, err
	}
	if len(outcome.Changes) == 0 {
		return before, nil, nil
	}
	if err := addOptions(ctx, tx, before.CompanyID, outcome.NewOptions); err != nil {
		return Account{}, nil, err
	}
	after, err := w.Save(ctx, tx, actor, before, outcome.Account, outcome.Changes, properties, nil)
	return after, outcome.Changes, err
}

// SetContacts links an account to contacts, in order, in a transaction.
func (w *Writer) SetContacts(ctx context.Context, tx Tx, actor identity.Actor, a Account, ids []int64) error {
	_, err := w.ApplyAndSave(ctx, tx, actor, a, Patch{Contacts: patch.Set(ids)}, false)
	return err
}

// apply runs Apply with what it needs of the store, and adds what only the
// store knows: whether the number is taken. It returns the schema as well if it
// had to be loaded.
func (w *Writer) apply(ctx context.Context, r Reader, before Account, p Patch, newOptions bool) (Outcome, schema.Schema, error) {
	env, err := w.envFor(ctx, r, before, p, newOptions)
	if err != nil {
		return Outcome{}, nil, err
	}
	outcome := Apply(before, p, env)
	taken, err := Taken(ctx, r, before, p, outcome.Changes, env.Schema)
	if err != nil {
		return Outcome{}, nil, err
	}
	return outcome, env.Schema, fault.Invalid(append(outcome.Errors, taken...))
}

// envFor is what a patch needs of the store.
func (w *Writer) envFor(ctx context.Context, r Reader, before Account, p Patch, newOptions bool) (Env, error) {
	env := Env{AllowNewOptions: newOptions, Region: w.region}
	if p.hasCustom() {
		properties, err := w.schemas.current(ctx, r, before.CompanyID)
		if err != nil {
			return Env{}, err
		}
		env.Schema = properties
	}
	var err error
	env.Contacts, err = ContactsFor(ctx, r, before, p)
	return env, err
}

// ContactsFor returns the contacts that a patch may link an account to. Those that
// it is linked to are at hand, and stay linked though the patch may name none.
func ContactsFor(ctx context.Context, r Reader, a Account, p Patch) (map[int64]Contact, error) {
	ids, named := p.contacts()
	if !named {
		return nil, nil
	}
	linked := make(map[int64]Contact, len(a.Contacts))
	for _, c := range a.Contacts {
		linked[c.ID] = c
	}
	unlinked := slices.DeleteFunc(ids, func(id int64) bool { _, ok := linked[id]; return ok })
	if len(unlinked) == 0 {
		return linked, nil
	}
	contacts, err := r.Contacts(ctx, a.CompanyID, unlinked)
	if err != nil {
		return nil, fmt.Errorf("load contacts: %w", err)
	}
	maps.Copy(linked, contacts)
	return linked, nil
}
