// Package timestamp holds the API's form of a point in time.
package timestamp

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"time"
)

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

// Append appends t in Layout. Package time has a quick way to write RFC 3339 without
// decimals, and needs several times as long for every other layout.
func Append(b []byte, t time.Time) []byte {
	t = t.UTC()
	b = t.AppendFormat(b, time.RFC3339)
	ms := t.Nanosecond() / int(time.Millisecond)
	return append(b[:len(b)-len("Z")], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10), 'Z')
}

// MarshalText writes t in Layout.
func (t Time) MarshalText() ([]byte, error) { return Append(nil, t.Time), nil }

// MarshalJSON writes t in Layout. encoding/json alone would drop the zeros at
// the end of the milliseconds.
func (t Time) MarshalJSON() ([]byte, error) {
	return append(Append([]byte{'"'}, t.Time), '"'), nil
}

// ErrForm is of a text that is no date-time of RFC 3339.
var ErrForm = errors.New("not an RFC 3339 date-time")

// form is the grammar of RFC 3339, section 5.6. The group is of a leap second. time.Parse alone would take more.
var form = regexp.MustCompile(`^\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|(60))(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$`)

// Parse reads a date-time of RFC 3339, all of them and no others: T and Z may be
// small. A leap second is the one after it. Those that have no four digits for the
// year in UTC are none, since they could not be written.
func Parse(s string) (time.Time, error) {
	match := form.FindStringSubmatchIndex(s)
	if match == nil {
		return time.Time{}, ErrForm
	}
	leap := match[2] >= 0
	if leap {
		s = s[:match[2]] + "59" + s[match[3]:]
	}
	t, err := time.Parse(time.RFC3339Nano, strings.ToUpper(s))
	if err != nil {
		return time.Time{}, ErrForm
	}
	if leap {
		t = t.Add(time.Second)
		if day := t.UTC(); day.Day() != 1 || day.Sub(day.Truncate(24*time.Hour)) >= time.Second {
			return time.Time{}, ErrForm // Leap seconds end months.
		}
	}
	if year := t.UTC().Year(); year < 0 || year > 9999 {
		return time.Time{}, ErrForm
	}
	return t, nil
}

// UnmarshalText reads what Parse does.
func (t *Time) UnmarshalText(text []byte) (err error) {
	t.Time, err = Parse(string(text))
	return err
}

// UnmarshalJSON reads a string that Parse does; null changes nothing, as always.
func (t *Time) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	return t.UnmarshalText([]byte(text))
}

// Bind reads t from a parameter of a request. The runtime of the generated code
// calls it.
func (t *Time) Bind(src string) error { return t.UnmarshalText([]byte(src)) }
