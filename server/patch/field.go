// Package patch holds what all partial updates have in common: members in three
// states, the reading of bodies, and the changes that an update comes to.
package patch

// Field is one member of a patch in one of three states: absent (the zero
// value), null, or a value.
type Field[T any] struct {
	Value T
	state state
}

type state uint8

const (
	absent state = iota
	null
	sent
	checked // sent, and in the form in which it is stored
)

// Set returns a field that holds v as it was sent.
func Set[T any](v T) Field[T] { return Field[T]{Value: v, state: sent} }

// Null returns a field that is null.
func Null[T any]() Field[T] { return Field[T]{state: null} }

// IsAbsent tells whether the member was not sent.
func (f Field[T]) IsAbsent() bool { return f.state == absent }

// IsNull tells whether the member was sent as null.
func (f Field[T]) IsNull() bool { return f.state == null }

// IsSet tells whether the member has a value.
func (f Field[T]) IsSet() bool { return f.state >= sent }

// OrNull returns f, or null if it is absent.
func (f Field[T]) OrNull() Field[T] {
	if f.IsAbsent() {
		return Null[T]()
	}
	return f
}

// Checker returns the form of a value that is stored, or what is wrong with it
// in words that follow the member's name. Phone numbers without a country code
// are read as dialled in the region (ISO 3166).
type Checker[T any] func(value T, region string) (stored T, wrong string)

// Accept takes every value as it is.
func Accept[T any](value T, _ string) (T, string) { return value, "" }

// check returns the value in the form in which it is stored.
func (f Field[T]) check(check Checker[T], region string) (T, string) {
	if f.state == checked {
		return f.Value, ""
	}
	return check(f.Value, region)
}
