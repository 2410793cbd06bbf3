package sqlite

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// lookUp looks up the accounts that pass all conditions of texts among those of
// a filter. The choice is empty if there are none that the index knows.
func (r reader) lookUp(ctx context.Context, companyID int64, conditions []query.Condition) (choice, error) {
	var phrases []string
	var tests []query.Condition
	decided := make([]bool, len(conditions))
	for i, c := range conditions {
		if match, whole := matchCondition(c); match != "" {
			decided[i] = whole && len(phrases) < textindex.MaxPhrases
			phrases, tests = append(phrases, match), append(tests, c)
		}
	}
	found, err := r.view.Search(ctx, accountTexts, companyID, textindex.All(phrases), func(columns []string) bool {
		return !slices.ContainsFunc(tests, func(c query.Condition) bool { return !textPasses(columns, c) })
	})
	if !found.Exact {
		decided = nil
	}
	return choice{ids: found.IDs, decided: decided}, err
}

// textPasses tells whether the text of an account passes a condition that the
// index knows.
func textPasses(columns []string, c query.Condition) bool {
	if c.Member == query.MemberText {
		return slices.ContainsFunc(columns, func(text string) bool { return strings.Contains(text, c.Contains) })
	}
	return strings.Contains(columns[slices.Index(textColumns, c.Member)], c.Contains)
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

func isMatched(c query.Condition) bool {
	match, _ := matchCondition(c)
	return match != ""
}

// maxViews is how many snapshots are taken for one that the index goes with.
const maxViews = 10

// snapshot runs reads on one state. If they are about texts, they have the index
// of that state: two files do not change at once.
func (r reader) snapshot(ctx context.Context, texts bool, read func(reader) error) error {
	for tries := 0; ; tries++ {
		if !texts || tries == maxViews {
			r.text = nil
		}
		err := r.session.Snapshot(ctx, func(s db.Session) (err error) {
			seen := r
			seen.session = s
			if seen.view, err = r.text.View(ctx, s); err != nil {
				return err
			}
			return read(seen)
		})
		if !errors.Is(err, textindex.ErrAhead) {
			return err
		}
	}
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
