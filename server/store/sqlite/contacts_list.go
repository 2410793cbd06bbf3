package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
)

// ListContacts returns the contacts that a query selects.
func (r reader) ListContacts(ctx context.Context, companyID int64, q account.ContactQuery) ([]account.Contact, error) {
	w := walkTo(q.Page, q.Ascending)
	var b builder
	b.add(contactColumns + linkedAccounts)
	addContacts(&b, companyID, q)
	w.addStart(&b, "c")
	w.addOrder(&b, "c")
	if len(q.Words) == 0 {
		w.addLimit(&b)
		w.page.Offset = 0 // SQL has skipped them
	}
	picked := newPicker[account.Contact](w)
	if err := r.eachContact(ctx, &b, q.Words, scanLinkedContact, picked.take); err != nil {
		return nil, err
	}
	if w.back {
		slices.Reverse(picked.items)
	}
	return picked.items, nil
}

// CountContacts returns how many contacts a query selects.
func (r reader) CountContacts(ctx context.Context, companyID int64, q account.ContactQuery) (int64, error) {
	var b builder
	var n int64
	if len(q.Words) > 0 {
		b.add(contactColumns)
		addContacts(&b, companyID, q)
		err := r.eachContact(ctx, &b, q.Words, scanContact, func(account.Contact) error {
			n++
			return nil
		})
		return n, err
	}
	b.add(`SELECT count(*)`)
	addContacts(&b, companyID, q)
	err := r.session.get(ctx, statement{thing: "contacts", text: b.text.String()}, b.args, &n)
	return n, err
}

// addContacts adds where the contacts are found that a query selects, but for
// its words.
func addContacts(b *builder, companyID int64, q account.ContactQuery) {
	if q.AccountID != 0 {
		b.add(` FROM contacts c WHERE +c.company_id = ? AND c.id IN (
	SELECT contact_id FROM account_contacts WHERE account_id = ?)`, companyID, q.AccountID)
	} else {
		b.add(` FROM contacts c INDEXED BY contacts_updated WHERE c.company_id = ?`, companyID)
	}
	if !q.UpdatedAfter.IsZero() {
		b.add(` AND c.updated_at > ?`, q.UpdatedAfter.UnixMilli())
	}
	if !q.UpdatedBefore.IsZero() {
		b.add(` AND c.updated_at < ?`, roundUp(q.UpdatedBefore))
	}
}

// eachContact calls found for each contact of a query that has the words.
func (r reader) eachContact(ctx context.Context, b *builder, words []string,
	scan func(*sql.Rows) (account.Contact, error), found func(account.Contact) error,
) error {
	st := statement{thing: "contacts", text: b.text.String()}
	return r.session.each(ctx, st, b.args, func(rows *sql.Rows) error {
		contact, err := scan(rows)
		if err != nil || !hasWords(contact, words) {
			return err
		}
		return found(contact)
	})
}

// hasWords tells whether a contact's text holds all of the words.
func hasWords(contact account.Contact, words []string) bool {
	text := account.ContactText(contact)
	for _, word := range words {
		if !slices.ContainsFunc(text, func(s string) bool { return strings.Contains(s, word) }) {
			return false
		}
	}
	return true
}
