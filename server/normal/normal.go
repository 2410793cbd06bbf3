// Package normal has the normal forms of texts, e-mail addresses and phone
// numbers: those in which they are stored, and those in which they are compared.
package normal

import (
	"fmt"
	"net/mail"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Digits returns the decimal digits of a phone number.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// Words splits a text into the words to search for, folded. A phone number is
// split at its punctuation as well, since of numbers the digits are searched.
func Words(text string) []string {
	var words []string
	for _, word := range strings.Fields(text) {
		if !isPhonePart(word) {
			words = append(words, Fold(word))
			continue
		}
		words = append(words, strings.FieldsFunc(word, func(r rune) bool { return r < '0' || r > '9' })...)
	}
	return words
}

// isPhonePart tells whether a word has a digit, and else only what phone
// numbers are written with.
func isPhonePart(word string) bool {
	return Digits(word) != "" && strings.Trim(word, "0123456789+-()./") == ""
}

// Fold returns the form of s in which values are compared that may differ in
// case and in surrounding space: Unicode NFC, trimmed, case folded.
func Fold(s string) string {
	return cases.Fold().String(norm.NFC.String(strings.TrimSpace(s)))
}

// FoldLines returns the form in which a list of lines is compared: each folded,
// joined by line feeds.
func FoldLines(lines []string) string {
	folded := make([]string, len(lines))
	for i, line := range lines {
		folded[i] = Fold(line)
	}
	return strings.Join(folded, "\n")
}

// Trim removes the space around a text.
func Trim(s string) string { return strings.TrimSpace(s) }

// Email trims and lower-cases an address. The answer is false if it
// is not a bare address (RFC 5322, addr-spec) of at most MaxEmail bytes.
func Email(s string) (string, bool) {
	s = strings.ToLower(strings.TrimSpace(s))
	if s == "" || len(s) > MaxEmail {
		return s, false
	}
	parsed, err := mail.ParseAddress(s)
	return s, err == nil && parsed.Address == s
}

// CheckRegion returns an error unless phone numbers of the region are known.
func CheckRegion(region string) error {
	if !phonenumbers.GetSupportedRegions()[region] {
		return fmt.Errorf("a region must be two letters of ISO 3166 such as US; got %s", fault.Quote(region))
	}
	return nil
}

// Phone returns the number in E.164 where it parses, read as dialled
// in the region (ISO 3166, "US"), and else as typed, trimmed. A number with an
// extension stays as typed, since E.164 would lose the extension.
func Phone(s, region string) string {
	s = strings.TrimSpace(s)
	number, err := phonenumbers.Parse(s, region)
	if err != nil || number.GetExtension() != "" ||
		phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return s
	}
	return phonenumbers.Format(number, phonenumbers.E164)
}
