// Package normal has the normal forms of texts, e-mail addresses and phone
// numbers: those in which they are stored, and those in which they are compared.
package normal

import (
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns the form of s in which values are compared that may differ in
// case, in surrounding space, and in what cannot be seen: Unicode NFC, trimmed,
// case folded. Accents count: José and Jose are two.
func Fold(s string) string {
	if s = Trim(s); isASCII(s) {
		return strings.ToLower(s)
	}
	return cases.Fold().String(norm.NFC.String(visible(s)))
}

// FoldLines returns the form in which a list of lines is compared: each folded,
// joined by line feeds.
func FoldLines(lines []string) string { return join(lines, Fold) }

// SearchFold returns the form of s in which parts of texts are searched: as Fold
// and Unaccented.
func SearchFold(s string) string { return Unaccented(Fold(s)) }

// SearchFoldLines is FoldLines for searches.
func SearchFoldLines(lines []string) string { return join(lines, SearchFold) }

func join(lines []string, fold func(string) string) string {
	folded := make([]string, len(lines))
	for i, line := range lines {
		folded[i] = fold(line)
	}
	return strings.Join(folded, "\n")
}

// Unaccented returns a folded text without accents, with straight apostrophes
// and the digits 0 to 9. A text of ASCII is one already, and what is a part of a
// text is one of its unaccented form.
func Unaccented(fold string) string {
	if isASCII(fold) {
		return fold
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(fold) {
		switch plain, ok := letters[r]; {
		case ok:
			b.WriteString(plain)
		case r >= 0x300 && r < 0x370: // a combining mark of letters that have accents
		default:
			b.WriteRune(digit(r))
		}
	}
	return norm.NFC.String(b.String())
}

// letters are what Unicode does not decompose.
var letters = map[rune]string{
	'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'ħ': "h", 'ŧ': "t", 'ı': "i", 'æ': "ae", 'œ': "oe", 'þ': "th",
	'‘': "'", '’': "'", '‛': "'", 'ʼ': "'", 'ʻ': "'", '′': "'", '´': "'", '＇': "'",
}

// Words splits a text into the words to search for, in the form of SearchFold. A
// phone number is split at its punctuation as well, since of numbers the digits
// are searched. A word that is a part of another one is left out: where that is
// found, it is too.
func Words(text string) []string {
	var words []string
	for _, word := range strings.Fields(text) {
		word = SearchFold(word)
		switch {
		case isPhonePart(word):
			words = append(words, strings.FieldsFunc(word, func(r rune) bool { return r < '0' || r > '9' })...)
		case word != "":
			words = append(words, word)
		}
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

// isPhonePart tells whether a word has a digit, and else only what phone
// numbers are written with.
func isPhonePart(word string) bool {
	return Digits(word) != "" && strings.Trim(word, "0123456789+＋-()./") == ""
}
