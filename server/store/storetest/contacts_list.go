package storetest

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
)

var (
	sampleWords  = []string{"jo", "strasse", "ss", "x.example", "415", "0143", "é", "zz"}
	sampleNames  = []string{"Jo Straße", "JO", "Lee 415", "e\u0301"}
	samplePeople = [][]string{nil, {"jo@x.example"}, {"lee@y.example", "straße@x.example"}}
)

// testListContacts compares lists of any query with those made in memory.
func testListContacts(t *testing.T, f *fixture) {
	all, accounts := f.addPeople(t)
	rapid.Check(t, func(r *rapid.T) {
		q := contactQuery(r, all, accounts)
		passing := passingContacts(all, q)
		got, err := f.store.ListContacts(t.Context(), f.company.ID, q)
		if err != nil {
			r.Fatal(err)
		}
		equal(r, got, pageOfContacts(passing, q.Page))
		n, err := f.store.CountContacts(t.Context(), f.company.ID, q)
		if err != nil || n != int64(len(passing)) {
			r.Fatalf("counted %d, %v, want %d", n, err, len(passing))
		}
	})
}

// addPeople stores contacts, with some of the other company among them, and
// links some to accounts.
func (f *fixture) addPeople(t *testing.T) (all []account.Contact, accounts []int64) {
	t.Helper()
	for i := range 60 {
		c := account.Contact{Name: sampleNames[i%len(sampleNames)], Emails: samplePeople[i%len(samplePeople)], CreatedBy: f.ada.ID * int64(i%2)}
		if i%5 > 2 {
			c.Phones = samplePhones[:i%5-2]
		}
		foreign := c
		foreign.CompanyID = f.other.ID
		f.addContact(t, foreign)
		c = f.addContact(t, c)
		c.Accounts, c.UpdatedAt = []account.AccountRef{}, sampleTimes[i*7%len(sampleTimes)]
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateContact(ctx, c) })
		all = append(all, c)
	}
	for i := range 3 {
		var linked []account.Contact
		for j := i; j < len(all); j += 2 + i {
			linked = append(linked, all[j])
		}
		ref := f.linked(t, []string{"First", "Second", "Third"}[i], linked...)
		for j := i; j < len(all); j += 2 + i {
			all[j].Accounts = append(all[j].Accounts, ref)
			all[j].AccountCount++
		}
		accounts = append(accounts, ref.ID)
	}
	return all, accounts
}

func contactQuery(r *rapid.T, all []account.Contact, accounts []int64) contact.Query {
	q := contact.Query{
		Words:     rapid.SliceOfN(rapid.SampledFrom(sampleWords), 0, 2).Draw(r, "words"),
		AccountID: rapid.SampledFrom(append([]int64{0, 0, 1 << 40}, accounts...)).Draw(r, "account"),
		Ascending: rapid.Bool().Draw(r, "ascending"),
	}
	times := append([]time.Time{{}, {}, start.Add(time.Microsecond)}, sampleTimes...)
	q.UpdatedAfter = rapid.SampledFrom(times).Draw(r, "updated after")
	q.UpdatedBefore = rapid.SampledFrom(times).Draw(r, "updated before")
	q.Page = drawPage(r, []int{1, 7, 200}, passingContacts(all, q), func(c account.Contact) query.Cursor {
		return query.Cursor{UpdatedAt: c.UpdatedAt, ID: c.ID}
	})
	return q
}

func passingContacts(all []account.Contact, q contact.Query) []account.Contact {
	list := []account.Contact{}
	for _, c := range all {
		linked := slices.ContainsFunc(c.Accounts, func(a account.AccountRef) bool { return a.ID == q.AccountID })
		if (q.AccountID == 0 || linked) &&
			(q.UpdatedAfter.IsZero() || c.UpdatedAt.After(q.UpdatedAfter)) &&
			(q.UpdatedBefore.IsZero() || c.UpdatedAt.Before(q.UpdatedBefore)) && said(c, q.Words) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b account.Contact) int {
		order := cmp.Or(a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.ID, b.ID))
		if q.Ascending {
			return order
		}
		return -order
	})
	return list
}

// said tells whether each word is in the name, an email or a phone.
func said(c account.Contact, words []string) bool {
	text := strings.Join(contact.SearchText(c), "\n")
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func pageOfContacts(list []account.Contact, p query.Page) []account.Contact {
	at := func(c *query.Cursor) int {
		return slices.IndexFunc(list, func(d account.Contact) bool { return d.ID == c.ID })
	}
	switch {
	case p.After != nil:
		list = list[at(p.After)+1:]
	case p.Before != nil:
		list = list[:at(p.Before)]
		return list[max(0, len(list)-p.Limit):]
	}
	list = list[min(int64(len(list)), p.Offset):]
	return list[:min(len(list), p.Limit)]
}
