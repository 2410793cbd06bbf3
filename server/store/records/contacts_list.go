package records

import (
	"context"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/store/db"
)

// ListContacts returns the contacts that a query selects.
func (r Reader) ListContacts(ctx context.Context, companyID int64, q contact.Query) ([]account.Contact, error) {
	return ofContacts(ctx, r, companyID, q, Reader.listContacts)
}

// ofContacts runs a read of a query: one for words in a snapshot.
func ofContacts[T any](ctx context.Context, r Reader, companyID int64, q contact.Query,
	read func(r Reader, ctx context.Context, companyID int64, q contact.Query) (T, error),
) (v T, err error) {
	if len(q.Words) == 0 {
		return read(r, ctx, companyID, q)
	}
	err = r.snapshot(ctx, slices.ContainsFunc(q.Words, r.isKnown), func(r Reader) error {
		v, err = read(r, ctx, companyID, q)
		return err
	})
	return v, err
}

func (r Reader) listContacts(ctx context.Context, companyID int64, q contact.Query) ([]account.Contact, error) {
	ids, err := r.contactIDs(ctx, companyID, q, r.Driven)
	if err != nil {
		return nil, err
	}
	w := walkTo(q.Page, q.Ascending)
	var reach int64
	if len(q.Words) > 0 && q.AccountID == 0 && ids.Text == "" {
		reach = w.reach(int64(min(maxInOrder, r.Driven)))
	}
	items, more, err := r.pickContacts(ctx, companyID, q, ids, w, reach)
	if err == nil && more {
		items, _, err = r.pickContacts(ctx, companyID, q, ids, w, 0)
	}
	if w.back {
		slices.Reverse(items)
	}
	if err == nil && len(q.Words) > 0 {
		err = r.addLinked(ctx, companyID, items)
	}
	return items, err
}

// listedContact is what a list shows of a contact.
var listedContact = contactColumns + linkedAccounts(contact.AccountsListed)

var selectListed = db.Statement{Thing: "contacts", Text: listedContact + `
FROM contacts c WHERE {-}c.company_id = ? AND c.id IN ({ids ?})`}

// addLinked adds to contacts the accounts that they are linked to.
func (r Reader) addLinked(ctx context.Context, companyID int64, items []account.Contact) error {
	if len(items) == 0 {
		return nil
	}
	ids, places := make(db.List[int64], len(items)), make(map[int64]int, len(items))
	for i, c := range items {
		ids[i], places[c.ID] = c.ID, i
	}
	return r.Session.Each(ctx, selectListed, []any{companyID, ids}, func(row *db.Row) error {
		c, err := scanLinkedContact(row)
		if err == nil {
			items[places[c.ID]] = c
		}
		return err
	})
}

// pickContacts returns the contacts of a page, in the order of the walk. It looks at
// so many at the most, and tells whether there may be more for the page behind them;
// 0: at all. With words to look for, it leaves the accounts to addLinked.
func (r Reader) pickContacts(ctx context.Context, companyID int64, q contact.Query, ids db.Fragment, w walk, reach int64) (items []account.Contact, more bool, err error) {
	var b db.Builder
	columns, read := listedContact, scanLinkedContact
	if len(q.Words) > 0 {
		columns, read = contactColumns, contacts.Scan
	}
	b.Add(columns)
	addContacts(&b, companyID, q, ids)
	w.addStart(&b, "c")
	w.addOrder(&b, "c")
	switch {
	case len(q.Words) == 0:
		w.addLimit(&b)
		w.page.Offset = 0 // SQL has skipped them
	case reach > 0:
		addMost(&b, reach)
	}
	picked, looked := newPicker[account.Contact](w), int64(0)
	scan := func(row *db.Row) (account.Contact, error) {
		looked++
		return read(row)
	}
	err = r.eachContact(ctx, &b, q.Words, scan, picked.take)
	return picked.items, reach > 0 && looked == reach && len(picked.items) < w.page.Limit, err
}

