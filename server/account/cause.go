package account

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/schema"
)

// CauseKind says what made the server write an entry of history that is more than a
// change of members.
type CauseKind string

// The kinds of causes.
const (
	CauseRevert   CauseKind = "revert"   // an earlier change was taken back
	CauseUndelete CauseKind = "undelete" // the account was deleted, and is there again
	CauseMerge    CauseKind = "merge"    // accounts were merged into one
)

// CauseKinds lists every kind.
var CauseKinds = []CauseKind{CauseRevert, CauseUndelete, CauseMerge}

// Cause is why an entry of history was written. It is stored as JSON, and its text is
// part of the entry's hash: a member that is added must be left out where it has no
// value.
type Cause struct {
	Kind     CauseKind `json:"kind"`
	Sequence int64     `json:"sequence,omitempty"` // of the entry that is taken back

	// Of an account that is there again, when and by whom it was first created, which
	// the time of the entry is not. CreatedBy is 0 if nobody is known.
	CreatedAt *time.Time `json:"createdAt,omitempty"`
	CreatedBy int64      `json:"createdBy,omitempty"`

	// Of a merge, those that were merged into the account, or else the one that the
	// account was merged into.
	Merged     []int64 `json:"merged,omitempty"`
	MergedInto int64   `json:"mergedInto,omitempty"`
}

// revives tells whether the cause is of an account that is there again.
func (c *Cause) revives() bool { return c != nil && c.CreatedAt != nil }

// MergedKeys are what an account may be looked for by after the entry has merged it into
// another: its number, and its custom values, of which each may be of a unique property
// by then. None of any other entry.
func (e HistoryEntry) MergedKeys() map[MatchBy]string {
	keys := make(map[MatchBy]string)
	if e.Kind != ChangeDeleted || e.Cause == nil || e.Cause.MergedInto == 0 {
		return keys
	}
	for name, change := range e.Fields {
		by, key := MatchBy(name), ""
		if by == MatchNumber {
			key = Shown(change.Before)
		} else if strings.HasPrefix(name, CustomPrefix) {
			key = schema.Property{}.UniqueKey(change.Before)
		}
		if key != "" && utf8.RuneCountInString(key) <= schema.MaxUnique {
			keys[by] = key
		}
	}
	return keys
}
