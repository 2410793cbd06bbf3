package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// testLook looks at accounts that are written together, each time something else has
// been read before.
func testLook(t *testing.T, f *fixture) {
	a, b := f.addAccount(t, f.newAccount("A")), f.addAccount(t, f.newAccount("B"))
	writeBoth := func(t *testing.T) {
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			for _, each := range []*account.Account{&a, &b} {
				each.Version++
				if err := tx.UpdateAccount(ctx, *each, retitling(*each, each.Title).Changes); err != nil {
					return err
				}
			}
			p := schema.Property{CompanyID: f.company.ID, Name: a.Title, Key: "key" + string(rune('a'+a.Version)), Type: schema.Text}
			return tx.InsertProperty(ctx, &p)
		})
	}
	for name, first := range map[string]func(ctx context.Context, tx store.Tx) error{
		"an account": func(ctx context.Context, tx store.Tx) error {
			_, err := tx.AccountForUpdate(ctx, f.company.ID, a.ID)
			return err
		},
		"the schema": func(ctx context.Context, tx store.Tx) error {
			_, err := tx.SchemaVersion(ctx, f.company.ID)
			return err
		},
		"a list":       func(ctx context.Context, tx store.Tx) error { _, err := tx.Properties(ctx, f.company.ID); return err },
		"nothing ever": func(context.Context, store.Tx) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			writes := 0
			err := f.store.Look(t.Context(), func(ctx context.Context, tx store.Tx) error {
				if err := first(ctx, tx); err != nil {
					return err
				}
				if writes++; writes > 2 {
					t.Error("it was run more than twice")
				}
				return f.wantOneState(ctx, t, tx, a.ID, b.ID, func() { writeBoth(t) })
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("writes", func(t *testing.T) {
		err := f.store.Look(t.Context(), func(ctx context.Context, tx store.Tx) error {
			return tx.UpdateAccount(ctx, a, retitling(a, "Other").Changes)
		})
		if !errors.Is(err, write.ErrReadOnly) {
			t.Errorf("got %v", err)
		}
		f.wantAccount(t, a)
	})
	t.Run("nothing is there", func(t *testing.T) {
		err := f.store.Look(t.Context(), func(ctx context.Context, tx store.Tx) error {
			_, err := tx.AccountForUpdate(ctx, f.company.ID, 1<<40)
			return err
		})
		if fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("got %v", err)
		}
	})
}

// wantOneState reads both accounts and the schema, with a write of all between them.
func (f *fixture) wantOneState(ctx context.Context, t *testing.T, tx store.Tx, one, other int64, between func()) error {
	a, err := tx.AccountForUpdate(ctx, f.company.ID, one)
	if err != nil {
		return err
	}
	version, err := tx.SchemaVersion(ctx, f.company.ID)
	if err != nil {
		return err
	}
	between()
	b, err := tx.AccountForUpdate(ctx, f.company.ID, other)
	if err != nil {
		return err
	}
	later, err := tx.SchemaVersion(ctx, f.company.ID)
	if err != nil {
		return err
	}
	properties, err := tx.Properties(ctx, f.company.ID)
	if err == nil && (a.Version != b.Version || version != later || int64(len(properties)) != a.Version-1) {
		t.Errorf("account of version %d, another of %d; schema %d, then %d; %d properties", a.Version, b.Version, version, later, len(properties))
	}
	return err
}
