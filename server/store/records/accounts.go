package records

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
)

// Accounts are read by one statement with what they show of other tables, so
// that a read is one consistent state. The rows are those of a. Whether there are contacts
// is not asked by EXISTS, for which PostgreSQL may read the links of all accounts.
var (
	accountScalars = `SELECT ` + listed(scalarColumns, "a.", "") + `, `
	storedColumns  = accountScalars + nameOf("a.created_by") + `, ` + nameOf("a.updated_by") + `,
	` + listed(lastColumns, "a.", "") + "\n"
	accountColumns = storedColumns + `, CASE WHEN (SELECT 1 FROM account_contacts l WHERE l.company_id = a.company_id AND l.account_id = a.id LIMIT 1) = 1
	THEN (SELECT {array}({object}(
			'id', c.id, 'name', c.name, 'title', c.title,
			'emails', json(c.emails), 'phones', json(c.phones),
			'createdBy', c.created_by, 'createdAt', c.created_at, 'updatedAt', c.updated_at) ORDER BY l.position)
		` + linkedContactsOf + `)
	ELSE '[]' END
`
	fromAccounts = accountColumns + `FROM accounts a `
)

// linkedContactsOf are the contacts c of an account a, by links l.
const linkedContactsOf = `FROM account_contacts l JOIN contacts c ON c.company_id = l.company_id AND c.id = l.contact_id
WHERE l.company_id = a.company_id AND l.account_id = a.id`

// Account returns an account with its contacts.
func (r Reader) Account(ctx context.Context, companyID, id int64) (account.Account, error) {
	a, _, err := r.accountAndSchema(ctx, companyID, id)
	return a, err
}

// accountAndSchema returns an account, and the version of the schema beside it.
func (r Reader) accountAndSchema(ctx context.Context, companyID, id int64) (a account.Account, schema int64, err error) {
	var row accountRow
	schema, err = r.linked(ctx, companyID, id, &row, appendAt(row.scalars(), lastColumns, &row))
	return fromDBAccount(&row).Account, schema, r.orMerged(ctx, companyID, id, err)
}

// findAccount returns the statement for the accounts that pass a test.
func findAccount(test string) db.Statement {
	return db.Statement{Thing: "account", Text: fromAccounts +
		`WHERE a.company_id = ?1 AND ` + test + ` ORDER BY a.is_active DESC, a.id LIMIT 1`}
}

var findAccountBy = map[account.MatchBy]db.Statement{
	account.MatchTitle:   findAccount("a.title_fold = ?2"),
	account.MatchAddress: findAccount("{same a.address_fold ?2}"),
	account.MatchEmail:   findAccount("a.primary_email_key = ?2"),
	account.MatchPhone:   findAccount("a.primary_phone = ?2"),
}

// FindAccount returns the account to match by a member.
func (r Reader) FindAccount(ctx context.Context, companyID int64, by account.MatchBy, value string) (account.Account, error) {
	st, ok := findAccountBy[by]
	if !ok {
		return account.Account{}, fault.NotFound("account")
	}
	var row accountRow
	err := r.Session.Get(ctx, st, []any{companyID, value}, row.dest()...)
	return fromDBAccount(&row).Account, err
}

func scanAccount(row *db.Row) (account.Account, error) {
	var a accountRow
	err := row.Scan(a.dest()...)
	return fromDBAccount(&a).Account, err
}

// dest are the variables of accountColumns.
func (row *accountRow) dest() []any {
	return append(appendAt(row.scalars(), lastColumns, row), (*linkedContacts)(&row.Account))
}

// scalars are the variables of accountColumns that are no JSON.
func (row *accountRow) scalars() []any {
	dest := appendAt(make([]any, 0, len(columnsOfAccounts)+10), scalarColumns, row)
	return append(dest, (*userName)(&row.creator), (*userName)(&row.updater))
}

// stored are the variables of storedColumns.
func (row *accountRow) stored() []any {
	dest := row.scalars()
	for _, c := range lastColumns {
		dest = append(dest, c.text(row))
	}
	return dest
}

// shown are the variables of storedColumns, or with contacts of accountColumns.
func (row *accountRow) shown(contacts bool) []any {
	dest := row.stored()
	if contacts {
		dest = append(dest, (*linkedContacts)(&row.Account))
	}
	return dest
}

// form is how accounts are read: what a statement selects, and what becomes of a
// row.
type form[T any] struct {
	columns string
	scan    func(*db.Row) (T, error)
}

var decoded = form[account.Account]{accountColumns, scanAccount}

// storedForm is that of accounts to be shown.
func storedForm(contacts bool) form[account.Stored] {
	columns := storedColumns
	if contacts {
		columns = accountColumns
	}
	return form[account.Stored]{columns, func(row *db.Row) (account.Stored, error) {
		var a accountRow
		err := row.Scan(a.shown(contacts)...)
		return fromDBAccount(&a), err
	}}
}

var selectStored = db.Statement{Thing: "account", Brief: true, Text: storedColumns + `FROM accounts a WHERE a.id = ? AND a.company_id = ?`}

// StoredAccount returns an account to be shown.
func (r Reader) StoredAccount(ctx context.Context, companyID, id int64, contacts bool) (account.Stored, error) {
	var row accountRow
	var err error
	if contacts {
		_, err = r.linked(ctx, companyID, id, &row, row.stored())
	} else {
		err = r.Session.Get(ctx, selectStored, []any{id, companyID}, row.stored()...)
	}
	return fromDBAccount(&row), r.orMerged(ctx, companyID, id, err)
}

var selectAccountsByID = db.Statement{Thing: "accounts", Text: fromAccounts + `WHERE a.company_id = ? AND a.id > ? ORDER BY a.id LIMIT ?`}

// AccountsByID returns the accounts with ids above after, in their order.
func (r Reader) AccountsByID(ctx context.Context, companyID, after int64, limit int) ([]account.Account, error) {
	return db.Collect(ctx, r.Session, selectAccountsByID, []any{companyID, after, limit}, scanAccount)
}

var selectNumberOwner = db.Statement{Thing: "number", Brief: true, Text: `SELECT id FROM accounts WHERE company_id = ? AND number = ?`}

// NumberOwner returns the id of the account that has the number, or 0.
func (r Reader) NumberOwner(ctx context.Context, companyID, number int64) (int64, error) {
	ids, err := db.Collect(ctx, r.Session, selectNumberOwner, []any{companyID, number}, db.Scan[int64])
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}
