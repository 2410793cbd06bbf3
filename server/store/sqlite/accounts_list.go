package sqlite

import (
	"context"
	"database/sql"
	"math"

	"github.com/accountsd/accountsd/server/account"
)

// inOrder reads a company's accounts by the index that is in the order of
// lists.
const inOrder = `FROM accounts a INDEXED BY accounts_updated`

// Accounts returns the accounts that a query selects.
func (r reader) Accounts(ctx context.Context, companyID int64, q account.AccountQuery) ([]account.Account, error) {
	p, err := r.plan(ctx, companyID, q.Filter, r.driven)
	if err != nil {
		return nil, err
	}
	w := walkTo(q.Page, q.Ascending)
	picked := newPicker[account.Account](w, p.exact())
	st, args := p.list(companyID, q, w)
	if err := r.eachMatch(ctx, st, args, p.rest, picked.take); err != nil {
		return nil, err
	}
	return picked.list(), nil
}

// CountAccounts returns how many accounts a query selects. There is no order,
// so the index that selects the fewest is always best.
func (r reader) CountAccounts(ctx context.Context, companyID int64, q account.AccountQuery) (int64, error) {
	p, err := r.plan(ctx, companyID, q.Filter, math.MaxInt32)
	if err != nil {
		return 0, err
	}
	st, args := p.count(companyID, q)
	var n int64
	if p.exact() {
		err = r.session.get(ctx, st, args, &n)
	} else {
		err = r.eachMatch(ctx, st, args, p.rest, func(account.Account) error {
			n++
			return nil
		})
	}
	return n, err
}

// eachMatch calls found for each account of a query that passes a filter.
func (r reader) eachMatch(ctx context.Context, st statement, args []any, f account.Filter, found func(account.Account) error) error {
	return r.session.each(ctx, st, args, func(rows *sql.Rows) error {
		a, err := scanAccount(rows)
		if err != nil || !f.Matches(a) {
			return err
		}
		return found(a)
	})
}

// list returns the statement for a page. Of accounts that are found by an index
// it sorts the ids, and reads the rest of those on the page only.
func (p plan) list(companyID int64, q account.AccountQuery, w walk) (statement, []any) {
	var b builder
	b.add(accountColumns)
	if p.ids.text == "" {
		b.add(inOrder + accountUsers)
		p.addWhere(&b, companyID, q)
		w.addStart(&b, "a")
		w.addOrder(&b, "a")
		if p.exact() {
			w.addLimit(&b)
		}
		return p.statement(&b, q)
	}
	b.add(`FROM (SELECT a.id FROM accounts a `)
	p.addWhere(&b, companyID, q)
	w.addStart(&b, "a")
	if p.exact() {
		w.addOrder(&b, "a")
		w.addLimit(&b)
	}
	b.add(`) picked CROSS JOIN accounts a ON a.id = picked.id` + accountUsers)
	w.addOrder(&b, "a")
	return p.statement(&b, q)
}

// count returns the statement that counts the accounts, or if that takes more
// than SQL, reads them.
func (p plan) count(companyID int64, q account.AccountQuery) (statement, []any) {
	var b builder
	from := inOrder
	if p.ids.text != "" {
		from = `FROM accounts a`
	}
	if p.exact() {
		b.add(`SELECT count(*) ` + from + ` `)
	} else {
		b.add(accountColumns + from + accountUsers)
	}
	p.addWhere(&b, companyID, q)
	return p.statement(&b, q)
}

// addWhere adds the plan's tests. The plus keeps SQLite from the indexes of a
// company where the ids are the better way.
func (p plan) addWhere(b *builder, companyID int64, q account.AccountQuery) {
	if p.ids.text == "" {
		b.add(`WHERE a.company_id = ?`, companyID)
	} else {
		b.add(`WHERE +a.company_id = ? AND a.id IN (`, companyID)
		b.add(p.ids.text+`)`, p.ids.args...)
	}
	if !q.IncludeArchived {
		b.add(` AND a.is_active = 1`)
	}
	for _, test := range p.tests {
		b.add(` AND `+test.text, test.args...)
	}
}

func (p plan) statement(b *builder, q account.AccountQuery) (statement, []any) {
	return statement{thing: "accounts", text: b.text.String(), once: len(q.Filter.Conditions) > 0}, b.args
}
