package account

import "time"

// Field is one member of a patch in one of three states: absent (the zero
// value), null, or a value.
type Field[T any] struct {
	Value T
	state fieldState
}

type fieldState uint8

const (
	stateAbsent fieldState = iota
	stateNull
	stateValue
)

// Set returns a field that holds v.
func Set[T any](v T) Field[T] { return Field[T]{Value: v, state: stateValue} }

// Null returns a field that is null.
func Null[T any]() Field[T] { return Field[T]{state: stateNull} }

// IsAbsent tells whether the member was not sent.
func (f Field[T]) IsAbsent() bool { return f.state == stateAbsent }

// IsNull tells whether the member was sent as null.
func (f Field[T]) IsNull() bool { return f.state == stateNull }

// Patch says what to change of an account. Absent members stay as they are.
type Patch struct {
	Title        Field[string]
	Description  Field[string]
	Address      Field[[]string]
	Active       Field[bool]
	PrimaryEmail Field[string]
	PrimaryPhone Field[string]
	Number       Field[int64]
	Type         Field[Type]
	TypeAlias    Field[Type] // the deprecated member "type"
	Value        Field[float64]
	Size         Field[float64]
	// Custom values by key name, as decoded from JSON with numbers kept as
	// json.Number. A nil value clears the property.
	Custom Field[map[string]any]
	// Contacts are the ids to link, in order. Null unlinks all.
	Contacts Field[[]int64]
	// ID is the echo of the record's id; it is checked, never written.
	ID Field[int64]
}

// Change is one member's value before and after a write; nil is no value.
type Change struct {
	Before any `json:"before"`
	After  any `json:"after"`
}

// Changes are the changes of one write by member name; a custom member is
// named "custom.<key>". The values are those of the JSON form of the account;
// contacts are listed by id.
type Changes map[string]Change

// ChangeKind says what happened to an account.
type ChangeKind string

// The kinds of entries in an account's history.
const (
	ChangeCreated ChangeKind = "created"
	ChangeUpdated ChangeKind = "updated"
	ChangeDeleted ChangeKind = "deleted"
)

// HistoryEntry records one write of one account.
type HistoryEntry struct {
	Sequence  int64 // orders all entries of a store by commit
	CompanyID int64
	AccountID int64
	Kind      ChangeKind
	Version   int64 // of the account after the write
	At        time.Time
	UserID    int64 // 0: nobody known
	KeyID     int64 // 0: not made with a key
	Email     string
	Fields    Changes
}
