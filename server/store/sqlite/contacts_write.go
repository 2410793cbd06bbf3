package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	insertContact = db.Statement{Thing: "contact", Text: newContacts.Insert("contacts")}
	updateContact = db.Statement{Thing: "contact", Text: changedContacts.Update("contacts") + ` WHERE id = ? AND company_id = ?`}
	deleteContact = db.Statement{Thing: "contact", Text: `DELETE FROM contacts WHERE id = ? AND company_id = ?`}
	// An empty value is left out, so that none is found by it.
	insertLookup = db.Statement{Thing: "contact", Text: `INSERT INTO contact_lookup (company_id, kind, value, contact_id)
SELECT DISTINCT ?1, kind, value, ?2 FROM (
	SELECT 'email' AS kind, email_key(value) AS value FROM json_each(?3) UNION ALL SELECT 'phone', value FROM json_each(?4))
WHERE value <> ''`}
	deleteLookup = db.Statement{Thing: "contact", Text: `DELETE FROM contact_lookup WHERE contact_id = ?`}
)

// InsertContact adds a contact, and sets its id.
func (t *transaction) InsertContact(ctx context.Context, c *account.Contact) error {
	if err := t.session.Insert(ctx, insertContact, &c.ID, newContacts.At(c)...); err != nil {
		return err
	}
	if err := t.addLookup(ctx, *c); err != nil {
		return err
	}
	return t.enqueue(ctx, contactTexts, c.CompanyID, c.ID)
}

func (t *transaction) addLookup(ctx context.Context, c account.Contact) error {
	_, err := t.session.Exec(ctx, insertLookup, c.CompanyID, c.ID, db.List[string](c.Emails), db.List[string](c.Phones))
	return err
}

// UpdateContact writes a contact, all but its links.
func (t *transaction) UpdateContact(ctx context.Context, c account.Contact) error {
	if err := t.enqueueContact(ctx, c); err != nil {
		return err
	}
	if err := t.session.ChangeOne(ctx, updateContact, changedContacts.At(&c, c.ID, c.CompanyID)...); err != nil {
		return err
	}
	if _, err := t.session.Exec(ctx, deleteLookup, c.ID); err != nil {
		return err
	}
	return t.addLookup(ctx, c)
}

// DeleteContact removes a contact; its links go with it.
func (t *transaction) DeleteContact(ctx context.Context, companyID, id int64) error {
	if err := t.enqueueLinked(ctx, companyID, id); err != nil {
		return err
	}
	if err := t.session.ChangeOne(ctx, deleteContact, id, companyID); err != nil {
		return err
	}
	return t.enqueue(ctx, contactTexts, companyID, id)
}
