package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

func testClose(t *testing.T, f *fixture) {
	if err := f.store.Ping(t.Context()); err != nil {
		t.Fatalf("ping: %v", err)
	}
	// Writes that race with Close end one way or the other.
	const writers = 8
	started, ended := make(chan struct{}, writers), make(chan error, writers)
	for range writers {
		go func() { ended <- f.writeUntilClosed(t.Context(), started) }()
	}
	for range writers {
		<-started
	}
	if err := f.store.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
	for range writers {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := f.store.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
	for name, use := range f.uses() {
		if err := use(t.Context()); fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("%s after Close returned %v", name, err)
		}
	}
}

func (f *fixture) writeUntilClosed(ctx context.Context, started chan<- struct{}) error {
	for i := 0; ; i++ {
		a := f.newAccount("Racing")
		err := f.store.Write(ctx, func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
		if i == 0 {
			started <- struct{}{}
		}
		if err != nil && fault.KindOf(err) != fault.KindUnavailable {
			return fmt.Errorf("a write beside Close: %w", err)
		}
		if err != nil {
			return nil
		}
	}
}

// uses calls every method of the store but Close.
func (f *fixture) uses() map[string]func(context.Context) error {
	id, page := f.company.ID, query.Page{Limit: 1}
	return map[string]func(context.Context) error{
		"Ping": f.store.Ping,
		"Write": func(ctx context.Context) error {
			return f.store.Write(ctx, func(context.Context, store.Tx) error { return errors.New("fn has run") })
		},
		"Account":       func(ctx context.Context) error { return errorOf(f.store.Account(ctx, id, 1)) },
		"FindAccount":   func(ctx context.Context) error { return errorOf(f.store.FindAccount(ctx, id, account.MatchTitle, "x")) },
		"Accounts":      func(ctx context.Context) error { return errorOf(f.store.Accounts(ctx, id, account.Query{Page: page})) },
		"CountAccounts": func(ctx context.Context) error { return errorOf(f.store.CountAccounts(ctx, id, account.Query{})) },
		"AccountsWith": func(ctx context.Context) error {
			return errorOf(f.store.AccountsWith(ctx, schema.Property{CompanyID: id}, 0, 1))
		},
		"KeyedAccounts": func(ctx context.Context) error {
			return errorOf(f.store.KeyedAccounts(ctx, schema.Property{CompanyID: id}, []string{"x"}))
		},
		"Contact":        func(ctx context.Context) error { return errorOf(f.store.Contact(ctx, id, 1)) },
		"LinkedAccounts": func(ctx context.Context) error { return errorOf(f.store.LinkedAccounts(ctx, id, 1, 1)) },
		"ListContacts": func(ctx context.Context) error {
			return errorOf(f.store.ListContacts(ctx, id, contact.Query{Page: page}))
		},
		"CountContacts":    func(ctx context.Context) error { return errorOf(f.store.CountContacts(ctx, id, contact.Query{})) },
		"Changes":          func(ctx context.Context) error { return errorOf(f.store.Changes(ctx, id, 0, 1)) },
		"Users":            func(ctx context.Context) error { return errorOf(f.store.Users(ctx, id, identity.UserFilter{}, 0, 1)) },
		"Keys":             func(ctx context.Context) error { return errorOf(f.store.Keys(ctx, id, 0, 0, 1)) },
		"LastChange":       func(ctx context.Context) error { return errorOf(f.store.LastChange(ctx, id)) },
		"UserByInvitation": func(ctx context.Context) error { return errorOf(f.store.UserByInvitation(ctx, identity.KeyHash{})) },
		"AccountsByID":     func(ctx context.Context) error { return errorOf(f.store.AccountsByID(ctx, id, 0, 1)) },
		"NumberOwner":      func(ctx context.Context) error { return errorOf(f.store.NumberOwner(ctx, id, 1)) },
		"Properties":       func(ctx context.Context) error { return errorOf(f.store.Properties(ctx, id)) },
		"Contacts":         func(ctx context.Context) error { return errorOf(f.store.Contacts(ctx, id, []int64{1})) },
		"FindContact":      func(ctx context.Context) error { return errorOf(f.store.FindContact(ctx, id, "x", "y")) },
		"History":          func(ctx context.Context) error { return errorOf(f.store.History(ctx, id, 1, 0, 1)) },
		"Company":          func(ctx context.Context) error { return errorOf(f.store.Company(ctx, "x")) },
		"User":             func(ctx context.Context) error { return errorOf(f.store.User(ctx, id, id)) },
		"Key":              func(ctx context.Context) error { return errorOf(f.store.Key(ctx, id, id)) },
		"KeyByHash": func(ctx context.Context) error {
			_, _, err := f.store.KeyByHash(ctx, identity.KeyHash{}, start)
			return err
		},
	}
}

func errorOf[T any](_ T, err error) error { return err }
