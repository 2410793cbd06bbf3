package patch

import (
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// Change is one member's value before and after a write; nil is no value.
type Change struct {
	Before any `json:"before"`
	After  any `json:"after"`
}

// Changes are the changes of one write by member name; a custom member is
// named "custom.<key>". The values are those of the JSON form of the record;
// contacts are listed by id.
type Changes map[string]Change

// Append appends the changes as encoding/json writes them, for far less.
func (c Changes) Append(b []byte) ([]byte, error) {
	return jsonvalue.AppendObject(b, c, func(b []byte, change Change) ([]byte, error) {
		b, err := jsonvalue.Append(append(b, `{"before":`...), change.Before)
		if err == nil {
			b, err = jsonvalue.Append(append(b, `,"after":`...), change.After)
		}
		return append(b, '}'), err
	})
}

// Applier applies a patch member by member. It collects what changes, and what
// is wrong.
type Applier struct {
	Region   string // of phone numbers without a country code, ISO 3166
	Changes  Changes
	Offences fault.Offences
}

// Note notes that a member goes from one value to another.
func (a *Applier) Note(member string, before, after any) {
	if a.Changes == nil {
		a.Changes = make(Changes)
	}
	a.Changes[member] = Change{Before: before, After: after}
}

// SetValue applies a member that always has a value.
func SetValue[T comparable](a *Applier, member string, target *T, f Field[T], check Checker[T]) {
	if f.IsNull() {
		a.Offences.Add([]string{member}, "%s", fault.MustNotBeNull)
	}
	if !f.IsSet() {
		return
	}
	value, wrong := f.check(check, a.Region)
	switch {
	case wrong != "":
		a.Offences.Add([]string{member}, "%s", wrong)
	case value != *target:
		a.Note(member, *target, value)
		*target = value
	}
}

// SetPointer applies a member that null clears.
func SetPointer[T comparable](a *Applier, member string, target **T, f Field[T], check Checker[T]) {
	if f.IsAbsent() {
		return
	}
	var before any
	if *target != nil {
		before = **target
	}
	if f.IsNull() {
		if *target != nil {
			a.Note(member, before, nil)
			*target = nil
		}
		return
	}
	value, wrong := f.check(check, a.Region)
	switch {
	case wrong != "":
		a.Offences.Add([]string{member}, "%s", wrong)
	case *target == nil || **target != value:
		a.Note(member, before, value)
		*target = &value
	}
}

// List says what lists a member takes.
type List struct {
	Min, Max int
	Distinct bool // an item that repeats another is left out
	Check    Checker[string]
}

// SetList applies a list that is replaced whole.
func SetList(a *Applier, member string, target *[]string, f Field[[]string], l List) {
	if f.IsNull() {
		a.Offences.Add([]string{member}, "%s", fault.MustNotBeNull)
	}
	if !f.IsSet() {
		return
	}
	items := f.Value
	if f.state != checked {
		found := len(a.Offences)
		items = l.check(member, f.Value, a.Region, &a.Offences)
		if len(a.Offences) > found {
			return
		}
	}
	if !slices.Equal(*target, items) {
		a.Note(member, *target, items)
		*target = items
	}
}

// check returns the stored form of the items, and notes what is wrong.
func (l List) check(member string, items []string, region string, offences *fault.Offences) []string {
	switch {
	case len(items) < l.Min:
		offences.Add([]string{member}, "%s", fault.TooFew(l.Min))
		return nil
	case len(items) > l.Max:
		offences.Add([]string{member}, "%s", fault.TooMany(l.Max, len(items)))
		return nil
	}
	kept := make([]string, 0, len(items))
	for i, item := range items {
		item, wrong := l.Check(item, region)
		if wrong != "" {
			offences.Add([]string{member, strconv.Itoa(i)}, "%s", wrong)
		} else if !l.Distinct || !slices.Contains(kept, item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// CheckID refuses a body that was meant for another record. A record that is
// being created has no id yet.
func (a *Applier) CheckID(thing string, f Field[int64], id int64) {
	if f.IsSet() && id != 0 && f.Value != id {
		a.Offences.Add([]string{"id"}, "must be the id of the %s being updated, %d; got %d", thing, id, f.Value)
	}
}
