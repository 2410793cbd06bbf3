package sqlite

import (
	"context"
	"database/sql"

	"github.com/accountsd/accountsd/server/account"
)

const contactColumns = `SELECT id, company_id, name, title, emails, phones, created_at, updated_at FROM contacts `

var (
	selectContacts = statement{thing: "contacts", text: contactColumns +
		`WHERE company_id = ? AND id IN (SELECT value FROM json_each(?))`}
	findContact = statement{thing: "contact", text: contactColumns + `WHERE id = coalesce(
	(SELECT min(contact_id) FROM contact_lookup WHERE company_id = ?1 AND kind = 'email' AND value = ?2),
	(SELECT min(contact_id) FROM contact_lookup WHERE company_id = ?1 AND kind = 'phone' AND value = ?3))`}
	insertContact = statement{thing: "contact", text: `INSERT INTO contacts (
	company_id, name, title, emails, phones, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)`}
	// An empty value is left out, so that none is found by it.
	insertLookup = statement{thing: "contact", text: `INSERT INTO contact_lookup (company_id, kind, value, contact_id)
SELECT DISTINCT ?1, kind, value, ?2 FROM (
	SELECT 'email' AS kind, value FROM json_each(?3) UNION ALL SELECT 'phone', value FROM json_each(?4))
WHERE value <> ''`}
)

// Contacts returns those of the contacts that exist, by id.
func (r reader) Contacts(ctx context.Context, companyID int64, ids []int64) (map[int64]account.Contact, error) {
	contacts := make(map[int64]account.Contact, len(ids))
	if len(ids) == 0 {
		return contacts, nil
	}
	list, err := toDBList(ids)
	if err != nil {
		return nil, interpretError(err, selectContacts)
	}
	err = r.session.each(ctx, selectContacts, []any{companyID, list}, func(rows *sql.Rows) error {
		contact, err := scanContact(rows)
		contacts[contact.ID] = contact
		return err
	})
	if err != nil {
		return nil, err
	}
	return contacts, nil
}

// FindContact returns the contact that has the email or else the phone.
func (r reader) FindContact(ctx context.Context, companyID int64, email, phone string) (account.Contact, error) {
	var contact account.Contact
	err := r.session.each(ctx, findContact, []any{companyID, email, phone}, func(rows *sql.Rows) (err error) {
		contact, err = scanContact(rows)
		return err
	})
	if err == nil && contact.ID == 0 {
		err = account.NotFound("contact")
	}
	return contact, err
}

func scanContact(rows *sql.Rows) (account.Contact, error) {
	var row contactRow
	var emails, phones string
	err := rows.Scan(&row.ID, &row.CompanyID, &row.Name, &row.Title, &emails, &phones, &row.CreatedAt, &row.UpdatedAt)
	if err != nil {
		return account.Contact{}, err
	}
	if row.Emails, err = fromDBList[string](emails); err != nil {
		return account.Contact{}, err
	}
	if row.Phones, err = fromDBList[string](phones); err != nil {
		return account.Contact{}, err
	}
	return fromDBContact(row), nil
}

// InsertContact adds a contact, and sets its id.
func (t *transaction) InsertContact(ctx context.Context, c *account.Contact) error {
	emails, err := toDBList(c.Emails)
	if err != nil {
		return interpretError(err, insertContact)
	}
	phones, err := toDBList(c.Phones)
	if err != nil {
		return interpretError(err, insertContact)
	}
	id, err := t.session.insert(ctx, insertContact,
		c.CompanyID, c.Name, c.Title, emails, phones, c.CreatedAt.UnixMilli(), c.UpdatedAt.UnixMilli())
	if err != nil {
		return err
	}
	if _, err := t.session.exec(ctx, insertLookup, c.CompanyID, id, emails, phones); err != nil {
		return err
	}
	c.ID = id
	return nil
}
