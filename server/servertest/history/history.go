// Package history judges what clients of one server or of many have seen: whether
// there is one order of all that they did, each in the time between its call and
// its answer, that explains every answer; and whether the feed tells the same.
package history

import (
	"fmt"
	"strings"
	"time"
)

// Kind is what an operation does.
type Kind int

// The kinds.
const (
	Read   Kind = iota
	Update      // writes a patch, if IfMatch allows it
	Create      // creates the account unless there is one, which it finds
)

var kinds = [...]string{"read", "update", "create"}

func (k Kind) String() string { return kinds[k] }

// Outcome is how an operation ended.
type Outcome int

// The outcomes.
const (
	Unknown Outcome = iota // nobody has told: it may have taken effect, may still, or never
	Done
	Made    // Create has created the account
	Refused // another version was there than IfMatch allows
	Void    // nothing was written, as another update of its batch was refused
)

var outcomes = [...]string{"?", "done", "made", "refused", "void"}

func (o Outcome) String() string { return outcomes[o] }

// Member is a member of an account that is watched.
type Member int

// The members that are watched. Values are told apart as texts.
const (
	Note Member = iota // of each write another one, so that the feed tells them apart
	Value
	Size
	Label
	Contacts
	members
)

var names = [members]string{"note", "value", "size", "label", "contacts"}

func (m Member) String() string { return names[m] }

// Anything is a value that is not known yet.
const Anything = "?"

// Account is what is known of an account. Version 0 is of one that does not exist,
// or of an answer that tells none.
type Account struct {
	ID, Version int64
	Members     [members]string
}

// Patch is values to write.
type Patch map[Member]string

// Operation is what one client did to one account.
type Operation struct {
	Client  int
	Account string // that it was for, by a name that never changes
	Kind    Kind
	Patch   Patch
	IfMatch int64 // the version that it was for; 0: any

	Called, Returned time.Duration // since the clients began
	Outcome          Outcome
	Seen             Account // in the answer, if there was one

	Batch string // the batch that it was a part of
}

// String is the operation in a line.
func (o Operation) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "client %d: %v", o.Client, o.Kind)
	for member := range members {
		if value, ok := o.Patch[member]; ok {
			fmt.Fprintf(&text, " %v=%s", member, value)
		}
	}
	if o.IfMatch > 0 {
		fmt.Fprintf(&text, " if version %d", o.IfMatch)
	}
	fmt.Fprintf(&text, " -> %v", o.Outcome)
	if o.Outcome == Done || o.Outcome == Made {
		fmt.Fprintf(&text, " %v", o.Seen)
	}
	return text.String()
}

// String is the account in a line.
func (a Account) String() string {
	if a.ID == 0 && a.Version == 0 {
		return "no account"
	}
	return fmt.Sprintf("%d at version %d %v", a.ID, a.Version, a.Members)
}
