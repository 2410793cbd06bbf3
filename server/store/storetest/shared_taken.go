package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// A transaction goes on after it was told that a value is taken, also where another
// one took it at the same time.
func testTakenInTransaction(t *testing.T, f *shared) {
	const n = 12
	takes := f.takes()
	taken := make([]atomic.Int32, len(takes))
	f.race(t, n, func(s *rooms, i int) error {
		var conflicts []bool
		err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
			conflicts, err = f.takeAll(ctx, tx, takes, i)
			return err
		})
		for at, conflict := range conflicts {
			if conflict {
				taken[at].Add(1)
			}
		}
		return err
	})
	for i := range taken {
		if got := taken[i].Load(); got != n-1 {
			t.Errorf("value %d was taken for %d of %d", i, got, n)
		}
	}
	if got, err := f.store.CountContacts(t.Context(), f.company.ID, contact.Query{}); err != nil || got != int64(n*(len(takes)+1)) {
		t.Errorf("%d contacts (%v) were added beside, want %d", got, err, n*(len(takes)+1))
	}
	users, err := f.store.UsersByEmail(t.Context(), "new@sunrise.example")
	if err != nil || len(users) != 1 {
		t.Errorf("users %+v %v", users, err)
	}
	if owner, err := f.store.NumberOwner(t.Context(), f.company.ID, 777); err != nil || owner == 0 {
		t.Errorf("the number is %d's (%v)", owner, err)
	}
	if properties := f.properties(t, f.company.ID); len(properties) != 1 {
		t.Errorf("properties %+v", properties)
	}
}

// takes are writes that one of many can make.
func (f *shared) takes() []func(context.Context, store.Tx) error {
	return []func(context.Context, store.Tx) error{
		// First, since it waits for another transaction that has done so, and for nothing else.
		func(ctx context.Context, tx store.Tx) error {
			return tx.InsertCompany(ctx, &identity.Company{Name: "New", CreatedAt: start})
		},
		func(ctx context.Context, tx store.Tx) error {
			return tx.InsertUser(ctx, &identity.User{CompanyID: f.company.ID, Email: "new@sunrise.example", CreatedAt: start})
		},
		func(ctx context.Context, tx store.Tx) error {
			a := f.newAccount("Numbered")
			a.Number = 777
			return tx.InsertAccount(ctx, &a)
		},
		func(ctx context.Context, tx store.Tx) error {
			p := schema.Property{CompanyID: f.company.ID, Name: "New", Key: "new", Type: schema.Text}
			return tx.InsertProperty(ctx, &p)
		},
	}
}

// takeAll makes the writes and, before, between and after them, some that nothing
// keeps from being made. It returns which of the first met a conflict.
func (f *shared) takeAll(ctx context.Context, tx store.Tx, takes []func(context.Context, store.Tx) error, writer int) ([]bool, error) {
	conflicts := make([]bool, len(takes))
	for i, take := range takes {
		err := take(ctx, tx)
		if conflicts[i] = fault.KindOf(err) == fault.KindConflict; err != nil && !conflicts[i] {
			return nil, fmt.Errorf("value %d: %w", i, err)
		}
	}
	for i := range len(takes) + 1 {
		c := account.Contact{CompanyID: f.company.ID, Name: fmt.Sprintf("Beside %d-%d", writer, i), CreatedAt: start, UpdatedAt: start}
		if err := tx.InsertContact(ctx, &c); err != nil {
			return nil, fmt.Errorf("contact %d: %w", i, err)
		}
		if i < len(takes) {
			// It is taken by now, by this transaction or another.
			if err := takes[i](ctx, tx); fault.KindOf(err) != fault.KindConflict {
				return nil, fmt.Errorf("value %d again: %w", i, err)
			}
		}
	}
	return conflicts, nil
}
