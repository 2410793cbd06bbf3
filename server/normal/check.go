package normal

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/server/fault"
)

// Limits of an e-mail address and a phone number.
const (
	maxEmail = 254 // RFC 5321, section 4.5.3.1.3, less the angle brackets
	maxPhone = 40
)

// MustContainADigit is what is wrong with a phone number without one.
const MustContainADigit = "must contain a digit"

// CheckText returns what is wrong with a text, of any member. The limit is of
// characters.
func CheckText(s string, limit int) string {
	switch length := utf8.RuneCountInString(s); {
	case length > limit:
		return fmt.Sprintf("must be at most %d characters; got %d", limit, length)
	case strings.ContainsRune(s, 0):
		return "must not contain a NUL character"
	case !utf8.ValidString(s):
		return "must be valid UTF-8"
	}
	return ""
}

// CheckName returns what is wrong with a trimmed text that must not be blank.
func CheckName(name string, limit int) string {
	if name == "" {
		return fault.MustNotBeBlank
	}
	return CheckText(name, limit)
}

// CheckEmail returns the form in which an e-mail address is stored, or what is
// wrong with it.
func CheckEmail(s, _ string) (email, wrong string) {
	email, ok := Email(s)
	if !ok {
		return s, "must be an e-mail address; got " + fault.Quote(s)
	}
	return email, CheckText(email, maxEmail)
}

// CheckPhone returns the form in which a phone number is stored, read as dialled
// in the region, or what is wrong with it.
func CheckPhone(s, region string) (phone, wrong string) {
	if wrong := CheckText(s, maxPhone); wrong != "" {
		return s, wrong
	}
	if Digits(s) == "" {
		return s, MustContainADigit + "; got " + fault.Quote(s)
	}
	return Phone(s, region), ""
}
