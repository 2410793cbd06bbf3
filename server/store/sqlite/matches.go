package sqlite

import (
	"context"
	"errors"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

// errTooFar is of a walk that had to read too many accounts which do not pass.
var errTooFar = errors.New("the list read too many accounts")

// filter returns the accounts of a page whose filter takes more than SQL. It
// reads of each account that may pass what the filter looks at, until the page
// is full, and then all of those on the page. It returns errTooFar if that
// takes long, and there is another way.
func filter[T any](ctx context.Context, r reader, companyID int64, q account.Query, p plan, w walk, f form[T]) ([]T, error) {
	st, args := p.candidates(companyID, q, w)
	var accounts []T
	err := r.session.Snapshot(ctx, func(s db.Session) error {
		picked := newPicker[int64](w)
		if err := eachMatch(ctx, s, st, args, p, picked.take); err != nil {
			return err
		}
		var err error
		accounts, err = accountsByID(ctx, s, companyID, picked.items, w, f)
		return err
	})
	return accounts, err
}

// candidates returns the statement for the accounts that may be on a page, in
// its order.
func (p plan) candidates(companyID int64, q account.Query, w walk) (db.Statement, []any) {
	var b db.Builder
	p.addCandidates(&b)
	if p.certain() {
		b.Add(`FROM (SELECT a.id ` + p.from())
		p.addWhere(&b, companyID, q)
		w.addStart(&b, "a")
		w.addOrder(&b, "a")
		w.addLimitBeside(&b, p.text.Doubts)
		b.Add(`) picked CROSS JOIN accounts a ON a.id = picked.id`)
	} else {
		b.Add(p.from())
		p.addWhere(&b, companyID, q)
		w.addStart(&b, "a")
	}
	w.addOrder(&b, "a")
	return p.statement(&b, q), b.Args
}

// countMatches counts the accounts whose filter takes more than SQL.
func countMatches(ctx context.Context, s db.Session, companyID int64, q account.Query, p plan) (n int64, err error) {
	var b db.Builder
	p.addCandidates(&b)
	b.Add(p.from())
	p.addWhere(&b, companyID, q)
	err = eachMatch(ctx, s, p.statement(&b, q), b.Args, p, func(int64) error {
		n++
		return nil
	})
	return n, err
}

func accountsByID[T any](ctx context.Context, s db.Session, companyID int64, ids []int64, w walk, f form[T]) ([]T, error) {
	var b db.Builder
	b.Add(f.columns+`FROM accounts a WHERE +a.company_id = ? AND a.id IN (SELECT value FROM json_each(?))`, companyID)
	w.addOrder(&b, "a")
	st := db.Statement{Thing: "accounts", Text: b.String()}
	return db.Collect(ctx, s, st, append(b.Args, db.List[int64](ids)), f.scan)
}

// eachMatch calls found for the id of each candidate that passes the rest of a
// plan's filter.
func eachMatch(ctx context.Context, s db.Session, st db.Statement, args []any, p plan, found func(id int64) error) error {
	missed := 0
	return s.Each(ctx, st, args, func(row *db.Row) error {
		a, err := scanAccount(row)
		if err != nil {
			return err
		}
		if p.rest.Matches(&a) {
			return found(a.ID)
		}
		if missed++; p.many.Text != "" && missed > p.patience {
			return errTooFar
		}
		return nil
	})
}

// addCandidates adds the start of a SELECT of accounts that may pass, with the
// columns of accountColumns. Those that take long to read are empty unless the rest of
// the filter looks at them: the most of them are read in vain.
func (p plan) addCandidates(b *db.Builder) {
	var address, contacts bool
	var custom []schema.Property
	for _, c := range p.rest.Conditions {
		switch c.Member {
		case query.MemberCustom:
			custom = append(custom, c.Property)
		case account.MemberAddress:
			address = true
		case account.MemberPrimaryName, account.MemberContacts:
			contacts = true
		case query.MemberText:
			address, contacts = true, true
		}
	}
	b.Add(accountScalars + `NULL, NULL, `)
	b.Add(either(address, `a.address, `, `'[]', `))
	addCustom(b, custom)
	b.Add(either(contacts, `(SELECT json_group_array(json_object('id', c.id, 'name', c.name) ORDER BY l.position)
	FROM account_contacts l JOIN contacts c ON c.id = l.contact_id WHERE l.account_id = a.id) `, `'[]' `))
}

// addCustom adds an object of the custom values of some properties.
func addCustom(b *db.Builder, properties []schema.Property) {
	if len(properties) == 0 {
		b.Add(`'{}', `)
		return
	}
	members := make([]string, len(properties))
	var values []any
	for i, p := range properties {
		members[i] = `? || coalesce(a.custom -> ?, 'null')`
		values = append(values, `"`+p.Key+`":`, customPath(p))
	}
	b.Add(`'{' || `+strings.Join(members, ` || ',' || `)+` || '}', `, values...)
}

func either(condition bool, text, other string) string {
	if condition {
		return text
	}
	return other
}
