package normal

import (
	"slices"
	"strings"
)

// Words splits a text into the words to search for, in the form of SearchFold. Of
// numbers written as phone numbers are, the digits are searched, so they are split at
// their punctuation as well, and go without what only some ways of writing them have
// ahead: see PhonePart. A word that is a part of another one is left out: where that
// is found, it is too.
func Words(text string) []string {
	var words []string
	for fields := strings.Fields(SearchFold(text)); len(fields) > 0; {
		run, parts := phoneAhead(fields)
		if run == 0 {
			run, parts = 1, fields[:1]
		}
		words = append(words, parts...)
		fields = fields[run:]
	}
	return withoutParts(words)
}

// withoutParts returns the words, in their order, that are no part of another one.
func withoutParts(words []string) []string {
	var kept []string
	for i, word := range words {
		holds := func(other string) bool { return len(other) > len(word) && strings.Contains(other, word) }
		if !slices.Contains(words[:i], word) && !slices.ContainsFunc(words, holds) {
			kept = append(kept, word)
		}
	}
	return kept
}

// phoneAhead returns how many of the first words are one phone number, or several, and
// the digits to search for: those between punctuation. None are if the first one is
// not written as a number.
func phoneAhead(words []string) (run int, parts []string) {
	digits := 0
	for run < len(words) && (isPhonePart(words[run], run > 0) || digits >= minNumber && isExtension(words[run:])) {
		for _, part := range strings.FieldsFunc(words[run], isNoDigit) {
			parts = append(parts, part)
			digits += len(part)
		}
		run++
	}
	if digits < minNumber {
		return run, parts
	}
	all := strings.Join(parts, "")
	return run, withoutFront(parts, len(all)-len(subscriber(all, isAbroad(words[0]))))
}

// withoutFront returns parts without their first digits.
func withoutFront(parts []string, digits int) []string {
	for digits > 0 && digits >= len(parts[0]) {
		digits -= len(parts[0])
		parts = parts[1:]
	}
	return append([]string{parts[0][digits:]}, parts[1:]...)
}

const phonePunctuation = "+＋-‐‑‒–—−()./"

// isPhonePart tells whether a word is written as phone numbers are: of digits and
// punctuation, or within one of punctuation alone.
func isPhonePart(word string, within bool) bool {
	word = strings.TrimPrefix(word, "tel:")
	return strings.Trim(word, "0123456789"+phonePunctuation) == "" && (within || Digits(word) != "")
}

// isExtension tells whether words begin with an extension, which is kept behind its number,
// or with the word for one.
func isExtension(words []string) bool {
	name := strings.TrimRight(words[0], "0123456789")
	hasDigits := name != words[0] || len(words) > 1 && isPhonePart(words[1], false)
	return hasDigits && slices.Contains([]string{"ext", "ext.", "extension", "x", "#"}, name)
}

func isNoDigit(r rune) bool { return r < '0' || r > '9' }
