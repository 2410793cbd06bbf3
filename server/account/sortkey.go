package account

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

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
			keys = append(keys, strconv.Itoa(rank(v)))
		case json.Number:
			keys = append(keys, numericKey(v))
		case string:
			keys = append(keys, p.textKey(v))
		}
	}
	return keys
}

func (p Property) textKey(s string) string {
	switch {
	case p.Type != PropertyDate:
		return Fold(s)
	case len(s) == len("2006-01-02"):
		return s + "T00:00:00.000Z"
	}
	return s
}

// exponentBias makes the exponent of any number that checkNumeric accepts a
// number of four digits.
const exponentBias = 5000

// numericKey writes a number as its sign, its exponent and its digits, so that
// texts order as numbers do. A negative one has the complements of its digits,
// and an end that is above any digit.
func numericKey(number json.Number) string {
	digits, exponent := scientific(number.String())
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

// scientific returns the digits of a number without zeros at either end, and
// the exponent of ten for a point ahead of them. Zero has no digits.
func scientific(text string) (digits string, exponent int) {
	text = strings.TrimPrefix(text, "-")
	if mantissa, e, ok := strings.Cut(strings.ToLower(text), "e"); ok {
		text = mantissa
		exponent, _ = strconv.Atoi(e)
	}
	whole, fraction, _ := strings.Cut(text, ".")
	digits = whole + fraction
	exponent += len(whole)
	trimmed := strings.TrimLeft(digits, "0")
	exponent -= len(digits) - len(trimmed)
	return strings.TrimRight(trimmed, "0"), exponent
}
