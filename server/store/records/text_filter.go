package records

import (
	"context"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

// byTexts is the way to the accounts that pass all conditions of texts among those of
// a filter. The choice is empty if there are none that the index knows.
func (r Reader) byTexts(ctx context.Context, companyID int64, conditions []query.Condition) (choice, error) {
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
		return !slices.ContainsFunc(words, func(w Word) bool { return !isIn(columns, w) })
	})
	if found.Decided == nil {
		return choice{ids: found.IDs}, err
	}
	decided := make([]bool, len(conditions))
	for i, at := range places {
		c := conditions[at]
		inOneLine := c.Member == account.MemberAddress && strings.Contains(c.Contains, "\n")
		decided[at] = found.Decided[i] && c.Contains != "" && !inOneLine
	}
	return choice{ids: found.IDs, decided: decided}, err
}

// isIn tells whether the text of an account has a word.
func isIn(columns []string, w Word) bool {
	if w.Column != "" {
		i := slices.Index(textColumns, query.Member(w.Column))
		columns = columns[i : i+1]
	}
	return slices.ContainsFunc(columns, func(text string) bool { return strings.Contains(text, w.Text) })
}

// wordOf is what the index is asked for the accounts that pass a condition. Not ok:
// it can do nothing about it, or another index tells. What has a value has its text,
// but not the other way round.
func (r Reader) wordOf(c query.Condition) (word Word, ok bool) {
	ofAll := c.Member == query.MemberText
	if c.Negate || !ofAll && (!slices.Contains(textColumns, c.Member) || c.Member == account.MemberContacts) {
		return Word{}, false
	}
	word.Text = c.Contains
	if value, ok := onlyText(c.Ranges); ok && !filteredColumns[c.Member].compared {
		word.Text = normal.Unaccented(value)
	}
	if !ofAll {
		word.Column = string(c.Member)
	}
	return word, r.Texts != nil && r.Texts.Knows(word.Text)
}

// onlyText is the one text that ranges let through.
func onlyText(ranges []query.Range) (text string, ok bool) {
	if len(ranges) != 1 || ranges[0].From != ranges[0].To {
		return "", false
	}
	text, ok = ranges[0].From.(string)
	return text, ok
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
