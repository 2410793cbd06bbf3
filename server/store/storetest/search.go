package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// Searched is a store whose index of words is written to by the test.
type Searched struct {
	store.Store
	Index func(ctx context.Context, prune bool) error
}

// RunSearch tests searches of one of the stores at a time: whatever is written, indexed
// and removed from what waits in whatever order, they find what Filter.Matches does.
func RunSearch(t *testing.T, stores ...Searched) {
	companies := 0
	rapid.Check(t, func(r *rapid.T) {
		companies++
		m := &searchModel{Searched: rapid.SampledFrom(stores).Draw(r, "store"), at: start}
		company := identity.Company{Name: fmt.Sprint("Company ", companies), CreatedAt: start}
		m.write(r, func(ctx context.Context, tx store.Tx) error { return tx.InsertCompany(ctx, &company) })
		m.company = company.ID
		r.Repeat(map[string]func(*rapid.T){
			"insert account": m.insertAccount,
			"update account": m.updateAccount,
			"commit account": m.commitAccount,
			"delete account": m.deleteAccount,
			"insert contact": m.insertContact,
			"update contact": m.updateContact,
			"delete contact": m.deleteContact,
			"index":          m.index,
			"":               m.check,
		})
	})
}

// searchModel writes to a company of a store, and knows which records there
// should be.
type searchModel struct {
	Searched
	company  int64
	at       time.Time
	accounts []int64
	contacts []int64
	texts    []string
}

var searchWords = []string{
	"solar", "Solaris", "STRASSE", "straße", "東京タワー", "e\u0301te\u0301", "été", "o'neil", `say "hi"`, "NEAR(a b)", "a OR b", "title:x", "sol*", "^sol",
	"{title}", "-solar", "(415) 555-0142", "jo@example.com", "a\nb", "🏠🏠🏠", "ab", "\x00nul", "\ufffdbad\ufffd", "bad\xff\xfebytes", "\uffff\ufffe\uffff", "İstanbul",
	strings.Repeat("long ", 40),
}

func (m *searchModel) text(r *rapid.T, label string) string {
	text := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(searchWords), rapid.StringN(0, 8, -1)), 1, 3).Draw(r, label), " ")
	text = strings.ToValidUTF8(text, "?") // as all that is stored
	m.texts = append(m.texts, text)
	return text
}

func (m *searchModel) optional(r *rapid.T, label string) *string {
	if rapid.Bool().Draw(r, "no "+label) {
		return nil
	}
	text := m.text(r, label)
	return &text
}

func (m *searchModel) write(r *rapid.T, fn func(ctx context.Context, tx store.Tx) error) {
	if err := m.Write(context.Background(), fn); err != nil {
		r.Fatal(err)
	}
}

func (m *searchModel) now() time.Time {
	m.at = m.at.Add(time.Millisecond)
	return m.at
}

func (m *searchModel) draw(r *rapid.T, a account.Account) account.Account {
	a.Title, a.Description = m.text(r, "title"), m.optional(r, "description")
	a.Address = []string{m.text(r, "address"), m.text(r, "second line")}
	a.PrimaryEmail, a.PrimaryPhone = m.optional(r, "email"), m.optional(r, "phone")
	a.UpdatedAt = m.now()
	a.Contacts = nil
	if len(m.contacts) > 0 {
		for _, id := range rapid.SliceOfNDistinct(rapid.SampledFrom(m.contacts), 0, 3, rapid.ID[int64]).Draw(r, "contacts") {
			a.Contacts = append(a.Contacts, account.Contact{ID: id})
		}
	}
	return a
}

