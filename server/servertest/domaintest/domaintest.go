// Package domaintest opens the rooms of the domain over a new SQLite file, for
// their tests.
package domaintest

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/storetest"
)

// Domain is all services over a store of its own, with a company and its admin,
// at a time that is set by hand.
type Domain struct {
	server.Services
	identity.CreatedCompany
	Store *sqlite.Store
	Now   time.Time
}

// New returns a Domain that ends with the test. The services are set up as the
// edits say.
func New(t testing.TB, edits ...func(*server.ServiceConfig)) *Domain {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	d := &Domain{Store: store, Now: time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.UTC)}
	config := server.ServiceConfig{Clock: func() time.Time { return d.Now }, Region: "US"}
	for _, edit := range edits {
		edit(&config)
	}
	d.Services = server.NewServices(storetest.Missing(store), config)
	d.CreatedCompany, err = d.Identity.CreateCompany(t.Context(), identity.NewCompany{Name: "Sunrise", Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Account creates an account with the title.
func (d *Domain) Account(t testing.TB, title string) account.Account {
	t.Helper()
	result, err := d.Accounts.Create(t.Context(), d.Actor, account.CreateRequest{
		Patch:   account.Patch{Title: patch.Set(title), Address: patch.Set([]string{"1 Main St"})},
		MatchBy: account.MatchNone,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result.Account
}

// Fields lists the members that an error speaks of.
func Fields(err error) []string {
	var names []string
	if e, ok := errors.AsType[*fault.Error](err); ok {
		for _, f := range e.Fields {
			names = append(names, f.Field())
		}
	}
	return names
}
