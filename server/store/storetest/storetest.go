// Package storetest is the suite of tests that every account.Store passes.
package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// tests are those of a store, by name.
type tests map[string]func(*testing.T, *fixture)

// Run tests the stores that open returns. Each is empty and of its own; open
// closes it in a cleanup, also when the test has closed it before.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	RunLists(t, open)
	for _, room := range []tests{
		accountTests, contactTests, lookupTests, propertyTests, historyTests, countTests, identityTests, onceTests, aliasTests, importTests, auditTests, webhookTests, writeTests,
	} {
		run(t, open, room)
	}
}

// RunLists runs the tests of lists of accounts, of which a store may have
// several ways.
func RunLists(t *testing.T, open func(t *testing.T) store.Store) {
	run(t, open, listTests)
}

func run(t *testing.T, open func(t *testing.T) store.Store, all tests) {
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newFixture(t, open(t)))
		})
	}
}

// fixture is a store with two companies, which each have a user.
type fixture struct {
	store          store.Store
	company, other identity.Company
	ada, stranger  identity.User
	touched        int
}

// start is a time that must come back to the millisecond.
var start = time.Date(2026, 11, 24, 16, 5, 12, 345e6, time.UTC)

func newFixture(t *testing.T, s store.Store) *fixture {
	t.Helper()
	f := &fixture{
		store:    s,
		company:  identity.Company{Name: "Sunrise Services", CreatedAt: start},
		other:    identity.Company{Name: "Harbor Cleaning", CreatedAt: start},
		ada:      identity.User{Email: "ada@sunrise.example", FirstName: "Ada", LastName: "Reyes", PasswordHash: "$argon2id$x", Admin: true, CreatedAt: start},
		stranger: identity.User{Email: "sam@harbor.example", FirstName: "Sam", CreatedAt: start},
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		if err := errors.Join(tx.InsertCompany(ctx, &f.company), tx.InsertCompany(ctx, &f.other)); err != nil {
			return err
		}
		f.ada.CompanyID, f.stranger.CompanyID = f.company.ID, f.other.ID
		return errors.Join(tx.InsertUser(ctx, &f.ada), tx.InsertUser(ctx, &f.stranger))
	})
	return f
}

// write runs fn in a Write that must succeed.
func (f *fixture) write(t *testing.T, fn func(ctx context.Context, tx store.Tx) error) {
	t.Helper()
	if err := f.store.Write(t.Context(), fn); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// newAccount returns an account with the members that all have.
func (f *fixture) newAccount(title string) account.Account {
	return account.Account{
		CompanyID: f.company.ID, Version: 1, Title: title, Address: []string{"1 Main St"}, Active: true,
		CreatedAt: start, UpdatedAt: start,
	}
}

// addAccount stores an account, and returns it as reads should.
func (f *fixture) addAccount(t *testing.T, a account.Account) account.Account {
	t.Helper()
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
	if a.Address == nil {
		a.Address = []string{}
	}
	if a.Custom == nil {
		a.Custom = account.Custom{}
	}
	if a.Contacts == nil {
		a.Contacts = []account.Contact{}
	}
	return a
}

func (f *fixture) addContact(t *testing.T, c account.Contact) account.Contact {
	t.Helper()
	if c.CompanyID == 0 {
		c.CompanyID = f.company.ID
	}
	c.CreatedAt, c.UpdatedAt = start, start
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.InsertContact(ctx, &c) })
	if c.Emails == nil {
		c.Emails = []string{}
	}
	if c.Phones == nil {
		c.Phones = []string{}
	}
	return c
}

func (f *fixture) addProperty(t *testing.T, p schema.Property) schema.Property {
	t.Helper()
	if p.CompanyID == 0 {
		p.CompanyID = f.company.ID
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.InsertProperty(ctx, &p) })
	if p.Options == nil {
		p.Options = []string{}
	}
	if p.Default == nil {
		p.Default = []any{}
	}
	return p
}

// wantAccount checks what the store holds.
func (f *fixture) wantAccount(t *testing.T, want account.Account) {
	t.Helper()
	got, err := f.store.Account(t.Context(), want.CompanyID, want.ID)
	if err != nil {
		t.Fatalf("load account: %v", err)
	}
	equal(t, got, want)
	f.wantStored(t, want)
}

// wantKind checks the kind of an error.
func wantKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil {
		t.Fatalf("got no error, want one of kind %d", want)
	}
	if got := fault.KindOf(err); got != want {
		t.Fatalf("got kind %d (%v), want %d", got, err, want)
	}
}

// fataler is a test, or one of many that a generator makes.
type fataler interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// equal compares strictly: an empty list is not a nil one.
func equal[T any](t fataler, got, want T) {
	t.Helper()
	if reflect.DeepEqual(got, want) {
		return
	}
	gotText, gotErr := json.MarshalIndent(got, "", "  ")
	wantText, wantErr := json.MarshalIndent(want, "", "  ")
	if err := errors.Join(gotErr, wantErr); err != nil || string(gotText) == string(wantText) {
		t.Fatalf("got %#v\nwant %#v", got, want)
	}
	t.Fatalf("got %s\nwant %s", gotText, wantText)
}
