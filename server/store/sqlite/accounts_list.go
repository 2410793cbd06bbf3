package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"

	"github.com/accountsd/accountsd/server/account"
)

// inOrder reads a company's accounts by the index that is in the order of
// lists.
const inOrder = `FROM accounts a INDEXED BY accounts_updated`

// Accounts returns the accounts that a query selects.
func (r reader) Accounts(ctx context.Context, companyID int64, q account.AccountQuery) ([]account.Account, error) {
	return withSearch(ctx, r, func(r reader) ([]account.Account, error) { return r.listAccounts(ctx, companyID, q) })
}

func (r reader) listAccounts(ctx context.Context, companyID int64, q account.AccountQuery) ([]account.Account, error) {
	p, err := r.plan(ctx, companyID, q.Filter, r.driven)
	if err != nil {
		return nil, err
	}
	list, err := r.page(ctx, companyID, q, p)
	if errors.Is(err, errTooFar) {
		p.ids, p.many = p.many, fragment{}
		list, err = r.page(ctx, companyID, q, p)
	}
	return list, err
}

var errTooFar = errors.New("a list read too many accounts that do not pass")

// page reads a page by a plan. It returns errTooFar if that takes long, and the
// plan has another way.
func (r reader) page(ctx context.Context, companyID int64, q account.AccountQuery, p plan) ([]account.Account, error) {
	w := walkTo(q.Page, q.Ascending)
	picked := newPicker[account.Account](w, p.exact())
	st, args := p.list(companyID, q, w)
	read := 0
	err := r.session.each(ctx, st, args, func(rows *sql.Rows) error {
		a, err := scanAccount(rows)
		if err != nil {
			return err
		}
		if p.rest.Matches(a) {
			return picked.take(a)
		}
		if read++; read > r.driven && p.many.text != "" {
			return errTooFar
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return picked.list(), nil
}

// CountAccounts returns how many accounts a query selects. There is no order,
// so the index that selects the fewest is always best.
func (r reader) CountAccounts(ctx context.Context, companyID int64, q account.AccountQuery) (int64, error) {
	return withSearch(ctx, r, func(r reader) (int64, error) { return r.countAccounts(ctx, companyID, q) })
}

func (r reader) countAccounts(ctx context.Context, companyID int64, q account.AccountQuery) (int64, error) {
	p, err := r.plan(ctx, companyID, q.Filter, math.MaxInt32)
	if err != nil {
		return 0, err
	}
	var n int64
	if p.certain() && !p.exact() {
		n, sure, err := r.countCertain(ctx, companyID, q, p)
		if err != nil || sure {
			return n, err
		}
	}
	st, args := p.count(companyID, q)
	if p.exact() {
		err = r.session.get(ctx, st, args, &n)
		return n, err
	}
	err = r.session.each(ctx, st, args, func(rows *sql.Rows) error {
		a, err := scanAccount(rows)
		if err == nil && p.rest.Matches(a) {
			n++
		}
		return err
	})
	return n, err
}

// countCertain counts the ids of a search. It is not sure if there are any that
// the search doubts.
func (r reader) countCertain(ctx context.Context, companyID int64, q account.AccountQuery, p plan) (n int64, sure bool, err error) {
	var b builder
	b.add(`SELECT count(*), coalesce(`+p.search.doubts.text+` = 0, FALSE) FROM accounts a `, p.search.doubts.args...)
	p.addWhere(&b, companyID, q)
	st, args := p.statement(&b, q)
	err = r.session.get(ctx, st, args, &n, &sure)
	return n, sure, err
}

// list returns the statement for a page. Where it can, it picks the ids of the
// page first, for which the index often suffices, and reads those only.
func (p plan) list(companyID int64, q account.AccountQuery, w walk) (statement, []any) {
	var b builder
	b.add(accountColumns)
	if p.ids.text == "" && !p.exact() {
		b.add(inOrder + accountUsers)
		p.addWhere(&b, companyID, q)
		w.addStart(&b, "a")
		w.addOrder(&b, "a")
		return p.statement(&b, q)
	}
	b.add(`FROM (SELECT a.id ` + p.from())
	p.addWhere(&b, companyID, q)
	w.addStart(&b, "a")
	switch {
	case p.exact():
		w.addOrder(&b, "a")
		w.addLimit(&b)
	case p.certain():
		w.addOrder(&b, "a")
		w.addLimitBeside(&b, p.search.doubts)
	}
	b.add(`) picked CROSS JOIN accounts a ON a.id = picked.id` + accountUsers)
	w.addOrder(&b, "a")
	return p.statement(&b, q)
}

// from is where the plan looks for accounts.
func (p plan) from() string {
	if p.ids.text == "" {
		return inOrder
	}
	return `FROM accounts a`
}

// count returns the statement that counts the accounts, or if that takes more
// than SQL, reads them.
func (p plan) count(companyID int64, q account.AccountQuery) (statement, []any) {
	var b builder
	if p.exact() {
		b.add(`SELECT count(*) ` + p.from())
	} else {
		b.add(accountColumns + p.from() + accountUsers)
	}
	p.addWhere(&b, companyID, q)
	return p.statement(&b, q)
}

// addWhere adds the plan's tests. The plus keeps SQLite from the indexes of a
// company where the ids are the better way.
func (p plan) addWhere(b *builder, companyID int64, q account.AccountQuery) {
	if p.ids.text == "" {
		b.add(` WHERE a.company_id = ?`, companyID)
	} else {
		b.add(` WHERE +a.company_id = ? AND a.id IN (`, companyID)
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
