package account

import (
	"fmt"
	"net/mail"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns the form of s in which values are compared that may differ in
// case and in surrounding space: Unicode NFC, trimmed, case folded.
func Fold(s string) string {
	return cases.Fold().String(norm.NFC.String(strings.TrimSpace(s)))
}

// FoldAddress returns the form in which addresses are compared.
func FoldAddress(lines []string) string {
	folded := make([]string, len(lines))
	for i, line := range lines {
		folded[i] = Fold(line)
	}
	return strings.Join(folded, "\n")
}

// NormalizeEmail trims and lower-cases an address. The answer is false if it
// is not a bare address (RFC 5322, addr-spec) of at most MaxEmail bytes.
func NormalizeEmail(s string) (string, bool) {
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
		return fmt.Errorf("a region must be two letters of ISO 3166 such as US; got %s", Quote(region))
	}
	return nil
}

// NormalizePhone returns the number in E.164 where it parses, read as dialled
// in the region (ISO 3166, "US"), and else as typed, trimmed. A number with an
// extension stays as typed, since E.164 would lose the extension.
func NormalizePhone(s, region string) string {
	s = strings.TrimSpace(s)
	number, err := phonenumbers.Parse(s, region)
	if err != nil || number.GetExtension() != "" ||
		phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE {
		return s
	}
	return phonenumbers.Format(number, phonenumbers.E164)
}
