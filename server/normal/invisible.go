package normal

import (
	"strings"
	"unicode"
)

// invisible are the characters that cannot be seen and that no text needs, but
// for joiners: an emoji or a word may consist of several characters by them.
var invisible = &unicode.RangeTable{
	LatinOffset: 1,
	R16: []unicode.Range16{
		{Lo: 0x00AD, Hi: 0x00AD, Stride: 1}, // soft hyphen
		{Lo: 0x061C, Hi: 0x061C, Stride: 1}, // direction
		{Lo: 0x180E, Hi: 0x180E, Stride: 1},
		{Lo: 0x200B, Hi: 0x200B, Stride: 1}, // space without width
		{Lo: 0x200E, Hi: 0x200F, Stride: 1}, // direction
		{Lo: 0x202A, Hi: 0x202E, Stride: 1},
		{Lo: 0x2060, Hi: 0x206F, Stride: 1},
		{Lo: 0xFEFF, Hi: 0xFEFF, Stride: 1}, // byte order mark
	},
}

// blank are more characters that cannot be seen where there are no others.
var blank = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034F, Hi: 0x034F, Stride: 1},
		{Lo: 0x115F, Hi: 0x1160, Stride: 1},
		{Lo: 0x17B4, Hi: 0x17B5, Stride: 1},
		{Lo: 0x180B, Hi: 0x180F, Stride: 1},
		{Lo: 0x200C, Hi: 0x200D, Stride: 1},
		{Lo: 0x3164, Hi: 0x3164, Stride: 1},
		{Lo: 0xFE00, Hi: 0xFE0F, Stride: 1},
		{Lo: 0xFFA0, Hi: 0xFFA0, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0xE0000, Hi: 0xE0FFF, Stride: 1}},
}

// isInvisible is quick to tell of the characters that most texts consist of.
func isInvisible(r rune) bool { return r >= 0xAD && unicode.Is(invisible, r) }

func isBlank(r rune) bool {
	return unicode.IsSpace(r) || isInvisible(r) || unicode.Is(blank, r)
}

// Trim removes the space and the invisible characters around a text. One that
// has nothing else is empty then.
func Trim(s string) string {
	s = strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || isInvisible(r) })
	return orNothing(s)
}

// Strip removes the invisible characters around a text whose space counts.
func Strip(s string) string { return orNothing(strings.TrimFunc(s, isInvisible)) }

// orNothing is a text that begins with something to be seen, or "" if it has
// only what cannot be.
func orNothing(s string) string {
	if s == "" || s[0] > ' ' && s[0] < 0x80 || strings.ContainsFunc(s, func(r rune) bool { return !isBlank(r) }) {
		return s
	}
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsSpace(r) }) {
		return ""
	}
	return s
}

// visible is a text without its invisible characters.
func visible(s string) string {
	if isASCII(s) || !strings.ContainsFunc(s, isInvisible) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, s)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
