package schema

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/normal"
)

// boolKey is the key of a boolean.
func boolKey(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// exponentBias makes the exponent of any number that CheckNumeric accepts a
// number of four digits.
const exponentBias = 5000

// NumericKey writes a number as its sign, its exponent and its digits, so that
// texts order as numbers do. A negative one has the complements of its digits,
// and an end that is above any digit.
func NumericKey(number json.Number) string {
	digits, exponent := jsonvalue.Scientific(number.String())
	if digits == "" {
		return "1"
	}
	key := fmt.Sprintf("%04d%s", exponent+exponentBias, digits)
	if !strings.HasPrefix(number.String(), "-") {
		return "2" + key
	}
	complement := strings.Map(func(r rune) rune { return '9' - r + '0' }, key)
	return "0" + complement + "~"
}

// Keys returns a key for each value of a stored custom value, in order; none for
// nil. Keys are compared byte by byte: they order as the values do, and equal
// values have equal keys.
func (p Property) Keys(value any) []string {
	items, ok := value.([]any)
	if !ok {
		items = []any{value}
	}
	var keys []string
	for _, item := range items {
		switch v := item.(type) {
		case nil:
		case bool:
			keys = append(keys, boolKey(v))
		case json.Number:
			keys = append(keys, NumericKey(v))
		case string:
			keys = append(keys, p.textKey(v))
		}
	}
	return keys
}

// UniqueKey returns the key of a stored value of a unique property: two values are
// the same exactly if their keys are. It is empty for nil and for a blank text, which
// many accounts may have from the time before the property was unique.
func (p Property) UniqueKey(value any) string {
	switch v := value.(type) {
	case json.Number:
		return NumericKey(v)
	case string:
		return normal.Trim(v)
	}
	return ""
}

func (p Property) textKey(s string) string {
	switch {
	case p.Type != Date:
		return normal.Fold(s)
	case len(s) == len("2006-01-02"):
		return s + "T00:00:00.000Z"
	}
	return s
}
