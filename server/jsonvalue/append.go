package jsonvalue

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Append appends a value, as encoding/json writes it. It leaves to that what takes
// more than copying, and what Decode does not return.
func Append(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return AppendText(b, v), nil
	case json.Number:
		if IsNumber(string(v)) {
			return append(b, v...), nil
		}
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case map[string]any:
		return AppendObject(b, v, Append)
	case []any:
		return appendArray(b, v)
	}
	text, err := json.Marshal(value)
	return append(b, text...), err
}

// AppendObject appends an object, each of its values by appendValue.
func AppendObject[V any](b []byte, object map[string]V, appendValue func([]byte, V) ([]byte, error)) (_ []byte, err error) {
	var few [16]string // on the stack, as what most objects have
	b = append(b, '{')
	for i, name := range appendNames(few[:0], object) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendText(b, name), ':')
		if b, err = appendValue(b, object[name]); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func appendArray(b []byte, array []any) (_ []byte, err error) {
	b = append(b, '[')
	for i, item := range array {
		if i > 0 {
			b = append(b, ',')
		}
		if b, err = Append(b, item); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

// AppendTexts appends a list of strings; one of nothing is empty.
func AppendTexts(b []byte, items []string) []byte {
	b = append(b, '[')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendText(b, item)
	}
	return append(b, ']')
}

// AppendText appends a string.
func AppendText(b []byte, s string) []byte {
	if !isPlain(s) {
		text, _ := json.Marshal(s) // takes every string
		return append(b, text...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// IsNumber tells whether a text is a number of JSON, with nothing around it.
func IsNumber(s string) bool {
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	return s != "" && (s[0] == '-' || isDigit(s[0])) && isDigit(s[len(s)-1]) && json.Valid([]byte(s))
}

// isPlain tells whether encoding/json writes a text as it is.
func isPlain(s string) bool {
	all := plain
	for i := range len(s) {
		all |= forms[s[i]]
	}
	return all == plain || all == beyondASCII && utf8.ValidString(s) && !strings.ContainsAny(s, "\u2028\u2029")
}

// The forms of a byte of a text.
const (
	plain       byte = 0
	beyondASCII byte = 1
	escaped     byte = 2
)

// forms are those of all bytes: texts are written at each request, and to look up is
// the quickest.
var forms = func() (forms [256]byte) {
	for c := range forms {
		switch {
		case c < ' ' || strings.ContainsRune(`"\<>&`, rune(c)):
			forms[c] = escaped
		case c >= utf8.RuneSelf:
			forms[c] = beyondASCII
		}
	}
	return forms
}()
