package normal

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"

	"github.com/accountsd/accountsd/server/fault"
)

// Digits returns the decimal digits of a phone number, those of other scripts as
// 0 to 9.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r = digit(r); r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

// digit is a decimal digit of any script as one of 0 to 9, and every other
// character as it is. All of a script's follow each other.
func digit(r rune) rune {
	if r < 0x80 || !unicode.IsDigit(r) {
		return r
	}
	zero := r
	for _, table := range unicode.Nd.R16 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			zero = rune(table.Lo)
		}
	}
	for _, table := range unicode.Nd.R32 {
		if rune(table.Lo) <= r && r <= rune(table.Hi) {
			zero = rune(table.Lo)
		}
	}
	return '0' + (r-zero)%10
}

// minNumber is how many digits a text has at least that is more than a part of a number.
const minNumber = 7

// PhonePart returns the digits to search for in numbers of which a text is a part. The
// same number is written with its country code and without, with a 0 ahead of its area
// code and without, and is kept so if it cannot be read: so of a whole number, what is
// ahead of the area code is left out, and it is found however it was written.
func PhonePart(s string) string {
	digits := Digits(s)
	if len(digits) < minNumber {
		return digits
	}
	return subscriber(digits, isAbroad(s))
}

// isAbroad tells whether a number begins with its country code, and says so.
func isAbroad(s string) bool {
	s = strings.TrimPrefix(Trim(s), "tel:")
	return strings.HasPrefix(strings.TrimLeft(s, "( "), "+") || strings.HasPrefix(s, "＋")
}

// subscriber returns the digits of a number without the country code, if it is abroad or
// has 00 ahead, and without zeros ahead.
func subscriber(digits string, abroad bool) string {
	rest := digits
	if international, cut := strings.CutPrefix(digits, "00"); abroad || cut {
		number, err := phonenumbers.Parse("+"+international, "")
		if err == nil && phonenumbers.IsValidNumber(number) {
			rest = strings.TrimPrefix(international, strconv.Itoa(int(number.GetCountryCode())))
		}
	}
	if rest = strings.TrimLeft(rest, "0"); rest == "" {
		return digits
	}
	return rest
}

// CheckRegion returns an error unless phone numbers of the region are known.
func CheckRegion(region string) error {
	if !phonenumbers.GetSupportedRegions()[region] {
		return fmt.Errorf("must be two letters of ISO 3166 such as US; got %s", fault.Quote(region))
	}
	return nil
}

// Phone returns a valid number in E.164, read as dialled in the region (ISO
// 3166, "US") or with 00 ahead of the country code, and every other text as
// typed, trimmed. A number with an extension stays as typed, since E.164 would
// lose the extension.
func Phone(s, region string) string {
	s = Trim(visible(s))
	ascii := s
	if !isASCII(s) {
		ascii = strings.Map(digit, s)
	}
	if e164, ok := parsePhone(ascii, region); ok {
		return e164
	}
	if abroad, ok := strings.CutPrefix(ascii, "00"); ok {
		if e164, ok := parsePhone("+"+abroad, region); ok {
			return e164
		}
	}
	return s
}

// IsE164 tells whether a phone number is in the form of a valid one.
func IsE164(phone string) bool {
	e164, ok := parsePhone(phone, "")
	return ok && e164 == phone
}

func parsePhone(s, region string) (e164 string, ok bool) {
	if isAmerican(s) {
		return s, true
	}
	number, err := phonenumbers.Parse(s, region)
	if err != nil || number.GetExtension() != "" ||
		isLocal(number) || !isValidIn(number, region) {
		return "", false
	}
	return formatE164(number, s), true
}

// isLocal tells whether a number is one that is dialled only from near by, or is
// too short. All longer ones that are valid are dialled from everywhere.
func isLocal(number *phonenumbers.PhoneNumber) bool {
	return number.GetNationalNumber() < maxLocal && phonenumbers.IsPossibleNumberWithReason(number) != phonenumbers.IS_POSSIBLE
}

// maxLocal is above all local numbers, which have seven digits at the most.
const maxLocal = 1e8

// formatE164 writes a valid number in E.164: s itself if that is so written.
func formatE164(number *phonenumbers.PhoneNumber, s string) string {
	b := make([]byte, 0, 32)
	b = strconv.AppendInt(append(b, '+'), int64(number.GetCountryCode()), 10)
	if number.GetItalianLeadingZero() {
		for range number.GetNumberOfLeadingZeros() {
			b = append(b, '0')
		}
	}
	b = strconv.AppendUint(b, number.GetNationalNumber(), 10)
	if string(b) == s {
		return s
	}
	return string(b)
}

// isValidIn tells whether a number is valid. It looks at the region first, as
// one country code may be of many.
func isValidIn(number *phonenumbers.PhoneNumber, region string) bool {
	return phonenumbers.IsValidNumberForRegion(number, region) || phonenumbers.IsValidNumber(number)
}
