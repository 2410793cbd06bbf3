package records

import (
	"context"
	"iter"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	insertContact = db.Statement{Thing: "contact", Late: true, Text: contacts.Insert("contacts")}
	updateContact = db.Statement{Thing: "contact", Text: changedContacts.Update("contacts") + ` WHERE id = ? AND company_id = ?`}
	deleteContact = db.Statement{Thing: "contact", Text: `DELETE FROM contacts WHERE id = ? AND company_id = ?`}
	insertLookup  = db.Statement{Thing: "contact", Late: true, Text: `INSERT INTO contact_lookup (company_id, kind, value, contact_id) VALUES (?, ?, ?, ?)
ON CONFLICT DO NOTHING`}
	deleteLookup = db.Statement{Thing: "contact", Late: true, Text: `DELETE FROM contact_lookup WHERE company_id = ? AND contact_id = ?`}
)

// InsertContact adds a contact, and sets its id.
func (t *Tx) InsertContact(ctx context.Context, c *account.Contact) error {
	if err := t.Session.Lock(ctx, c.CompanyID); err != nil {
		return err
	}
	if err := t.Session.Insert(ctx, insertContact, &c.ID, contacts.At(c)...); err != nil {
		return err
	}
	if err := t.addLookup(ctx, *c); err != nil {
		return err
	}
	t.sure.seeContact(*c)
	added := *c
	return t.enqueueKnown(ctx, ContactTexts, c.CompanyID, c.ID, func() Text { return textOfContact(added) })
}

func (t *Tx) addLookup(ctx context.Context, c account.Contact) error {
	var lists [][]any
	for kind, value := range lookupsOf(c.Emails, c.Phones) {
		lists = append(lists, []any{c.CompanyID, kind, value, c.ID})
	}
	_, err := t.Session.RunAll(ctx, insertLookup, lists)
	return err
}

// lookupsOf are the kinds and values that a contact is found by.
func lookupsOf(emails, phones []string) iter.Seq2[string, string] {
	return func(yield func(kind, value string) bool) {
		for _, email := range emails {
			if key := normal.EmailKey(email); key != "" && !yield("email", key) {
				return
			}
		}
		for _, phone := range phones {
			if phone != "" && !yield("phone", phone) {
				return
			}
		}
	}
}

// UpdateContact writes a contact, all but its links.
func (t *Tx) UpdateContact(ctx context.Context, c account.Contact) error {
	if err := t.Session.Lock(ctx, c.CompanyID); err != nil {
		return err
	}
	t.sure.contacts.take(record{c.CompanyID, c.ID})
	if err := t.enqueueContact(ctx, c); err != nil {
		return err
	}
	if err := t.Session.ChangeOne(ctx, updateContact, changedContacts.At(&c, c.ID, c.CompanyID)...); err != nil {
		return err
	}
	if err := t.Session.Exec(ctx, deleteLookup, c.CompanyID, c.ID); err != nil {
		return err
	}
	return t.addLookup(ctx, c)
}

// DeleteContact removes a contact; its links go with it.
func (t *Tx) DeleteContact(ctx context.Context, companyID, id int64) error {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return err
	}
	if err := t.enqueueLinked(ctx, companyID, id); err != nil {
		return err
	}
	t.sure.contacts.take(record{companyID, id})
	if err := t.Session.ChangeOne(ctx, deleteContact, id, companyID); err != nil {
		return err
	}
	return t.enqueue(ctx, ContactTexts, companyID, id)
}
