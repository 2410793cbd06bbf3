package sqlite

import (
	"context"
	"database/sql"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const contactColumns = `SELECT
	c.id, c.company_id, c.name, c.title, c.emails, c.phones, c.created_by, c.created_at, c.updated_at`

// linkedAccounts is one more column: the accounts that the contact is linked to.
const linkedAccounts = `,
	(SELECT json_group_array(json_object('id', a.id, 'title', a.title) ORDER BY a.id)
		FROM account_contacts l JOIN accounts a ON a.id = l.account_id
		WHERE l.contact_id = c.id)`

var (
	selectContact = db.Statement{Thing: "contact", Text: contactColumns + linkedAccounts + `
FROM contacts c WHERE c.id = ? AND c.company_id = ?`}
	selectContacts = db.Statement{Thing: "contacts", Text: contactColumns + `
FROM contacts c WHERE +c.company_id = ? AND c.id IN (SELECT value FROM json_each(?))`}
	findContact = db.Statement{Thing: "contact", Text: contactColumns + `
FROM contacts c WHERE c.id = coalesce(
	(SELECT min(contact_id) FROM contact_lookup WHERE company_id = ?1 AND kind = 'email' AND value = ?2),
	(SELECT min(contact_id) FROM contact_lookup WHERE company_id = ?1 AND kind = 'phone' AND value = ?3))`}
)

// Contacts returns those of the contacts that exist, by id.
func (r reader) Contacts(ctx context.Context, companyID int64, ids []int64) (map[int64]account.Contact, error) {
	contacts := make(map[int64]account.Contact, len(ids))
	if len(ids) == 0 {
		return contacts, nil
	}
	list, err := toDBList(ids)
	if err != nil {
		return nil, db.Interpret(err, selectContacts)
	}
	err = r.session.Each(ctx, selectContacts, []any{companyID, list}, func(rows *sql.Rows) error {
		contact, err := scanContact(rows)
		contacts[contact.ID] = contact
		return err
	})
	if err != nil {
		return nil, err
	}
	return contacts, nil
}

// Contact returns a contact with the accounts that it is linked to.
func (r reader) Contact(ctx context.Context, companyID, id int64) (account.Contact, error) {
	return r.contact(ctx, selectContact, []any{id, companyID}, scanLinkedContact)
}

// FindContact returns the contact that has the email or else the phone.
func (r reader) FindContact(ctx context.Context, companyID int64, email, phone string) (account.Contact, error) {
	return r.contact(ctx, findContact, []any{companyID, email, phone}, scanContact)
}

func (r reader) contact(ctx context.Context, st db.Statement, args []any, scan func(*sql.Rows) (account.Contact, error)) (account.Contact, error) {
	contacts, err := db.Collect(ctx, r.session, st, args, scan)
	if err != nil {
		return account.Contact{}, err
	}
	if len(contacts) == 0 {
		return account.Contact{}, account.NotFound("contact")
	}
	return contacts[0], nil
}

func scanContact(rows *sql.Rows) (account.Contact, error) { return scanContactAnd(rows) }

func scanLinkedContact(rows *sql.Rows) (account.Contact, error) {
	var accounts string
	contact, err := scanContactAnd(rows, &accounts)
	if err != nil {
		return account.Contact{}, err
	}
	contact.Accounts, err = fromDBList[account.AccountRef](accounts)
	return contact, err
}

// scanContactAnd reads contactColumns, and the columns behind them into more.
func scanContactAnd(rows *sql.Rows, more ...any) (account.Contact, error) {
	var row contactRow
	var emails, phones string
	var createdBy sql.Null[int64]
	err := rows.Scan(append([]any{
		&row.ID, &row.CompanyID, &row.Name, &row.Title, &emails, &phones, &createdBy, &row.CreatedAt, &row.UpdatedAt,
	}, more...)...)
	if err != nil {
		return account.Contact{}, err
	}
	row.CreatedBy = createdBy.V
	if row.Emails, err = fromDBList[string](emails); err != nil {
		return account.Contact{}, err
	}
	if row.Phones, err = fromDBList[string](phones); err != nil {
		return account.Contact{}, err
	}
	return fromDBContact(row), nil
}
