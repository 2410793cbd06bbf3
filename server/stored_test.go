package server_test

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"

	"github.com/alexedwards/argon2id"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/identity"
	lists "github.com/accountsd/accountsd/server/query"
)

// password is that of ada and of lin.
const password = "correct horse battery staple"

// passwordHash is its hash with parameters that make a test quick.
var passwordHash = sync.OnceValue(func() string {
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 8, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		panic(err)
	}
	return hash
})

// stored is all that the store holds of both companies, as a text to compare.
func (f *fixture) stored(t *testing.T) string {
	t.Helper()
	var all []any
	for _, company := range []int64{f.company.ID, f.company.ID + 1} {
		page := lists.Page{Limit: 1000}
		accounts, err := f.store.Accounts(t.Context(), company, account.Query{IncludeArchived: true, Page: page})
		must(t, err)
		contacts, err := f.store.ListContacts(t.Context(), company, contact.Query{Page: page})
		must(t, err)
		properties, err := f.store.Properties(t.Context(), company)
		must(t, err)
		users, err := f.store.Users(t.Context(), company, identity.UserFilter{}, 0, 1000)
		must(t, err)
		keys, err := f.store.Keys(t.Context(), company, 0, 0, 1000)
		must(t, err)
		changes, err := f.store.Changes(t.Context(), company, 0, 1000)
		must(t, err)
		all = slices.Concat(all, []any{accounts, contacts, properties, users, keys, changes})
	}
	text, err := json.MarshalIndent(all, "", " ")
	must(t, err)
	return string(text)
}

// account1 is the fixture's account as it is stored.
func (f *fixture) account1(t *testing.T) account.Account {
	t.Helper()
	a, err := f.store.Account(t.Context(), f.company.ID, 1)
	must(t, err)
	return a
}

// history1 lists what happened to the fixture's account, the latest first.
func (f *fixture) history1(t *testing.T) []account.HistoryEntry {
	t.Helper()
	entries, err := f.store.History(t.Context(), f.company.ID, 1, 0, 100)
	must(t, err)
	return entries
}
