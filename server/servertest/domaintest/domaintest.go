// Package domaintest opens the rooms of the domain over a store of their own, for
// their tests.
package domaintest

import (
	"errors"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/storetest"
	"github.com/accountsd/accountsd/server/store/teststore"
)

// Domain is all services over a store of its own, with a company and its admin,
// at a time that is set by hand.
type Domain struct {
	server.Services
	identity.CreatedCompany
	Store store.Store
	Now   time.Time
}

// New returns a Domain that ends with the test. The services are set up as the
// edits say.
func New(t testing.TB, edits ...func(*server.ServiceConfig)) *Domain {
	t.Helper()
	d := &Domain{Store: teststore.Open(t), Now: time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.UTC)}
	config := server.ServiceConfig{Clock: func() time.Time { return d.Now }, Region: "US"}
	for _, edit := range edits {
		edit(&config)
	}
	d.Services = server.NewServices(storetest.Missing(d.Store), config)
	var err error
	d.CreatedCompany, err = d.Users.CreateCompany(t.Context(), identity.NewCompany{Name: "Sunrise", Email: "ada@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Account creates an account with the title.
func (d *Domain) Account(t testing.TB, title string) account.Account {
	t.Helper()
	result, err := d.Intake.Create(t.Context(), d.Actor, intake.CreateRequest{
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
