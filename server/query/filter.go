package query

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/schema"
)

// Filter is what a record must be like: all conditions hold, or with Any one of
// them. No conditions: every record.
type Filter struct {
	Conditions []Condition
	Any        bool
}

// Condition is one test of an account's member. A member with several values
// passes if one of them does. Exactly one of Ranges, Contains and Exists says
// what passes.
type Condition struct {
	Member   Member
	Property schema.Property // the custom property, of MemberCustom
	Ranges   []Range         // a value lies in one of them; as Union returns them
	Contains string          // a value holds this text, as normal.SearchFold; digits of phone numbers
	Exists   bool            // there is a value
	Negate   bool            // the test must fail: true also of a member without a value
}

// Member names what a condition tests: a member of the record by its name, or
// one of these two.
type Member string

const (
	// MemberCustom is a custom property. Its values are the strings of
	// Property.Keys, which sort as the values do.
	MemberCustom Member = "custom"
	// MemberText is all texts of the record that are searched. It has Contains
	// only.
	MemberText Member = "q"
)

// Record is what a filter is held against.
type Record interface {
	// Values returns the record's values of what the condition tests, in the
	// form in which they are compared; texts to look into if it has Contains.
	Values(c Condition) []any
}

// Matches tells whether a record passes the filter. Stores that can select by
// a condition do; this is what the others are held to.
func (f Filter) Matches(r Record) bool {
	r = &Remembered{Record: r}
	for _, c := range f.Conditions {
		if c.Matches(r) == f.Any {
			return f.Any
		}
	}
	return !f.Any || len(f.Conditions) == 0
}

// Remembered is a record whose text is made once, for all of the words that are
// looked for in it.
type Remembered struct {
	Record
	text []any
}

// Values returns the record's values.
func (r *Remembered) Values(c Condition) []any {
	if c.Member != MemberText {
		return r.Record.Values(c)
	}
	if r.text == nil {
		r.text = r.Record.Values(c)
	}
	return r.text
}

// Forget is for a record that has changed.
func (r *Remembered) Forget() { r.text = nil }

// Matches tells whether a record passes the test.
func (c Condition) Matches(r Record) bool {
	return slices.ContainsFunc(r.Values(c), c.Passes) != c.Negate
}

// Passes tells whether one value passes the test, without regard to Negate.
func (c Condition) Passes(value any) bool {
	if c.Contains != "" {
		text, _ := value.(string)
		return strings.Contains(text, c.Contains)
	}
	return c.Exists || anyHolds(c.Ranges, value)
}

// compare orders two values of one of the types of Kind.
func compare(a, b any) int {
	switch x := a.(type) {
	case string:
		return strings.Compare(x, b.(string))
	case int64:
		return cmp.Compare(x, b.(int64))
	case float64:
		return cmp.Compare(x, b.(float64))
	case time.Time:
		return x.Compare(b.(time.Time))
	}
	return cmp.Compare(rank(a.(bool)), rank(b.(bool)))
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}
