package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

// Accounts are read by one statement with what they show of other tables, so
// that a read is one consistent state. The rows are those of a.
var (
	accountScalars = `SELECT ` + listed(scalarColumns, "a.", "") + `, `
	accountColumns = accountScalars + nameOf("a.created_by") + `, ` + nameOf("a.updated_by") + `,
	` + listed(lastColumns, "a.", "") + `,
	CASE WHEN EXISTS (SELECT 1 FROM account_contacts l WHERE l.account_id = a.id)
	THEN (SELECT json_group_array(json_object(
			'id', c.id, 'name', c.name, 'title', c.title,
			'emails', json(c.emails), 'phones', json(c.phones),
			'createdBy', c.created_by, 'createdAt', c.created_at, 'updatedAt', c.updated_at) ORDER BY l.position)
		FROM account_contacts l JOIN contacts c ON c.id = l.contact_id
		WHERE l.account_id = a.id)
	ELSE '[]' END
`
	fromAccounts = accountColumns + `FROM accounts a `
)

var selectAccount = db.Statement{Thing: "account", Brief: true, Text: fromAccounts + `WHERE a.id = ? AND a.company_id = ?`}

// Account returns an account with its contacts.
func (r reader) Account(ctx context.Context, companyID, id int64) (account.Account, error) {
	return r.account(ctx, selectAccount, id, companyID)
}

// findAccount returns the statement for the accounts that pass a test.
func findAccount(test string) db.Statement {
	return db.Statement{Thing: "account", Text: fromAccounts +
		`WHERE a.company_id = ?1 AND ` + test + ` ORDER BY a.is_active DESC, a.id LIMIT 1`}
}

var findAccountBy = map[account.MatchBy]db.Statement{
	account.MatchTitle:   findAccount("a.title_fold = ?2"),
	account.MatchAddress: findAccount("a.address_fold = ?2"),
	account.MatchEmail:   findAccount("(a.primary_email = ?2 OR a." + unusualEmail + " AND email_key(a.primary_email) = ?2)"),
	account.MatchPhone:   findAccount("a.primary_phone = ?2"),
}

// FindAccount returns the account to match by a member.
func (r reader) FindAccount(ctx context.Context, companyID int64, by account.MatchBy, value string) (account.Account, error) {
	st, ok := findAccountBy[by]
	if !ok {
		return account.Account{}, fault.NotFound("account")
	}
	return r.account(ctx, st, companyID, value)
}

func (r reader) account(ctx context.Context, st db.Statement, args ...any) (account.Account, error) {
	var row accountRow
	err := r.session.Get(ctx, st, args, row.dest()...)
	return fromDBAccount(&row), err
}

func scanAccount(row *db.Row) (account.Account, error) {
	var a accountRow
	err := row.Scan(a.dest()...)
	return fromDBAccount(&a), err
}

// dest are the variables of accountColumns.
func (row *accountRow) dest() []any {
	dest := appendAt(make([]any, 0, len(columnsOfAccounts)+10), scalarColumns, row)
	dest = append(dest, (*userName)(&row.creator), (*userName)(&row.updater))
	return append(appendAt(dest, lastColumns, row), (*linkedContacts)(&row.Account))
}

var selectAccountsByID = db.Statement{Thing: "accounts", Text: fromAccounts + `WHERE a.company_id = ? AND a.id > ? ORDER BY a.id LIMIT ?`}

// AccountsByID returns the accounts with ids above after, in their order.
func (r reader) AccountsByID(ctx context.Context, companyID, after int64, limit int) ([]account.Account, error) {
	return db.Collect(ctx, r.session, selectAccountsByID, []any{companyID, after, limit}, scanAccount)
}

var selectNumberOwner = db.Statement{Thing: "number", Brief: true, Text: `SELECT id FROM accounts WHERE company_id = ? AND number = ?`}

// NumberOwner returns the id of the account that has the number, or 0.
func (r reader) NumberOwner(ctx context.Context, companyID, number int64) (int64, error) {
	ids, err := db.Collect(ctx, r.session, selectNumberOwner, []any{companyID, number}, db.Scan[int64])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}
