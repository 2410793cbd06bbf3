// Package normal has the normal forms of texts, e-mail addresses and phone
// numbers: those in which they are stored, and those in which they are compared.
package normal

import (
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