// CountContacts returns how many contacts a query selects.
func (r Reader) CountContacts(ctx context.Context, companyID int64, q contact.Query) (int64, error) {
	return ofContacts(ctx, r, companyID, q, Reader.countContacts)
}

func (r Reader) countContacts(ctx context.Context, companyID int64, q contact.Query) (n int64, err error) {
	ids, err := r.contactIDs(ctx, companyID, q, maxCounted)
	if err != nil {
		return 0, err
	}
	var b db.Builder
	if len(q.Words) > 0 {
		b.Add(contactColumns)
		addContacts(&b, companyID, q, ids)
		err := r.eachContact(ctx, &b, q.Words, contacts.Scan, func(account.Contact) error {
			n++
			return nil
		})
		return n, err
	}
	b.Add(`SELECT count(*)`)
	addContacts(&b, companyID, q, ids)
	err = r.Session.Get(ctx, db.Statement{Thing: "contacts", Text: b.String()}, b.Args, &n)
	return n, err
}

// contactIDs selects the ids of all contacts that have the words of a query,
// and maybe of others. It is empty if they are more than the limit, or there is
// a better way.
func (r Reader) contactIDs(ctx context.Context, companyID int64, q contact.Query, limit int) (db.Fragment, error) {
	if q.AccountID != 0 || r.finder == nil {
		return db.Fragment{}, nil
	}
	var words []Word
	for _, word := range q.Words {
		if r.isKnown(word) {
			words = append(words, Word{Text: word})
		}
	}
	found, err := r.finder.Find(ctx, ContactTexts, companyID, words, func(columns []string) bool {
		return !slices.ContainsFunc(words, func(word Word) bool { return !strings.Contains(columns[0], word.Text) })
	})
	if err != nil || found.IDs.Text == "" {
		return db.Fragment{}, err
	}
	best, _, err := r.fewest(ctx, []choice{{ids: found.IDs}}, limit)
	return best.ids, err
}

func (r Reader) isKnown(word string) bool { return r.Texts != nil && r.Texts.Knows(word) }

// addContacts adds where the contacts are found that a query selects, but for
// its words.
func addContacts(b *db.Builder, companyID int64, q contact.Query, ids db.Fragment) {
	switch {
	case q.AccountID != 0:
		b.Add(` FROM contacts c WHERE {-}c.company_id = ? AND c.id IN (
	SELECT contact_id FROM account_contacts WHERE company_id = ? AND account_id = ?)`, companyID, companyID, q.AccountID)
	case ids.Text != "":
		b.Add(` FROM contacts c WHERE {-}c.company_id = ? AND c.id IN (`, companyID)
		b.Add(ids.Text+`)`, ids.Args...)
	default:
		b.Add(` FROM contacts c {by contacts_updated} WHERE c.company_id = ?`, companyID)
	}
	if !q.UpdatedAfter.IsZero() {
		b.Add(` AND c.updated_at > ?`, q.UpdatedAfter.UnixMilli())
	}
	if !q.UpdatedBefore.IsZero() {
		b.Add(` AND c.updated_at < ?`, roundUp(q.UpdatedBefore))
	}
}

// eachContact calls found for each contact of a query that has the words.
func (r Reader) eachContact(ctx context.Context, b *db.Builder, words []string,
	scan func(*db.Row) (account.Contact, error), found func(account.Contact) error,
) error {
	st := db.Statement{Thing: "contacts", Text: b.String(), Once: true}
	return r.Session.Each(ctx, st, b.Args, func(row *db.Row) error {
		c, err := scan(row)
		if err != nil || !hasWords(c, words) {
			return err
		}
		return found(c)
	})
}

// hasWords tells whether a contact's text holds all of the words.
func hasWords(c account.Contact, words []string) bool {
	text := contact.SearchText(c)
	for _, word := range words {
		if !slices.ContainsFunc(text, func(s string) bool { return strings.Contains(s, word) }) {
			return false
		}
	}
	return true
}
