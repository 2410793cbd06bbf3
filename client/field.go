package client

import "github.com/oapi-codegen/nullable"

// Field is a member in one of three states: absent (the zero value), null, or
// with a value. In a patch an absent member is left as it is, and null clears
// it. What the server answers has the same type, so that a member that was read
// can be sent as it is.
type Field[T any] = nullable.Nullable[T]

// Set returns a member with a value.
func Set[T any](value T) Field[T] { return nullable.NewNullableWithValue(value) }

// Clear returns a member that is null.
func Clear[T any]() Field[T] { return nullable.NewNullNullable[T]() }

// Or returns the member's value, or fallback if it is absent or null.
func Or[T any](field Field[T], fallback T) T {
	if value, ok := field[true]; ok {
		return value
	}
	return fallback
}
