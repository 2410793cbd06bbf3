package jsonvalue

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// Append appends a value of those that Decode returns, as encoding/json writes
// it, and leaves to that what takes more than copying.
func Append(b []byte, value any) ([]byte, error) {
	switch v := value.(type) {
	case string:
		return AppendText(b, v), nil
	case json.Number:
		if isNumber(string(v)) {
			return append(b, v...), nil
		}
	case map[string]any:
		return appendObject(b, v)
	case []any:
		return appendArray(b, v)
	}
	text, err := json.Marshal(value)
	return append(b, text...), err
}

func appendObject(b []byte, object map[string]any) (_ []byte, err error) {
	b = append(b, '{')
	for i, name := range Names(object) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendText(b, name), ':')
		if b, err = Append(b, object[name]); err != nil {
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

func isNumber(s string) bool {
	isDigit := func(c byte) bool { return '0' <= c && c <= '9' }
	return s != "" && (s[0] == '-' || isDigit(s[0])) && isDigit(s[len(s)-1]) && json.Valid([]byte(s))
}

// isPlain tells whether encoding/json writes a text as it is.
func isPlain(s string) bool {
	ascii := true
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return ascii || utf8.ValidString(s) && !strings.ContainsAny(s, "\u2028\u2029")
}
