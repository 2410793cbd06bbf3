package sqlite

import (
	"context"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const numberTaken = "number is taken by another account"

// assignNumber takes the first number after the last one assigned that no
// account has. Where there are taken ones, it is one above an account's.
var assignNumber = db.Statement{Thing: "company", Text: `UPDATE companies SET last_number = CASE
	WHEN NOT EXISTS (SELECT 1 FROM accounts WHERE company_id = companies.id AND number = companies.last_number + 1)
	THEN last_number + 1
	ELSE (SELECT a.number + 1 FROM accounts a
		WHERE a.company_id = companies.id AND a.number > companies.last_number
			AND NOT EXISTS (SELECT 1 FROM accounts b WHERE b.company_id = a.company_id AND b.number = a.number + 1)
		ORDER BY a.number LIMIT 1)
	END
WHERE id = ? RETURNING last_number`}

var insertAccount = db.Statement{Thing: "account", Taken: numberTaken, Text: `INSERT INTO accounts (` + listed(insertedColumns, "", "") + `)
VALUES (?` + strings.Repeat(", ?", len(insertedColumns)-1) + `)`}

// InsertAccount adds an account with its links, and sets its id and, if it has
// none, its number.
func (t *transaction) InsertAccount(ctx context.Context, a *account.Account) error {
	row, err := toDBAccount(*a)
	if err != nil {
		return db.Interpret(err, insertAccount)
	}
	number := &row.account.Number
	if *number == 0 {
		if err := t.session.Get(ctx, assignNumber, []any{a.CompanyID}, number); err != nil {
			return err
		}
	}
	id, err := t.session.Insert(ctx, insertAccount, appendAt(nil, insertedColumns, &row)...)
	if err != nil {
		return err
	}
	if err := t.link(ctx, a.CompanyID, id, a.Contacts); err != nil {
		return err
	}
	a.ID, a.Number = id, *number
	return t.enqueue(ctx, searchAccounts, a.CompanyID, id)
}

// UpdateAccount writes an account. SQLite rewrites the entry of each index
// that has a column in the SET list, so that names only what has changed.
func (t *transaction) UpdateAccount(ctx context.Context, a account.Account, changes account.Changes) error {
	row, err := toDBAccount(a)
	if err != nil {
		return db.Interpret(err, insertAccount)
	}
	st, args := updateAccount(&row, changes)
	n, err := t.session.Change(ctx, st, args...)
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
	if _, err := t.session.Exec(ctx, unlink, a.ID); err != nil {
		return err
	}
	return t.link(ctx, a.CompanyID, a.ID, a.Contacts)
}

var deleteAccount = db.Statement{Thing: "account", Text: `DELETE FROM accounts WHERE id = ? AND company_id = ?`}

// DeleteAccount removes an account; its links and its keys of IndexCustom go
// with it.
func (t *transaction) DeleteAccount(ctx context.Context, companyID, id int64) error {
	if err := t.session.ChangeOne(ctx, deleteAccount, id, companyID); err != nil {
		return err
	}
	return t.enqueue(ctx, searchAccounts, companyID, id)
}

var setUpdated = `UPDATE accounts SET ` + listed(updatedColumns, "", " = ?")

func updateAccount(row *accountRow, changes account.Changes) (db.Statement, []any) {
	var text strings.Builder
	text.WriteString(setUpdated)
	args := appendAt(make([]any, 0, len(columnsOfAccounts)), updatedColumns, row)
	for _, c := range indexedColumns {
		if _, ok := changes[string(c.member)]; ok {
			text.WriteString(", ")
			text.WriteString(c.name)
			text.WriteString(" = ?")
			args = append(args, c.at(row))
		}
	}
	text.WriteString(` WHERE id = ? AND company_id = ?`)
	args = append(args, row.account.ID, row.account.CompanyID)
	return db.Statement{Thing: "account", Taken: numberTaken, Text: text.String()}, args
}

var (
	unlink = db.Statement{Thing: "contacts", Text: `DELETE FROM account_contacts WHERE account_id = ?`}
	// The plus keeps SQLite from reading all contacts of the company.
	link = db.Statement{Thing: "contacts", Text: `INSERT INTO account_contacts (account_id, position, contact_id)
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
		return db.Interpret(err, link)
	}
	n, err := t.session.Change(ctx, link, accountID, list, companyID)
	if err != nil {
		return err
	}
	if n != int64(len(ids)) {
		return account.NotFound("contact")
	}
	return nil
}
