package records

import (
	"context"
	"errors"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

// inOrder reads a company's accounts by the index that is in the order of
// lists.
const inOrder = `FROM accounts a {by accounts_updated}`

// Accounts returns the accounts that a query selects.
func (r Reader) Accounts(ctx context.Context, companyID int64, q account.Query) ([]account.Account, error) {
	return listAccounts(ctx, r, companyID, q, decoded)
}

// StoredAccounts returns the accounts that a query selects, to be shown.
func (r Reader) StoredAccounts(ctx context.Context, companyID int64, q account.Query, contacts bool) ([]account.Stored, error) {
	return listAccounts(ctx, r, companyID, q, storedForm(contacts))
}

// settled runs a read of a query. With conditions it does so in a snapshot, in
// which the indexes of properties are in the states that the query then says: it
// may have been made while they were in others.
func settled[T any](ctx context.Context, r Reader, companyID int64, q account.Query,
	read func(r Reader, ctx context.Context, companyID int64, q account.Query) (T, error),
) (v T, err error) {
	if len(q.Filter.Conditions) == 0 {
		return read(r, ctx, companyID, q)
	}
	words := slices.ContainsFunc(q.Filter.Conditions, func(c query.Condition) bool {
		_, ok := r.wordOf(c)
		return ok
	})
	err = r.snapshot(ctx, words, func(r Reader) error {
		q := q
		if slices.ContainsFunc(q.Filter.Conditions, isCustom) {
			if q.Filter.Conditions, err = r.settle(ctx, companyID, q.Filter.Conditions); err != nil {
				return err
			}
		}
		v, err = read(r, ctx, companyID, q)
		return err
	})
	return v, err
}

func listAccounts[T any](ctx context.Context, r Reader, companyID int64, q account.Query, f form[T]) ([]T, error) {
	return settled(ctx, r, companyID, q, func(r Reader, ctx context.Context, companyID int64, q account.Query) ([]T, error) {
		return list(ctx, r, companyID, q, f)
	})
}

func list[T any](ctx context.Context, r Reader, companyID int64, q account.Query, f form[T]) ([]T, error) {
	p, err := r.plan(ctx, companyID, q.Filter, r.Driven)
	if err != nil {
		return nil, err
	}
	w := walkTo(q.Page, q.Ascending)
	accounts, err := find(ctx, r, companyID, q, p, w, f)
	if errors.Is(err, errTooFar) {
		accounts, err = find(ctx, r, companyID, q, *p.sorted, w, f)
	}
	if w.back {
		slices.Reverse(accounts)
	}
	return accounts, err
}

// find returns the accounts of a page, in the order of the walk.
func find[T any](ctx context.Context, r Reader, companyID int64, q account.Query, p plan, w walk, f form[T]) ([]T, error) {
	pick := r.filter
	if p.exact() {
		pick = r.pickKnown
	}
	at, err := pick(ctx, companyID, q, p, w)
	switch {
	case err == nil:
		return load(ctx, r, companyID, at, w, f)
	case !p.exact() || !errors.Is(err, errTooFar):
		return nil, err
	}
	st, args := p.list(f.columns, companyID, q, w)
	return db.Collect(ctx, r.Session, st, args, f.scan)
}

// CountAccounts returns how many accounts a query selects.
func (r Reader) CountAccounts(ctx context.Context, companyID int64, q account.Query) (int64, error) {
	return settled(ctx, r, companyID, q, Reader.countAccounts)
}

func (r Reader) countAccounts(ctx context.Context, companyID int64, q account.Query) (n int64, err error) {
	p, err := r.planCount(ctx, companyID, q.Filter)
	switch {
	case err != nil:
		return 0, err
	case p.exact():
		st, args := p.count(companyID, q)
		err = r.Session.Get(ctx, st, args, &n)
	default:
		err = r.eachMatch(ctx, companyID, q, p, walk{}, func(place) error { n++; return nil })
	}
	return n, err
}

// count returns the statement that counts the accounts, without regard to the
// rest of the filter.
func (p plan) count(companyID int64, q account.Query) (db.Statement, []any) {
	var b db.Builder
	b.Add(`SELECT count(*) ` + p.from())
	p.addWhere(&b, companyID, q)
	return p.statement(&b, q), b.Args
}

// list returns the statement for a page. It picks the ids of the page first,
// for which the index often suffices, and reads the records of those only.
func (p plan) list(columns string, companyID int64, q account.Query, w walk) (db.Statement, []any) {
	var b db.Builder
	b.Add(columns + `FROM (SELECT a.company_id, a.id ` + p.from())
	p.addWhere(&b, companyID, q)
	w.addStart(&b, "a")
	w.addOrder(&b, "a")
	w.addLimit(&b)
	b.Add(`) picked {each accounts a picked}`)
	w.addOrder(&b, "a")
	st := p.statement(&b, q)
	st.Once = true // the page's size is in it
	return st, b.Args
}

// from is where the plan looks for accounts.
func (p plan) from() string {
	switch {
	case p.ids.Text != "":
		return `FROM accounts a`
	case p.scan:
		return `FROM accounts a {by accounts_company}`
	}
	return inOrder
}

// addWhere adds the plan's tests. The plus keeps SQLite from the indexes of a
// company where the ids are the better way.
func (p plan) addWhere(b *db.Builder, companyID int64, q account.Query) {
	if p.ids.Text == "" {
		b.Add(` WHERE a.company_id = ?`, companyID)
	} else {
		b.Add(` WHERE {-}a.company_id = ? AND a.id IN (`, companyID)
		b.Add(p.ids.Text+`)`, p.ids.Args...)
	}
	if !q.IncludeArchived {
		b.Add(` AND a.is_active`)
	}
	for _, test := range p.tests {
		b.Add(` AND `+test.Text, test.Args...)
	}
}

func (p plan) statement(b *db.Builder, q account.Query) db.Statement {
	return db.Statement{Thing: "accounts", Text: b.String(), Once: len(q.Filter.Conditions) > 0}
}
