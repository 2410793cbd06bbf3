package account

import (
	"strings"

	"github.com/accountsd/accountsd/server/normal"
)

// MatchBy names the member by which an existing account is recognised.
type MatchBy string

// The members to match by. Title and address are compared by Fold and
// FoldAddress, email and phone in their normal form.
const (
	MatchTitle   MatchBy = "title"
	MatchEmail   MatchBy = "primaryEmail"
	MatchPhone   MatchBy = "primaryPhone"
	MatchAddress MatchBy = "address"
	MatchNone    MatchBy = "none"

	// More ways for imports. By id an account must exist where a row names one; a
	// row without an id is a new one.
	MatchID     MatchBy = "id"
	MatchNumber MatchBy = "number"
)

// MatchUnique matches by the value of a unique property.
func MatchUnique(key string) MatchBy { return MatchBy(CustomPrefix + key) }

// Key is the key name of the property that MatchUnique is by.
func (by MatchBy) Key() (key string, ok bool) { return strings.CutPrefix(string(by), CustomPrefix) }

// Value is what an account has of the member in the form in which it is compared, or
// "" if there is nothing to match.
func (by MatchBy) Value(a Account) string {
	switch by {
	case MatchTitle:
		return normal.Fold(a.Title)
	case MatchAddress:
		return normal.FoldLines(a.Address)
	case MatchEmail:
		return normal.EmailKey(textOf(a.PrimaryEmail))
	case MatchPhone:
		return textOf(a.PrimaryPhone)
	}
	return ""
}

func textOf(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
