package sqlite

import (
	"context"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// lookUpAll looks up the accounts that pass all conditions. A match is all that
// was asked for if the index can do the rest of them as a whole.
func (r reader) lookUpAll(ctx context.Context, companyID int64, conditions, rest []query.Condition) (found textindex.Found, whole bool, err error) {
	var phrases []string
	for _, c := range conditions {
		if p, _ := matchCondition(c); p != "" {
			phrases = append(phrases, p)
		}
	}
	found, err = r.text.Search(ctx, r.session, accountTexts, companyID, textindex.All(phrases))
	whole = found.IDs.Text != "" && len(phrases) <= textindex.MaxPhrases && !slices.ContainsFunc(rest, func(c query.Condition) bool {
		_, whole := matchCondition(c)
		return !whole
	})
	return found, whole, err
}

// lookUpEach adds to the clauses of conditions what the text index selects.
func (r reader) lookUpEach(ctx context.Context, companyID int64, f query.Filter, clauses []clause) error {
	for i, c := range f.Conditions {
		match, _ := matchCondition(c)
		found, err := r.text.Search(ctx, r.session, accountTexts, companyID, match)
		if err != nil {
			return err
		}
		if found.IDs.Text != "" {
			clauses[i].ids = found.IDs
		}
	}
	return nil
}

// matchCondition is the query for the accounts that pass a condition, and maybe
// others if it is not whole. Empty: the index can do nothing about it.
func matchCondition(c query.Condition) (match string, whole bool) {
	any := c.Member == query.MemberText
	if c.Negate || !any && (!slices.Contains(textColumns, c.Member) || c.Member == account.MemberContacts) {
		return "", false
	}
	match, whole = textindex.Phrase(c.Contains)
	if c.Member == account.MemberAddress && strings.Contains(c.Contains, "\n") {
		whole = false // it must be in one line
	}
	if match != "" && !any {
		match = string(c.Member) + " : " + match
	}
	return match, whole
}

// countFound counts what the index has, and tests only what has changed since.
func (r reader) countFound(ctx context.Context, companyID int64, q account.Query, p plan) (n int64, err error) {
	found, changed := p, p
	except := db.SQL("SELECT * FROM ("+p.text.Changed.Text+")", p.text.Changed.Args...)
	found.ids = db.Join([]db.Fragment{p.text.Indexed, except}, " EXCEPT ")
	changed.ids = p.text.Changed
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

// withText runs a read, and if the text index fails it, runs it again
// without.
func withText[T any](ctx context.Context, r reader, read func(reader) (T, error)) (T, error) {
	first := r
	if r.text != nil {
		first.session.Damage = nil // It may be of the index's file, which is made again.
	}
	v, err := read(first)
	if r.text == nil || !db.IsOfSQLite(err) || ctx.Err() != nil {
		return v, err
	}
	r.text = nil
	return read(r)
}
