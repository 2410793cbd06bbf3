package storetest

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/query"
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

// testLongReads holds what connections it gets by reads that are not brief, each of
// which waits, while others read one record.
func testLongReads(t *testing.T, f *fixture) {
	const many = 100
	a := f.addAccount(t, f.newAccount("A"))
	var began atomic.Int32
	entered, end := make(chan struct{}, many), make(chan struct{})
	var group sync.WaitGroup
	for range many {
		group.Go(func() {
			err := f.store.Look(t.Context(), func(ctx context.Context, tx store.Tx) error {
				began.Add(1)
				if _, err := tx.StoredAccounts(ctx, f.company.ID, account.Query{Page: query.Page{Limit: 1}}, false); err != nil {
					return err
				}
				entered <- struct{}{}
				<-end
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	defer group.Wait()
	defer close(end)
	<-entered
	for tries := 0; began.Load() < many && tries < 2000; tries++ {
		time.Sleep(time.Millisecond)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for range 20 {
		if _, err := f.store.StoredAccount(ctx, f.company.ID, a.ID, false); err != nil {
			t.Fatal(err)
		}
		err := f.store.Look(ctx, func(ctx context.Context, tx store.Tx) error {
			_, err := tx.AccountForUpdate(ctx, f.company.ID, a.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := f.store.Ping(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
