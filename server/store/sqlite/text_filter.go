package sqlite

import (
	"context"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// searchAll searches the accounts that pass all conditions. A match is all that
// was asked for if the index can do the rest of them as a whole.
func (r reader) searchAll(ctx context.Context, companyID int64, conditions, rest []account.Condition) (found textindex.Found, whole bool, err error) {
	var phrases []string
	for _, c := range conditions {
		if p, _ := matchCondition(c); p != "" {
			phrases = append(phrases, p)
		}
	}
	found, err = r.text.Search(ctx, r.session, searchAccounts, companyID, textindex.All(phrases))
	whole = found.IDs.Text != "" && len(phrases) <= textindex.MaxPhrases && !slices.ContainsFunc(rest, func(c account.Condition) bool {
		_, whole := matchCondition(c)
		return !whole
	})
	return found, whole, err
}

// searchEach adds to the clauses of conditions what a search selects.
func (r reader) searchEach(ctx context.Context, companyID int64, f account.Filter, clauses []clause) error {
	for i, c := range f.Conditions {
		match, _ := matchCondition(c)
		found, err := r.text.Search(ctx, r.session, searchAccounts, companyID, match)
		if err != nil {
			return err
		}
		if found.IDs.Text != "" {
			clauses[i].ids = found.IDs
		}
	}
	return nil
}

// searchColumns are the columns of searchAccounts by member; empty: any.
var searchColumns = map[account.Member]string{
	account.MemberTitle:       "title",
	account.MemberDescription: "description",
	account.MemberAddress:     "address",
	account.MemberEmail:       "email",
	account.MemberPhone:       "phone",
	account.MemberPrimaryName: "primary_name",
	account.MemberText:        "",
}

// matchCondition is the query for the accounts that pass a condition, and maybe
// others if it is not whole. Empty: the index can do nothing about it.
func matchCondition(c account.Condition) (match string, whole bool) {
	column, ok := searchColumns[c.Member]
	if !ok || c.Negate {
		return "", false
	}
	match, whole = textindex.Phrase(c.Contains)
	if c.Member == account.MemberAddress && strings.Contains(c.Contains, "\n") {
		whole = false // it must be in one line
	}
	if match != "" && column != "" {
		match = column + " : " + match
	}
	return match, whole
}

// countFound counts what the index has, and tests only what has changed since.
func (r reader) countFound(ctx context.Context, companyID int64, q account.AccountQuery, p plan) (n int64, err error) {
	found, changed := p, p
	except := db.SQL("SELECT * FROM ("+p.search.Changed.Text+")", p.search.Changed.Args...)
	found.ids = db.Join([]db.Fragment{p.search.Indexed, except}, " EXCEPT ")
	changed.ids = p.search.Changed
	err = r.session.Snapshot(ctx, func(s db.Session) error {
		st, args := found.count(companyID, q)
		if err := s.Get(ctx, st, args, &n); err != nil {
			return err
		}
		tested, err := countMatches(ctx, s, companyID, q, changed)
		n += tested
		return err
	})
	return n, err
}

// withSearch runs a read, and if the text index fails it, runs it again
// without.
func withSearch[T any](ctx context.Context, r reader, read func(reader) (T, error)) (T, error) {
	v, err := read(r)
	if r.text == nil || db.Code(err) == 0 || ctx.Err() != nil {
		return v, err
	}
	r.text = nil
	return read(r)
}
