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
func (v *Values) UnmarshalJSON(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	return decoder.Decode((*map[string]any)(v))
}