func (m *searchModel) insertAccount(r *rapid.T) {
	a := m.draw(r, account.Account{CompanyID: m.company, Version: 1, Active: true, CreatedAt: start})
	m.write(r, func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
	m.accounts = append(m.accounts, a.ID)
}

// updateAccount changes some members, and says so as the domain does.
func (m *searchModel) updateAccount(r *rapid.T) {
	change := m.change(r, "contacts")
	m.write(r, func(ctx context.Context, tx store.Tx) error {
		a, changes, err := change(ctx, tx)
		if err != nil {
			return err
		}
		return tx.UpdateAccount(ctx, a, changes)
	})
}

// commitAccount is updateAccount by a set, which a store may write in its own way. A
// contact of the account may have got another name since it was read.
func (m *searchModel) commitAccount(r *rapid.T) {
	var w account.Write
	change := m.change(r)
	err := m.Look(context.Background(), func(ctx context.Context, tx store.Tx) error {
		a, changes, err := change(ctx, tx)
		w = updating(a, changes)
		return err
	})
	if err != nil {
		r.Fatal(err)
	}
	if len(m.contacts) > 0 && rapid.Bool().Draw(r, "renamed meanwhile") {
		m.updateContact(r)
	}
	err = m.Commit(context.Background(), &account.WriteSet{CompanyID: m.company, Writes: []account.Write{w}})
	if err != nil && !errors.Is(err, write.ErrStale) {
		r.Fatal(err)
	}
}

// change draws another state of some members of an account.
func (m *searchModel) change(r *rapid.T, more ...string) func(context.Context, store.Tx) (account.Account, patch.Changes, error) {
	if len(m.accounts) == 0 {
		r.Skip("no accounts")
	}
	id := rapid.SampledFrom(m.accounts).Draw(r, "account")
	drawn := m.draw(r, account.Account{})
	members := append([]string{"title", "description", "address", "primaryEmail", "primaryPhone"}, more...)
	changed := rapid.SliceOfDistinct(rapid.SampledFrom(members), rapid.ID[string]).Draw(r, "members")
	return func(ctx context.Context, tx store.Tx) (account.Account, patch.Changes, error) {
		a, err := tx.Account(ctx, m.company, id)
		changes := patch.Changes{}
		for _, member := range changed {
			changes[member] = patch.Change{}
			switch member {
			case "title":
				a.Title = drawn.Title
			case "description":
				a.Description = drawn.Description
			case "address":
				a.Address = drawn.Address
			case "primaryEmail":
				a.PrimaryEmail = drawn.PrimaryEmail
			case "primaryPhone":
				a.PrimaryPhone = drawn.PrimaryPhone
			case "contacts":
				a.Contacts = drawn.Contacts
			}
		}
		a.UpdatedAt, a.Version = drawn.UpdatedAt, a.Version+1
		return a, changes, err
	}
}

func (m *searchModel) deleteAccount(r *rapid.T) {
	if len(m.accounts) == 0 {
		r.Skip("no accounts")
	}
	i := rapid.IntRange(0, len(m.accounts)-1).Draw(r, "account")
	m.write(r, func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, m.company, m.accounts[i]) })
	m.accounts = slices.Delete(m.accounts, i, i+1)
}

func (m *searchModel) drawContact(r *rapid.T) account.Contact {
	return account.Contact{
		CompanyID: m.company, Name: m.text(r, "name"), Emails: []string{m.text(r, "email")}, Phones: []string{m.text(r, "phone")},
		CreatedAt: start, UpdatedAt: m.now(),
	}
}

func (m *searchModel) insertContact(r *rapid.T) {
	c := m.drawContact(r)
	m.write(r, func(ctx context.Context, tx store.Tx) error { return tx.InsertContact(ctx, &c) })
	m.contacts = append(m.contacts, c.ID)
}

func (m *searchModel) updateContact(r *rapid.T) {
	if len(m.contacts) == 0 {
		r.Skip("no contacts")
	}
	c := m.drawContact(r)
	c.ID = rapid.SampledFrom(m.contacts).Draw(r, "contact")
	changed := rapid.IntRange(0, 7).Draw(r, "members")
	m.write(r, func(ctx context.Context, tx store.Tx) error {
		stored, err := tx.Contact(ctx, m.company, c.ID)
		if err != nil {
			return err
		}
		if changed&1 == 0 {
			c.Name = stored.Name
		}
		if changed&2 == 0 {
			c.Emails = stored.Emails
		}
		if changed&4 == 0 {
			c.Phones = stored.Phones
		}
		return tx.UpdateContact(ctx, c)
	})
}

func (m *searchModel) deleteContact(r *rapid.T) {
	if len(m.contacts) == 0 {
		r.Skip("no contacts")
	}
	i := rapid.IntRange(0, len(m.contacts)-1).Draw(r, "contact")
	m.write(r, func(ctx context.Context, tx store.Tx) error { return tx.DeleteContact(ctx, m.company, m.contacts[i]) })
	m.contacts = slices.Delete(m.contacts, i, i+1)
}

func (m *searchModel) index(r *rapid.T) {
	if err := m.Index(context.Background(), rapid.Bool().Draw(r, "prune")); err != nil {
		r.Fatal(err)
	}
}

