package records

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	contacts = db.NewTable(func(c *account.Contact) []any {
		return []any{
			"id", (*db.ID)(&c.ID), "company_id", &c.CompanyID, "name", &c.Name, "title", &c.Title,
			"emails", (*db.List[string])(&c.Emails), "phones", (*db.List[string])(&c.Phones), "created_by", (*db.ID)(&c.CreatedBy),
			"created_at", (*db.Time)(&c.CreatedAt), "updated_at", (*db.Time)(&c.UpdatedAt),
		}
	})
	changedContacts = contacts.Without("id", "company_id")
)

var contactColumns = `SELECT ` + contacts.List("c.")

// linkedAccounts are two more columns: the first accounts that the contact is linked
// to, and how many there are.
func linkedAccounts(most int) string {
	const links = `FROM account_contacts l WHERE l.company_id = c.company_id AND l.contact_id = c.id`
	return fmt.Sprintf(`,
	coalesce((SELECT {array}({object}('id', a.id, 'title', a.title) ORDER BY a.id)
		FROM (SELECT l.company_id, l.account_id `+links+` ORDER BY l.account_id LIMIT %d) picked
		JOIN accounts a ON a.company_id = picked.company_id AND a.id = picked.account_id), '[]'),
	(SELECT count(*) `+links+`)`, most)
}

var (
	selectContact = db.Statement{Thing: "contact", Brief: true, Text: contactColumns + linkedAccounts(contact.AccountsShown) + `
FROM contacts c WHERE c.id = ? AND c.company_id = ?`}
	selectFirstLinked = db.Statement{Thing: "contact", Text: `SELECT account_id FROM account_contacts
WHERE company_id = ? AND contact_id = ? ORDER BY account_id LIMIT ?`}
	selectContacts = db.Statement{Thing: "contacts", Brief: true, Text: contactColumns + `
FROM contacts c WHERE {-}c.company_id = ? AND c.id IN ({ids ?})`}
	findContact = db.Statement{Thing: "contact", Text: contactColumns + `
FROM contacts c WHERE c.company_id = ?1 AND c.id = coalesce(
	(SELECT min(contact_id) FROM contact_lookup WHERE company_id = ?1 AND kind = 'email' AND value = ?2),
	(SELECT min(contact_id) FROM contact_lookup WHERE company_id = ?1 AND kind = 'phone' AND value = ?3))`}
)

// Contacts returns those of the contacts that exist, by id.
func (r Reader) Contacts(ctx context.Context, companyID int64, ids []int64) (map[int64]account.Contact, error) {
	byID := make(map[int64]account.Contact, len(ids))
	if len(ids) == 0 {
		return byID, nil
	}
	found, err := db.Collect(ctx, r.Session, selectContacts, []any{companyID, db.List[int64](ids)}, contacts.Scan)
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		byID[c.ID] = c
	}
	return byID, nil
}

// Contact returns a contact with the accounts that it is linked to.
func (r Reader) Contact(ctx context.Context, companyID, id int64) (account.Contact, error) {
	return db.First(ctx, r.Session, selectContact, []any{id, companyID}, scanLinkedContact)
}

// FindContact returns the contact that has the email or else the phone.
func (r Reader) FindContact(ctx context.Context, companyID int64, email, phone string) (account.Contact, error) {
	return db.First(ctx, r.Session, findContact, []any{companyID, email, phone}, contacts.Scan)
}

func scanLinkedContact(row *db.Row) (account.Contact, error) {
	var c account.Contact
	err := row.Scan(contacts.At(&c, (*db.List[account.AccountRef])(&c.Accounts), &c.AccountCount)...)
	return c, err
}

// LinkedAccounts returns the lowest ids of the accounts that a contact is linked to.
func (r Reader) LinkedAccounts(ctx context.Context, companyID, contactID int64, limit int) ([]int64, error) {
	return db.Collect(ctx, r.Session, selectFirstLinked, []any{companyID, contactID, limit}, db.Scan[int64])
}
