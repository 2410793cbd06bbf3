// Package timestamp holds the API's form of a point in time.
package timestamp

import "time"

// Layout is how a point in time is written: RFC 3339 with milliseconds, in UTC.
const Layout = "2006-01-02T15:04:05.000Z"

// Time is a point in time that is written in Layout. It is read from RFC 3339
// with any offset and any number of decimals.
type Time struct{ time.Time }

// Of returns t as a Time.
func Of(t time.Time) Time { return Time{t} }

// MarshalJSON writes t in Layout. encoding/json alone would drop the zeros at
// the end of the milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"`+Layout+`"`), nil
}
