package records

import (
	"context"
	"strings"
	"sync"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

const numberTaken = "number is taken by another account"

var insertAccount = db.Statement{Thing: "account", Taken: numberTaken, Text: `INSERT INTO accounts (` + listed(columnsOfAccounts, "", "") + `)
VALUES (?` + strings.Repeat(", ?", len(columnsOfAccounts)-1) + `)`}

// insertNumbered adds an account whose number is nobody's.
var insertNumbered = db.Statement{Thing: insertAccount.Thing, Late: true, Text: insertAccount.Text}

// InsertAccount adds an account with its links, and sets its id and, if it has
// none, its number.
func (t *Tx) InsertAccount(ctx context.Context, a *account.Account) error {
	if err := t.Session.Lock(ctx, a.CompanyID); err != nil {
		return err
	}
	row := toDBAccount(*a)
	st := insertNumbered
	if row.Number == 0 {
		number, err := t.nextNumber(ctx, a.CompanyID)
		if err != nil {
			return err
		}
		row.Number = number
	} else if !t.takeNumber(a.CompanyID, row.Number) {
		st = insertAccount
	}
	if err := t.Session.Insert(ctx, st, &row.ID, appendAt(nil, columnsOfAccounts, &row)...); err != nil {
		return err
	}
	t.sure.accounts.put(record{a.CompanyID, row.ID}, true)
	if err := t.link(ctx, a.CompanyID, row.ID, a.Contacts); err != nil {
		return err
	}
	a.ID, a.Number = row.ID, row.Number
	return t.enqueueAdded(ctx, *a)
}

// UpdateAccount writes an account. SQLite rewrites the entry of each index
// that has a column in the SET list, so that names only what has changed.
func (t *Tx) UpdateAccount(ctx context.Context, a account.Account, changes patch.Changes) error {
	if err := t.Session.Lock(ctx, a.CompanyID); err != nil {
		return err
	}
	if _, numbered := changes[string(account.MemberNumber)]; numbered {
		t.takeNumber(a.CompanyID, a.Number)
	}
	row := toDBAccount(a)
	st, args := updateAccount(&row, changes)
	if err := t.Session.ChangeOne(ctx, st, args...); err != nil {
		return err
	}
	t.sure.accounts.put(record{a.CompanyID, a.ID}, true)
	if err := t.enqueueAccount(ctx, a, changes); err != nil {
		return err
	}
	if _, ok := changes["contacts"]; !ok {
		return nil
	}
	if err := t.Session.Exec(ctx, unlink, a.CompanyID, a.ID); err != nil {
		return err
	}
	return t.link(ctx, a.CompanyID, a.ID, a.Contacts)
}

var deleteAccount = db.Statement{Thing: "account", Text: `DELETE FROM accounts WHERE id = ? AND company_id = ?`}

// DeleteAccount removes an account; its links and its keys of IndexCustom go
// with it.
func (t *Tx) DeleteAccount(ctx context.Context, companyID, id int64) error {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return err
	}
	t.sure.accounts.take(record{companyID, id})
	if err := t.Session.ChangeOne(ctx, deleteAccount, id, companyID); err != nil {
		return err
	}
	return t.enqueue(ctx, AccountTexts, companyID, id)
}

var setAlways = `UPDATE accounts SET ` + listed(alwaysColumns, "", " = ?")

// fewChanges is how many there may be for the columns of each set of changed
// members to be a statement of their own: those kept must have an end.
const fewChanges = 3

// update is the statement that writes some columns of an account, beside those that
// each change writes.
type update struct {
	db.Statement
	columns []accountColumn
}

// updates are those that have been made, by columnSet.
var updates sync.Map

// columnSet is some of changedColumns, a bit for each.
type columnSet uint64

// columnsOf are the columns of each member.
var columnsOf = func() map[query.Member]columnSet {
	sets := make(map[query.Member]columnSet)
	for i, c := range changedColumns {
		sets[c.member] |= 1 << i
	}
	return sets
}()

// unindexed are the columns without an index.
var unindexed = func() (set columnSet) {
	for i, c := range changedColumns {
		if !c.indexed {
			set |= 1 << i
		}
	}
	return set
}()

// updateAccount writes the columns of what has changed. With many changes that
// is all columns but the indexed ones.
func updateAccount(row *accountRow, changes patch.Changes) (db.Statement, []any) {
	u := updateOf(changedBy(changes))
	args := appendAt(make([]any, 0, len(columnsOfAccounts)), alwaysColumns, row)
	return u.Statement, append(appendAt(args, u.columns, row), row.ID, row.CompanyID, row.Version-1)
}

func changedBy(changes patch.Changes) (set columnSet) {
	for name := range changes {
		if strings.HasPrefix(name, account.CustomPrefix) {
			name = string(query.MemberCustom)
		}
		set |= columnsOf[query.Member(name)]
	}
	if len(changes) > fewChanges {
		set |= unindexed
	}
	return set
}

func updateOf(set columnSet) *update {
	if made, ok := updates.Load(set); ok {
		return made.(*update)
	}
	u := &update{}
	for i, c := range changedColumns {
		if set&(1<<i) != 0 {
			u.columns = append(u.columns, c)
		}
	}
	text := setAlways
	u.Statement.Thing = "account"
	for _, c := range u.columns {
		if text += ", " + c.name + " = ?"; c.member == account.MemberNumber {
			u.Statement.Taken = numberTaken
		}
	}
	u.Statement.Text = text + ` WHERE id = ? AND company_id = ? AND version = ?`
	updates.Store(set, u)
	return u
}

var (
	unlink = db.Statement{Thing: "contacts", Late: true, Text: `DELETE FROM account_contacts WHERE company_id = ? AND account_id = ?`}
	link   = db.Statement{Thing: "contacts", Text: `INSERT INTO account_contacts (company_id, account_id, position, contact_id)
SELECT ?1, ?2, ?3, id FROM contacts WHERE id = ?4 AND {-}company_id = ?1`}
	// linkSure is link to a contact that is there.
	linkSure = db.Statement{Thing: link.Thing, Late: true, Text: `INSERT INTO account_contacts (company_id, account_id, position, contact_id)
VALUES (?, ?, ?, ?)`}
)

// link adds links to contacts, which must be the company's.
func (t *Tx) link(ctx context.Context, companyID, accountID int64, contacts []account.Contact) error {
	if len(contacts) == 0 {
		return nil
	}
	links := make([][]any, len(contacts))
	for i, contact := range contacts {
		links[i] = []any{companyID, accountID, i, contact.ID}
	}
	if _, known := t.sure.asSeen(companyID, contacts); known {
		_, err := t.Session.RunAll(ctx, linkSure, links)
		return err
	}
	n, err := t.Session.RunAll(ctx, link, links)
	if err != nil {
		return err
	}
	if n != int64(len(links)) {
		return fault.NotFound("contact")
	}
	return nil
}
