package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	insertContact = db.Statement{Thing: "contact", Text: `INSERT INTO contacts (
	company_id, name, title, emails, phones, created_by, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`}
	updateContact = db.Statement{Thing: "contact", Text: `UPDATE contacts SET
	name = ?, title = ?, emails = ?, phones = ?, created_by = ?, created_at = ?, updated_at = ?
WHERE id = ? AND company_id = ?`}
	deleteContact = db.Statement{Thing: "contact", Text: `DELETE FROM contacts WHERE id = ? AND company_id = ?`}
	// An empty value is left out, so that none is found by it.
	insertLookup = db.Statement{Thing: "contact", Text: `INSERT INTO contact_lookup (company_id, kind, value, contact_id)
SELECT DISTINCT ?1, kind, value, ?2 FROM (
	SELECT 'email' AS kind, value FROM json_each(?3) UNION ALL SELECT 'phone', value FROM json_each(?4))
WHERE value <> ''`}
	deleteLookup = db.Statement{Thing: "contact", Text: `DELETE FROM contact_lookup WHERE contact_id = ?`}
)

// InsertContact adds a contact, and sets its id.
func (t *transaction) InsertContact(ctx context.Context, c *account.Contact) error {
	emails, phones, err := toDBReach(*c)
	if err != nil {
		return db.Interpret(err, insertContact)
	}
	id, err := t.session.Insert(ctx, insertContact,
		c.CompanyID, c.Name, c.Title, emails, phones, toDBID(c.CreatedBy), c.CreatedAt.UnixMilli(), c.UpdatedAt.UnixMilli())
	if err != nil {
		return err
	}
	if _, err := t.session.Exec(ctx, insertLookup, c.CompanyID, id, emails, phones); err != nil {
		return err
	}
	c.ID = id
	return t.enqueue(ctx, searchContacts, c.CompanyID, id)
}

// UpdateContact writes a contact, all but its links.
func (t *transaction) UpdateContact(ctx context.Context, c account.Contact) error {
	emails, phones, err := toDBReach(c)
	if err != nil {
		return db.Interpret(err, updateContact)
	}
	if err := t.enqueueContact(ctx, c, emails, phones); err != nil {
		return err
	}
	err = t.session.ChangeOne(ctx, updateContact,
		c.Name, c.Title, emails, phones, toDBID(c.CreatedBy), c.CreatedAt.UnixMilli(), c.UpdatedAt.UnixMilli(), c.ID, c.CompanyID)
	if err != nil {
		return err
	}
	if _, err := t.session.Exec(ctx, deleteLookup, c.ID); err != nil {
		return err
	}
	_, err = t.session.Exec(ctx, insertLookup, c.CompanyID, c.ID, emails, phones)
	return err
}

// DeleteContact removes a contact; its links go with it.
func (t *transaction) DeleteContact(ctx context.Context, companyID, id int64) error {
	if err := t.enqueueLinked(ctx, companyID, id); err != nil {
		return err
	}
	if err := t.session.ChangeOne(ctx, deleteContact, id, companyID); err != nil {
		return err
	}
	return t.enqueue(ctx, searchContacts, companyID, id)
}

// toDBReach is the JSON of the lists of emails and phones.
func toDBReach(c account.Contact) (emails, phones string, err error) {
	if emails, err = toDBList(c.Emails); err != nil {
		return "", "", err
	}
	phones, err = toDBList(c.Phones)
	return emails, phones, err
}
