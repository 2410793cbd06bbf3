package records

import (
	"context"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

// lookUp looks up the accounts that pass all conditions of texts among those of
// a filter. The choice is empty if there are none that the index knows.
func (r Reader) lookUp(ctx context.Context, companyID int64, conditions []query.Condition) (choice, error) {
	var words []Word
	var places []int
	for i, c := range conditions {
		if word, ok := r.wordOf(c); ok {
			words, places = append(words, word), append(places, i)
		}
	}
	if r.finder == nil || len(words) == 0 {
		return choice{}, nil
	}
	found, err := r.finder.Find(ctx, AccountTexts, companyID, words, func(columns []string) bool {
		return !slices.ContainsFunc(places, func(i int) bool { return !textPasses(columns, conditions[i]) })
	})
	if found.Decided == nil {
		return choice{ids: found.IDs}, err
	}
	decided := make([]bool, len(conditions))
	for i, at := range places {
		c := conditions[at]
		inOneLine := c.Member == account.MemberAddress && strings.Contains(c.Contains, "\n")
		decided[at] = found.Decided[i] && !inOneLine
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

// wordOf is what the index is asked for the accounts that pass a condition. Not ok:
// it can do nothing about it.
func (r Reader) wordOf(c query.Condition) (word Word, ok bool) {
	any := c.Member == query.MemberText
	if c.Negate || !any && (!slices.Contains(textColumns, c.Member) || c.Member == account.MemberContacts) {
		return Word{}, false
	}
	if r.Texts == nil || !r.Texts.Knows(c.Contains) {
		return Word{}, false
	}
	word.Text = c.Contains
	if !any {
		word.Column = string(c.Member)
	}
	return word, true
}

// snapshot runs reads on one state. If they are about words, they have what the
// index finds in it.
func (r Reader) snapshot(ctx context.Context, words bool, read func(Reader) error) error {
	on := func(session db.Session, finder Finder) error {
		seen := r
		seen.Session, seen.finder = session, finder
		return read(seen)
	}
	if words && r.Texts != nil {
		return r.Texts.Read(ctx, r.Session, on)
	}
	return r.Session.Snapshot(ctx, func(session db.Session) error { return on(session, nil) })
}
