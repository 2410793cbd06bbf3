package sqlite_test

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// searched is a store with an account that is linked to two contacts.
type searched struct {
	store         *sqlite.Store
	path          string
	company       int64
	account       account.Account
	first, second account.Contact
}

func newSearched(t *testing.T) *searched {
	t.Helper()
	path := newPath(t)
	s := &searched{store: open(t, path, sqlite.Limits{}), path: path}
	s.store.StopIndexer()
	s.company = addCompany(t, s.store, "Sunrise")
	s.first = account.Contact{CompanyID: s.company, Name: "Johanna", Emails: []string{"jo@sunrise.example"}, CreatedAt: start, UpdatedAt: start}
	s.second = account.Contact{CompanyID: s.company, Name: "Leander", Phones: []string{"+14155550143"}, CreatedAt: start, UpdatedAt: start}
	s.account = newAccount(s.company, "Harbor Cafe")
	mustWrite(t, s.store, func(ctx context.Context, tx store.Tx) error {
		if err := tx.InsertContact(ctx, &s.first); err != nil {
			return err
		}
		if err := tx.InsertContact(ctx, &s.second); err != nil {
			return err
		}
		s.account.Contacts = []account.Contact{s.first, s.second}
		return tx.InsertAccount(ctx, &s.account)
	})
	s.index(t)
	return s
}

