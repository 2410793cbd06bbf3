package lenient

import "strings"

// Handling says how a request is read (RFC 7240, section 4.4).
type Handling string

// The ways to read a request. The zero value leaves the choice to others.
const (
	Strict  Handling = "strict"
	Lenient Handling = "lenient"
)

// Handlings lists the ways to read a request.
var Handlings = []Handling{Strict, Lenient}

// Asked returns the handling that the Prefer headers of a request ask for; empty
// if they do not, or not in a known way.
func Asked(headers []string) Handling {
	value, _ := Preference(headers, "handling")
	if h := Handling(strings.ToLower(value)); h == Strict || h == Lenient {
		return h
	}
	return ""
}

// Preference returns the value of the named preference, and whether it is there. Of one
// that is repeated, the first counts (RFC 7240, section 2).
func Preference(headers []string, name string) (value string, asked bool) {
	if len(headers) == 0 {
		return "", false
	}
	for _, preference := range split(strings.Join(headers, ","), ',') {
		token, value, _ := strings.Cut(split(preference, ';')[0], "=")
		if strings.EqualFold(strings.TrimSpace(token), name) {
			return strings.Trim(strings.TrimSpace(value), `"`), true
		}
	}
	return "", false
}

// split cuts a text at separators that are not inside quotes.
func split(text string, separator byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := 0; i < len(text); i++ {
		switch {
		case quoted && text[i] == '\\':
			i++
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			parts = append(parts, text[start:i])
			start = i + 1
		}
	}
	return append(parts, text[start:])
}
