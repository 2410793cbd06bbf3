package sqlite

import (
	"context"
	"strings"

	"github.com/accountsd/accountsd/server/account"
)

const numberTaken = "number is taken by another account"

// assignNumber takes the first number after the last one assigned that no
// account has. Where there are taken ones, it is one above an account's.
var assignNumber = statement{thing: "company", text: `UPDATE companies SET last_number = CASE
	WHEN NOT EXISTS (SELECT 1 FROM accounts WHERE company_id = companies.id AND number = companies.last_number + 1)
	THEN last_number + 1
	ELSE (SELECT a.number + 1 FROM accounts a
		WHERE a.company_id = companies.id AND a.number > companies.last_number
			AND NOT EXISTS (SELECT 1 FROM accounts b WHERE b.company_id = a.company_id AND b.number = a.number + 1)
		ORDER BY a.number LIMIT 1)
	END
WHERE id = ? RETURNING last_number`}

var insertAccount = statement{thing: "account", taken: numberTaken, text: `INSERT INTO accounts (
	company_id, number, version, title, title_fold, description, address, address_fold, is_active,
	primary_email, primary_phone, account_type, value, size, custom, created_at, updated_at, created_by, updated_by)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`}

// InsertAccount adds an account with its links, and sets its id and, if it has
// none, its number.
func (t *transaction) InsertAccount(ctx context.Context, a *account.Account) error {
	row, err := toDBAccount(*a)
	if err != nil {
		return interpretError(err, insertAccount)
	}
	number := a.Number
	if number == 0 {
		if err := t.session.get(ctx, assignNumber, []any{a.CompanyID}, &number); err != nil {
			return err
		}
	}
	id, err := t.session.insert(ctx, insertAccount,
		a.CompanyID, number, a.Version, a.Title, row.titleFold, a.Description, row.address, row.addressFold, a.Active,
		a.PrimaryEmail, a.PrimaryPhone, a.Type, a.Value, a.Size, row.custom,
		row.createdAt, row.updatedAt, row.createdBy.id, row.updatedBy.id)
	if err != nil {
		return err
	}
	if err := t.link(ctx, a.CompanyID, id, a.Contacts); err != nil {
		return err
	}
	a.ID, a.Number = id, number
	return t.enqueue(ctx, searchAccounts, a.CompanyID, id)
}

// UpdateAccount writes an account. SQLite rewrites the entry of each index
// that has a column in the SET list, so that names only what has changed.
func (t *transaction) UpdateAccount(ctx context.Context, a account.Account, changes account.Changes) error {
	row, err := toDBAccount(a)
	if err != nil {
		return interpretError(err, insertAccount)
	}
	st, args := updateAccount(row, changes)
	n, err := t.session.change(ctx, st, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return account.NotFound("account")
	}
	if err := t.enqueueAccount(ctx, a, changes); err != nil {
		return err
	}
	if _, ok := changes["contacts"]; !ok {
		return nil
	}
	if _, err := t.session.exec(ctx, unlink, a.ID); err != nil {
		return err
	}
	return t.link(ctx, a.CompanyID, a.ID, a.Contacts)
}

var deleteAccount = statement{thing: "account", text: `DELETE FROM accounts WHERE id = ? AND company_id = ?`}

// DeleteAccount removes an account; its links and its keys of IndexCustom go
// with it.
func (t *transaction) DeleteAccount(ctx context.Context, companyID, id int64) error {
	if err := t.session.changeOne(ctx, deleteAccount, id, companyID); err != nil {
		return err
	}
	return t.enqueue(ctx, searchAccounts, companyID, id)
}

func updateAccount(row accountRow, changes account.Changes) (statement, []any) {
	a := row.account
	var text strings.Builder
	text.WriteString(`UPDATE accounts SET version = ?, description = ?, is_active = ?, account_type = ?,
	value = ?, size = ?, custom = ?, updated_at = ?, updated_by = ?`)
	args := []any{
		a.Version, a.Description, a.Active, a.Type,
		a.Value, a.Size, row.custom, row.updatedAt, row.updatedBy.id,
	}
	for _, indexed := range []struct {
		member, set string
		values      []any
	}{
		{"number", ", number = ?", []any{a.Number}},
		{"title", ", title = ?, title_fold = ?", []any{a.Title, row.titleFold}},
		{"address", ", address = ?, address_fold = ?", []any{row.address, row.addressFold}},
		{"primaryEmail", ", primary_email = ?", []any{a.PrimaryEmail}},
		{"primaryPhone", ", primary_phone = ?", []any{a.PrimaryPhone}},
	} {
		if _, ok := changes[indexed.member]; ok {
			text.WriteString(indexed.set)
			args = append(args, indexed.values...)
		}
	}
	text.WriteString(` WHERE id = ? AND company_id = ?`)
	return statement{thing: "account", taken: numberTaken, text: text.String()}, append(args, a.ID, a.CompanyID)
}

var (
	unlink = statement{thing: "contacts", text: `DELETE FROM account_contacts WHERE account_id = ?`}
	// The plus keeps SQLite from reading all contacts of the company.
	link = statement{thing: "contacts", text: `INSERT INTO account_contacts (account_id, position, contact_id)
SELECT ?, wanted.key, c.id
FROM json_each(?) wanted JOIN contacts c ON c.id = wanted.value AND +c.company_id = ?`}
)

// link adds links to contacts, which must be the company's.
func (t *transaction) link(ctx context.Context, companyID, accountID int64, contacts []account.Contact) error {
	if len(contacts) == 0 {
		return nil
	}
	ids := make([]int64, len(contacts))
	for i, contact := range contacts {
		ids[i] = contact.ID
	}
	list, err := toDBList(ids)
	if err != nil {
		return interpretError(err, link)
	}
	n, err := t.session.change(ctx, link, accountID, list, companyID)
	if err != nil {
		return err
	}
	if n != int64(len(ids)) {
		return account.NotFound("contact")
	}
	return nil
}
