package custom

import (
	"encoding/json"
	"math/big"
	"strconv"
	"time"
)

// Text returns the value of a text or a dropdown; false if there is none.
func (v Values) Text(key string) (string, bool) {
	text, ok := v[key].(string)
	return text, ok
}

// Bool returns the value of a boolean; false, false if there is none.
func (v Values) Bool(key string) (value, ok bool) {
	value, ok = v[key].(bool)
	return value, ok
}

// Number returns the value of a number with all its digits; false if there is
// none.
func (v Values) Number(key string) (json.Number, bool) {
	switch value := v[key].(type) {
	case json.Number:
		return value, true
	case float64:
		return json.Number(strconv.FormatFloat(value, 'f', -1, 64)), true
	case int:
		return json.Number(strconv.Itoa(value)), true
	case int64:
		return json.Number(strconv.FormatInt(value, 10)), true
	}
	return "", false
}

// Rat returns the exact value of a number, to calculate with; false if there is
// none.
func (v Values) Rat(key string) (*big.Rat, bool) {
	number, ok := v.Number(key)
	if !ok {
		return nil, false
	}
	return new(big.Rat).SetString(number.String())
}

// Time returns the value of a date, in UTC; false if there is none.
func (v Values) Time(key string) (time.Time, bool) {
	text, _ := v[key].(string)
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// Texts returns the values of a property that takes several texts or labels.
func (v Values) Texts(key string) []string {
	switch value := v[key].(type) {
	case string:
		return []string{value}
	case []string:
		return value
	case []any:
		texts := make([]string, 0, len(value))
		for _, item := range value {
			if text, ok := item.(string); ok {
				texts = append(texts, text)
			}
		}
		return texts
	}
	return nil
}

// Clear makes the request clear a property.
func (v Values) Clear(key string) { v[key] = nil }
