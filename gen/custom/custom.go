// Package custom holds the API's form of an account's custom values.
package custom

import (
	"bytes"
	"encoding/json"
)

// Values are custom values by the property's keyName. A value that was read is
// a string, a bool, a json.Number, or a []any of these; nil clears a property in
// a request.
type Values map[string]any

// UnmarshalJSON reads an object. Numbers become json.Number, so that they keep
// all their digits.
func (v *Values) UnmarshalJSON(data []byte) error { return decode(data, (*map[string]any)(v)) }

// List is a list of values, as a property's default value is. Its items are
// those of Values.
type List []any

// UnmarshalJSON reads a list. Numbers become json.Number.
func (l *List) UnmarshalJSON(data []byte) error { return decode(data, (*[]any)(l)) }

// Change is a member's value before and after a write; nil is no value.
type Change struct {
	Before any `json:"before"`
	After  any `json:"after"`
}

// UnmarshalJSON reads a change. Numbers become json.Number.
func (c *Change) UnmarshalJSON(data []byte) error {
	type plain Change // without this method
	return decode(data, (*plain)(c))
}

// Conflict is a member that a request and somebody else have changed; nil is no
// value. Without Merged the changes clash.
type Conflict struct {
	Member  string `json:"member"`  // as changes name it
	Pointer string `json:"pointer"` // into the body of the request
	Base    any    `json:"base"`
	Current any    `json:"current"`
	Mine    any    `json:"mine"`
	Merged  []any  `json:"merged,omitzero"` // what a merge makes of a list
}

// UnmarshalJSON reads a conflict. Numbers become json.Number.
func (c *Conflict) UnmarshalJSON(data []byte) error {
	type plain Conflict // without this method
	return decode(data, (*plain)(c))
}

func decode(data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode(v)
}

// JSON returns a value of the API as it is sent, for people to read.
func JSON(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err.Error()
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}
