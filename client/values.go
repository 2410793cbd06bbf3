package client

import (
	"encoding/json"
	"time"

	"github.com/accountsd/accountsd/gen/custom"
	"github.com/accountsd/accountsd/gen/timestamp"
)

type (
	// Values are the values of an account's custom members by keyName. Their
	// methods read them; nil clears a property in a request.
	Values = custom.Values
	// ValueList is a list of values, as a property's default value is.
	ValueList = custom.List
	// FieldChange is a member's value before and after a write.
	FieldChange = custom.Change
	// Time is a point in time as the server writes it.
	Time = timestamp.Time
)

// TimeOf returns t as a Time.
func TimeOf(t time.Time) Time { return timestamp.Of(t) }

// Decimal returns a number with exactly the digits of text, such as "12.50", for
// a custom member. A text that is not a number makes the request fail before it
// is sent.
func Decimal(text string) json.Number { return json.Number(text) }

// Day returns a date without a time, for a custom member.
func Day(year int, month time.Month, day int) string {
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// Moment returns a date with a time, for a custom member.
func Moment(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// ListOf returns a list of values, for a custom member that takes several.
func ListOf[T any](values ...T) []any {
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = value
	}
	return list
}
