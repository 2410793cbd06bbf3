package sqlite

import (
	"context"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
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
	row := toDBAccount(*a)
	if row.Number == 0 {
		if err := t.session.Get(ctx, assignNumber, []any{a.CompanyID}, &row.Number); err != nil {
			return err
		}
	}
	if err := t.session.Insert(ctx, insertAccount, &row.ID, appendAt(nil, insertedColumns, &row)...); err != nil {
		return err
	}
	if err := t.link(ctx, a.CompanyID, row.ID, a.Contacts); err != nil {
		return err
	}
	a.ID, a.Number = row.ID, row.Number
	return t.enqueue(ctx, accountTexts, a.CompanyID, a.ID)
}

// UpdateAccount writes an account. SQLite rewrites the entry of each index
// that has a column in the SET list, so that names only what has changed.
func (t *transaction) UpdateAccount(ctx context.Context, a account.Account, changes patch.Changes) error {
	row := toDBAccount(a)
	st, args := updateAccount(&row, changes)
	if err := t.session.ChangeOne(ctx, st, args...); err != nil {
		return err
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
	return t.enqueue(ctx, accountTexts, companyID, id)
}

var setAlways = `UPDATE accounts SET ` + listed(alwaysColumns, "", " = ?")

// fewChanges is how many there may be for the columns of each set of changed
// members to be a statement of their own: those kept must have an end.
const fewChanges = 3

// updateAccount writes the columns of what has changed. With many changes that
// is all columns but the indexed ones.
func updateAccount(row *accountRow, changes patch.Changes) (db.Statement, []any) {
	var text strings.Builder
	text.WriteString(setAlways)
	args := appendAt(make([]any, 0, len(columnsOfAccounts)), alwaysColumns, row)
	for _, c := range changedColumns {
		if !hasChanged(changes, c.member) && (c.indexed || len(changes) <= fewChanges) {
			continue
		}
		text.WriteString(", ")
		text.WriteString(c.name)
		text.WriteString(" = ?")
		args = append(args, c.at(row))
	}
	text.WriteString(` WHERE id = ? AND company_id = ? AND version = ?`)
	args = append(args, row.ID, row.CompanyID, row.Version-1)
	return db.Statement{Thing: "account", Taken: numberTaken, Text: text.String()}, args
}

// hasChanged tells whether a member is among the changes. That of the custom
// ones as a whole is if one of them is.
func hasChanged(changes patch.Changes, member query.Member) bool {
	if member != query.MemberCustom {
		_, ok := changes[string(member)]
		return ok
	}
	for name := range changes {
		if strings.HasPrefix(name, account.CustomPrefix) {
			return true
		}
	}
	return false
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
	ids := make(db.List[int64], len(contacts))
	for i, contact := range contacts {
		ids[i] = contact.ID
	}
	n, err := t.session.Change(ctx, link, accountID, ids, companyID)
	if err != nil {
		return err
	}
	if n != int64(len(ids)) {
		return fault.NotFound("contact")
	}
	return nil
}