// index indexes all that there is.
func (s *searched) index(t *testing.T) {
	t.Helper()
	for range 100 {
		if err := s.store.IndexRound(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		if n, err := s.store.Queued(t.Context()); err != nil {
			t.Fatal(err)
		} else if n == 0 {
			return
		}
	}
	t.Fatal("the queue does not become empty")
}

// hits returns how many records the index itself has a text for.
func (s *searched) hits(t *testing.T, kind, match string) int {
	t.Helper()
	var n int
	queryFile(t, s.path+"-search", "SELECT count(*) FROM "+kind+"_1 WHERE "+kind+"_1 MATCH ?", &n, match)
	return n
}

func TestSearchFollowsWrites(t *testing.T) {
	t.Parallel()
	update := func(member string, set func(*account.Account)) func(*searched) func(context.Context, store.Tx) error {
		return func(s *searched) func(context.Context, store.Tx) error {
			return func(ctx context.Context, tx store.Tx) error {
				a := s.account
				a.Version++
				set(&a)
				return tx.UpdateAccount(ctx, a, patch.Changes{member: patch.Change{}})
			}
		}
	}
	contact := func(set func(*account.Contact)) func(*searched) func(context.Context, store.Tx) error {
		return func(s *searched) func(context.Context, store.Tx) error {
			return func(ctx context.Context, tx store.Tx) error {
				c := s.first
				set(&c)
				return tx.UpdateContact(ctx, c)
			}
		}
	}
	text := "Quince"
	for name, c := range map[string]struct {
		write            func(*searched) func(context.Context, store.Tx) error
		accounts         string // what the index has of accounts afterwards
		contacts         string
		noAccount, noOne string // and what not
	}{
		"title":       {write: update("title", func(a *account.Account) { a.Title = text }), accounts: `title : "quince"`, noAccount: `"harbor"`},
		"description": {write: update("description", func(a *account.Account) { a.Description = &text }), accounts: `description : "quince"`},
		"address":     {write: update("address", func(a *account.Account) { a.Address = []string{"x", text} }), accounts: `address : "quince"`, noAccount: `"main"`},
		"email":       {write: update("primaryEmail", func(a *account.Account) { a.PrimaryEmail = &text }), accounts: `primaryEmail : "quince"`},
		"phone": {write: update("primaryPhone", func(a *account.Account) { phone := "(415) 555"; a.PrimaryPhone = &phone }),
			accounts: `primaryPhone : "415555"`},
		"contacts": {write: update("contacts", func(a *account.Account) { a.Contacts = a.Contacts[1:] }),
			accounts: `primaryName : "leander"`, noAccount: `"johanna"`},
		"contact's name": {write: contact(func(c *account.Contact) { c.Name = text }),
			accounts: `primaryName : "quince" AND contacts : "quince"`, contacts: `"quince"`, noAccount: `"johanna"`, noOne: `"johanna"`},
		"contact's email": {write: contact(func(c *account.Contact) { c.Emails = []string{text} }), contacts: `"quince" AND "johanna"`, noOne: `"jo@sun"`},
		"contact's phone": {write: contact(func(c *account.Contact) { c.Phones = []string{"+1-800 555"} }), contacts: `"1800555"`},
		"deleted account": {write: func(s *searched) func(context.Context, store.Tx) error {
			return func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, s.company, s.account.ID) }
		}, noAccount: `"harbor"`, contacts: `"johanna"`},
		"deleted contact": {write: func(s *searched) func(context.Context, store.Tx) error {
			return func(ctx context.Context, tx store.Tx) error { return tx.DeleteContact(ctx, s.company, s.first.ID) }
		}, accounts: `primaryName : "leander"`, noAccount: `"johanna"`, noOne: `"johanna"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSearched(t)
			mustWrite(t, s.store, c.write(s))
			s.index(t)
			for _, want := range []struct {
				kind, match string
				n           int
			}{{"accounts", c.accounts, 1}, {"contacts", c.contacts, 1}, {"accounts", c.noAccount, 0}, {"contacts", c.noOne, 0}} {
				if want.match == "" {
					continue
				}
				if n := s.hits(t, want.kind, want.match); n != want.n {
					t.Errorf("%s have %d hits of %s, want %d", want.kind, n, want.match, want.n)
				}
			}
		})
	}
}

// What is not searched must not cost an entry.
func TestSearchIgnoresOtherWrites(t *testing.T) {
	t.Parallel()
	s := newSearched(t)
	a, c := s.account, s.first
	a.Active, a.Version, c.Title = false, a.Version+1, "Owner"
	for name, fn := range map[string]func(context.Context, store.Tx) error{
		"account": func(ctx context.Context, tx store.Tx) error {
			return tx.UpdateAccount(ctx, a, patch.Changes{"isActive": {}, "number": {}, "value": {}, "custom.zone": {}})
		},
		"contact": func(ctx context.Context, tx store.Tx) error { return tx.UpdateContact(ctx, c) },
	} {
		mustWrite(t, s.store, fn)
		if n, err := s.store.Queued(t.Context()); err != nil || n != 0 {
			t.Errorf("%s: the queue has %d entries, %v, want none", name, n, err)
		}
	}
}

// However often a record changes, it waits once, and none of its changes is missed:
// neither by those that were between a round's look at the queue and its end, nor
// by the next round.
func TestSearchQueuesARecordOnce(t *testing.T) {
	t.Parallel()
	s := newSearched(t)
	retitle := func(title string) {
		s.account.Title, s.account.Version = title, s.account.Version+1
		mustWrite(t, s.store, func(ctx context.Context, tx store.Tx) error {
			return tx.UpdateAccount(ctx, s.account, patch.Changes{"title": patch.Change{}})
		})
	}
	for _, title := range []string{"Quince", "Apple", "Medlar"} {
		retitle(title)
		if n, err := s.store.Queued(t.Context()); err != nil || n != 1 {
			t.Fatalf("%s: the queue has %d entries, %v, want one", title, n, err)
		}
	}
	if err := s.store.IndexRound(t.Context(), false); err != nil { // The entry stays,
		t.Fatal(err)
	}
	retitle("Rowan") // and is replaced.
	s.index(t)
	for title, want := range map[string]int{`"medlar"`: 0, `"rowan"`: 1} {
		if n := s.hits(t, "accounts", title); n != want {
			t.Errorf("the index has %d hits of %s, want %d", n, title, want)
		}
	}
}

// A write that fails leaves no entry, nor does one for another company's record.
func TestSearchQueueIsOfTheTransaction(t *testing.T) {
	t.Parallel()
	s := newSearched(t)
	other := addCompany(t, s.store, "Harbor")
	for name, fn := range map[string]func(context.Context, store.Tx) error{
		"undone": func(ctx context.Context, tx store.Tx) error {
			if err := tx.DeleteContact(ctx, s.company, s.first.ID); err != nil {
				return err
			}
			return fault.NotFound("anything")
		},
		"account": func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, other, s.account.ID) },
		"contact": func(ctx context.Context, tx store.Tx) error { return tx.DeleteContact(ctx, other, s.first.ID) },
		"update": func(ctx context.Context, tx store.Tx) error {
			c := s.first
			c.CompanyID, c.Name = other, "Mallory"
			return tx.UpdateContact(ctx, c)
		},
	} {
		wantKind(t, s.store.Write(t.Context(), fn), fault.KindNotFound)
		if n, err := s.store.Queued(t.Context()); err != nil || n != 0 {
			t.Errorf("%s: the queue has %d entries, %v, want none", name, n, err)
		}
	}
}
