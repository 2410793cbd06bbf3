package fuzz

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// sound is a text that openapi.yaml allows, as far as its schema tells.
func (m *maker) sound(s *openapi3.Schema, name string) string {
	if text, ok := m.named(name); ok {
		return text
	}
	switch {
	case len(s.Enum) > 0:
		if text, ok := pick(m, s.Enum).(string); ok {
			return text
		}
		return s.Enum[0].(string)
	case s.Format == "email" || strings.Contains(strings.ToLower(name), "email"):
		return fmt.Sprintf("%s%d@example.com", pick(m, []string{"a", "Ada.L", "o'hara", "x+y"}), m.IntN(200))
	case s.Format == "date-time":
		return pick(m, []string{"2026-11-24T00:00:00Z", "2030-02-28T23:59:59.999+14:00", "2035-01-01t00:00:00z", "2016-12-31T23:59:60Z", "9999-12-31T23:59:59Z"})
	case s.Pattern == `^\d+$`:
		return m.known(m.server.pool.sequences, "0")
	case strings.Contains(s.Pattern, "!-~"):
		return fmt.Sprintf("key-%d", m.IntN(100))
	case strings.Contains(s.Pattern, "W/"):
		return "*"
	}
	least, most := int(s.MinLength), 200
	if s.MaxLength != nil {
		most = int(*s.MaxLength)
	}
	switch n := m.Float64(); {
	case n < 0.04:
		return m.words(most)
	case n < 0.08 && (s.Pattern == "" || least > 0):
		return strings.Repeat("a", least)
	}
	return m.words(min(most, max(least, 1)+m.IntN(24)))
}

// named is a text for a member whose name says what it must be.
func (m *maker) named(name string) (text string, ok bool) {
	lower := strings.ToLower(name)
	switch {
	case strings.Contains(lower, "phone"):
		return fmt.Sprintf("+1415555%04d", m.IntN(10000)), true
	case name == "password", name == "newPassword":
		return password, true
	case name == "token":
		return m.known(m.server.pool.tokens.texts, "acc_nope"), true
	case name == "until":
		return time.Now().Add(time.Duration(m.IntN(8*24)) * time.Hour).UTC().Format(time.RFC3339), true
	case name == "keyName":
		return fmt.Sprintf("made_%d", m.IntN(60)), true
	case name == "type" && strings.Contains(m.operation.path, "propert"):
		return "", false
	case name == "email" && strings.Contains(m.operation.path, "/users"):
		return fmt.Sprintf("user%d@example.com", m.IntN(40)), true
	}
	return "", false
}

// alphabets are characters of one to four bytes, without and with case, and of both
// directions.
var alphabets = []string{"abcdefghij klmnop", "0123456789", "äöüßÉŒøñ", "日本語 アカウント", "😀🎉👨‍👩‍👧🏳️‍🌈", "שלום عالم", "e\u0301a\u0308 ﬁ İıſ", "<>&\"'\\/`$;--"}

// words is a text of at most so many characters, without space around it.
func (m *maker) words(length int) string {
	from := []rune(pick(m, alphabets))
	text := make([]rune, 0, length)
	for range length {
		text = append(text, pick(m, from))
	}
	if trimmed := strings.Trim(string(text), " \u200d\ufe0f\u0301\u0308"); trimmed != "" {
		return trimmed
	}
	return "a"
}

// strangeTexts are texts that much software stumbles over.
var strangeTexts = []string{
	"", " ", "\t", "\u200b", "\ufeff", "\u202e", "\u2028", "\x00", "a\x00b", "\x7f", "\x1b[31m", "\r\n", "null", "undefined", "NaN", "-1", "[]", "{}",
	"\xff", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\ufffd", "\U0010ffff", "\ufdd0", "%s%n", "${x}", "{{x}}", "'; DROP TABLE accounts; --", "../../etc/passwd",
	"2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "0000-01-01T00:00:00Z", "2026-01-01", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "+262026-01-01T00:00:00Z",
	"a@", "@b", "a@b", "a b@c.example", "a@b@c.example", "ada@exämple.com", "\"a b\"@example.com", strings.Repeat("a", 250) + "@b.example", "😀", "ß", "İ", "ﬀ", "\u0345", "ᾳ",
	strings.Repeat("\u0301", 300), "=1+1", "@SUM(A1)", "*", "%", "_", "a_b%", "\"", "\"\"\"", "(", "[", "a AND OR NOT NEAR(", "^", "-", "0", "１２３", "+1 (415) 555 0100 ext. 5",
}

// strangeText is one that openapi.yaml may not allow. It says so where that is sure.
func (m *maker) strangeText(s *openapi3.Schema, name string) string {
	if s.MaxLength != nil && m.chance(0.25) {
		m.refuse(fmt.Sprintf("%s is too long", name))
		return strings.Repeat(pick(m, []string{"a", "é", "😀"}), int(*s.MaxLength)+1)
	}
	text := pick(m, strangeTexts)
	if len(s.Enum) > 0 {
		if value, ok := s.Enum[0].(string); ok && m.chance(0.5) {
			text = pick(m, []string{strings.ToUpper(value) + "_", " " + value, value + "\x00", value + "," + value, strings.ToLower(value) + "x"})
		}
		m.refuse(name + " is none of its values")
		return text
	}
	switch {
	case utf8.RuneCountInString(text) < int(s.MinLength):
		m.refuse(name + " is too short")
	case !utf8.ValidString(text), strings.Contains(text, "\x00"):
		if name != "Prefer" { // What is malformed there is passed over.
			m.refuse(name + " is no text")
		}
	}
	return text
}