// check compares searches for parts of texts that are or were there.
func (m *searchModel) check(r *rapid.T) {
	f := query.Filter{Any: rapid.Bool().Draw(r, "any")}
	for range rapid.IntRange(1, 3).Draw(r, "conditions") {
		c := query.Condition{
			Member: rapid.SampledFrom([]query.Member{
				query.MemberText, query.MemberText, account.MemberTitle, account.MemberDescription, account.MemberAddress,
				account.MemberEmail, account.MemberPhone, account.MemberPrimaryName,
			}).Draw(r, "member"),
			Contains: m.part(r),
			Negate:   rapid.IntRange(0, 5).Draw(r, "negate") == 0,
		}
		if c.Member != query.MemberText && c.Member != account.MemberPhone && rapid.IntRange(0, 3).Draw(r, "equal") == 0 {
			c.Contains, c.Ranges = "", []query.Range{{From: c.Contains, To: c.Contains}}
		}
		f.Conditions = append(f.Conditions, c)
	}
	WantFound(r, m.Store, m.company, m.accounts, f)
	wantContacts(r, m.Store, m.company, m.contacts, []string{m.part(r)})
}

func (m *searchModel) part(r *rapid.T) string {
	text := rapid.SampledFrom(append(m.texts, searchWords...)).Draw(r, "text")
	text = normal.Fold(strings.ToValidUTF8(text, "?")) // as all that is asked for
	if rapid.IntRange(0, 4).Draw(r, "digits") == 0 {
		text = normal.Digits(text)
	}
	runes := []rune(text)
	if rapid.Bool().Draw(r, "whole") && text != "" {
		return text
	}
	if len(runes) == 0 {
		return "x"
	}
	first := rapid.IntRange(0, len(runes)-1).Draw(r, "first")
	return string(runes[first:rapid.IntRange(first+1, len(runes)).Draw(r, "last")])
}

// WantFound compares the lists and the count of the accounts that pass a filter
// with those of the company's accounts, which have the ids.
func WantFound(t fataler, s store.Store, company int64, all []int64, f query.Filter) {
	t.Helper()
	ctx := context.Background()
	var want []account.Account
	for _, id := range all {
		a, err := s.Account(ctx, company, id)
		if err != nil {
			t.Fatal(err)
		}
		if f.Matches(&a) {
			want = append(want, a)
		}
	}
	slices.SortFunc(want, func(a, b account.Account) int {
		return cmp.Or(b.UpdatedAt.Compare(a.UpdatedAt), cmp.Compare(b.ID, a.ID))
	})
	for _, page := range []query.Page{{Limit: 100}, {Limit: 2}, {Limit: 2, Offset: 1}} {
		got, err := s.Accounts(ctx, company, account.Query{Filter: f, Page: page})
		if err != nil {
			t.Fatal(err)
		}
		expected := want[min(int(page.Offset), len(want)):]
		expected = expected[:min(page.Limit, len(expected))]
		if !slices.EqualFunc(got, expected, func(a, b account.Account) bool { return a.ID == b.ID }) {
			t.Fatalf("%+v, page %+v: got %d accounts %v, want %v", f, page, len(got), ids(got), ids(expected))
		}
	}
	n, err := s.CountAccounts(ctx, company, account.Query{Filter: f})
	if err != nil || n != int64(len(want)) {
		t.Fatalf("%+v: counted %d, %v, want %d", f, n, err, len(want))
	}
}

// wantContacts does so for the contacts that have the words.
func wantContacts(t fataler, s store.Store, company int64, all []int64, words []string) {
	t.Helper()
	ctx := context.Background()
	stored, err := s.Contacts(ctx, company, all)
	if err != nil {
		t.Fatal(err)
	}
	var want []int64
	for id, c := range stored {
		lacks := func(word string) bool {
			return !slices.ContainsFunc(contact.SearchText(c), func(text string) bool { return strings.Contains(text, word) })
		}
		if !slices.ContainsFunc(words, lacks) {
			want = append(want, id)
		}
	}
	slices.Sort(want)
	found, err := s.ListContacts(ctx, company, contact.Query{Words: words, Page: query.Page{Limit: 100}})
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, c := range found {
		got = append(got, c.ID)
	}
	slices.Sort(got)
	n, err := s.CountContacts(ctx, company, contact.Query{Words: words})
	if !slices.Equal(got, want) || err != nil || n != int64(len(want)) {
		t.Fatalf("%q: got contacts %v, counted %d, %v, want %v", words, got, n, err, want)
	}
}
