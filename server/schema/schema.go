// Package schema is about the custom members of a company's accounts: which there
// are, what values they take, and how those are compared.
package schema

// Limits of properties and their values. Lengths count characters.
const (
	MaxPropertyName = 255
	MaxKeyName      = 64
	maxText         = 10_000
	maxNumeric      = 100 // characters of a number's text
	MaxOptionLabel  = 255
	MaxOptions      = 1000
	MaxValues       = 500 // items of a multiple value
	MaxUnique       = 255 // of a text of a unique property
)

// Type says what values a property takes.
type Type string

// The property types.
const (
	Text     Type = "TEXT"
	Numeric  Type = "NUMERIC"
	Boolean  Type = "BOOLEAN"
	Date     Type = "DATE"
	Dropdown Type = "DROPDOWN"
)

// Types lists every property type.
var Types = []Type{Text, Numeric, Boolean, Date, Dropdown}

// Property defines one custom member of a company's accounts.
type Property struct {
	ID        int64
	CompanyID int64
	Name      string
	Key       string // the member name in custom: snake_case, unique in the company
	Type      Type
	Multiple  bool     // the value is a list
	Options   []string // labels of a DROPDOWN, in order; no two fold to the same
	Default   []any    // the value of new accounts; empty: none
	Index     IndexState
	Builds    int64 // how often its index was begun, which tells one build from the next
	// Unique keeps two accounts from having the same value: it is a key of the
	// company's own. Only a single TEXT or NUMERIC can be.
	Unique bool
}

// CanBeUnique tells whether values of the property can be keys of accounts.
func (p Property) CanBeUnique() bool {
	return !p.Multiple && (p.Type == Text || p.Type == Numeric)
}

// IndexState says whether accounts can be found by a property without reading
// them all.
type IndexState string

// The states of an index.
const (
	IndexNone     IndexState = ""         // there is none
	IndexBuilding IndexState = "building" // writes keep it, but older values are not all in it
	IndexReady    IndexState = "ready"
)

// DefaultIndex is that of a new property of a type, if nobody says otherwise.
// Searches for parts of texts do not profit from one.
func (t Type) DefaultIndex() IndexState {
	if t == Text {
		return IndexNone
	}
	return IndexReady
}

// Schema is a company's properties by key name.
type Schema map[string]Property

// NewOption is a dropdown label that a write adds to a property.
type NewOption struct {
	Key   string // of the property
	Label string
}
