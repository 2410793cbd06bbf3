// Package timestamp holds the API's form of a point in time.
package timestamp

import "time"

// Layout is how a point in time is written: RFC 3339 with milliseconds, in UTC.
const Layout = "2006-01-02T15:04:05.000Z"

// Time is a point in time that is written in Layout. It is read from RFC 3339
// with any offset and any number of decimals.
type Time struct {
	// Without another field, the runtime of the generated code takes a Time in a
	// query for a date, and drops the time of day.
	_ struct{}
	time.Time
}

// Of returns t as a Time.
func Of(t time.Time) Time { return Time{Time: t} }

// MarshalText writes t in Layout.
func (t Time) MarshalText() ([]byte, error) { return t.UTC().AppendFormat(nil, Layout), nil }

// MarshalJSON writes t in Layout. encoding/json alone would drop the zeros at
// the end of the milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"`+Layout+`"`), nil
}

// Bind reads t from a parameter of a request. The runtime of the generated code
// calls it.
func (t *Time) Bind(src string) error { return t.UnmarshalText([]byte(src)) }
