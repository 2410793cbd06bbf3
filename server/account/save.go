package account

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// Insert adds a new account in a transaction, and the options that it is the first to
// have, with all that goes with a write: see Save.
func (w *Writer) Insert(ctx context.Context, tx Tx, actor identity.Actor, outcome Outcome, properties schema.Schema) (Account, error) {
	a := outcome.Account
	if err := addOptions(ctx, tx, a.CompanyID, outcome.NewOptions); err != nil {
		return Account{}, err
	}
	a.Version, a.CreatedBy = 1, new(actor.User)
	a.CreatedAt = w.clock.Now()
	a.UpdatedAt = a.CreatedAt
	if err := tx.InsertAccount(ctx, &a); err != nil {
		return Account{}, fmt.Errorf("store account: %w", err)
	}
	if err := indexCustom(ctx, tx, a, outcome.Changes, properties); err != nil {
		return Account{}, err
	}
	return a, addHistory(ctx, tx, actor, a, ChangeCreated, a.changes(made), nil)
}

// PutBack adds an account in a transaction that was there before, as it is to be, with
// all that goes with a write: see Save.
func (w *Writer) PutBack(ctx context.Context, tx Tx, actor identity.Actor, a Account, properties schema.Schema, cause *Cause) error {
	if err := tx.PutAccount(ctx, a); err != nil {
		return fmt.Errorf("store account: %w", err)
	}
	changes := a.changes(made)
	if err := indexCustom(ctx, tx, a, changes, properties); err != nil {
		return err
	}
	return addHistory(ctx, tx, actor, a, ChangeCreated, changes, cause)
}

// Save writes what changes have made of an account, in a transaction, with all
// that goes with a write: version, time and author, the index of custom values,
// the history. The schema must have the properties whose values changed. Most writes
// have no cause.
func (w *Writer) Save(ctx context.Context, tx Tx, actor identity.Actor, before, after Account, changes patch.Changes, properties schema.Schema, cause *Cause) (Account, error) {
	after.Version = before.Version + 1
	after.UpdatedAt = w.clock.Since(before.UpdatedAt)
	after.UpdatedBy = new(actor.User)
	if err := tx.UpdateAccount(ctx, after, changes); err != nil {
		return Account{}, fmt.Errorf("store account: %w", err)
	}
	if err := indexCustom(ctx, tx, after, changes, properties); err != nil {
		return Account{}, err
	}
	return after, addHistory(ctx, tx, actor, after, ChangeUpdated, changes, cause)
}

// Remove deletes an account in a transaction. Its history ends with what it had.
func (w *Writer) Remove(ctx context.Context, tx Tx, actor identity.Actor, a Account, cause *Cause) error {
	if err := tx.DeleteAccount(ctx, a.CompanyID, a.ID); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	a.Version++
	a.UpdatedAt = w.clock.Since(a.UpdatedAt)
	return addHistory(ctx, tx, actor, a, ChangeDeleted, a.changes(gone), cause)
}

// addOptions is where an option is created on demand.
func addOptions(ctx context.Context, tx Tx, companyID int64, options []schema.NewOption) error {
	for _, option := range options {
		if err := tx.AddOption(ctx, companyID, option); err != nil {
			return fmt.Errorf("add option: %w", err)
		}
	}
	return nil
}

// indexCustom keeps the index of the values that changed, and the keys of unique
// ones. Every write of an account goes through it.
func indexCustom(ctx context.Context, tx Tx, a Account, changes patch.Changes, properties schema.Schema) error {
	for name, change := range changes {
		p, ok := propertyOf(name, properties)
		if !ok {
			continue
		}
		if err := indexChange(ctx, tx, a.ID, p, change); err != nil {
			return fmt.Errorf("index %s: %w", name, err)
		}
	}
	return nil
}

// propertyOf is the property that a change is of.
func propertyOf(name string, properties schema.Schema) (schema.Property, bool) {
	key, ok := strings.CutPrefix(name, CustomPrefix)
	if !ok {
		return schema.Property{}, false
	}
	p, ok := properties[key]
	return p, ok
}

func indexChange(ctx context.Context, tx Tx, id int64, p schema.Property, change patch.Change) error {
	if p.Index != schema.IndexNone {
		before, after := p.Keys(change.Before), p.Keys(change.After)
		if !slices.Equal(before, after) { // as those of 1.0 and 1.00 are
			if err := tx.ReplaceKeys(ctx, p, id, before, after); err != nil {
				return err
			}
		}
	}
	if !p.Unique {
		return nil
	}
	before, after := p.UniqueKey(change.Before), p.UniqueKey(change.After)
	if before == after {
		return nil
	}
	return tx.Own(ctx, p, Owner{id, after}, before)
}
