package domaintest

import (
	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/patch"
)

// DrawField draws a member in any of its states.
func DrawField[T any](t *rapid.T, name string, value *rapid.Generator[T]) patch.Field[T] {
	switch rapid.IntRange(0, 4).Draw(t, name+" state") {
	case 0:
		return patch.Null[T]()
	case 1, 2:
		return patch.Field[T]{}
	}
	return patch.Set(value.Draw(t, name))
}

// Texts are good and bad values of every text member. Each call returns a generator of
// its own: tests that run side by side cannot share one.
func Texts() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringN(0, 20, -1),
		rapid.SampledFrom([]string{"", " ", "Harbor Cafe", " padded ", "a\x00b", "\xff", "été", "e\u0301te\u0301", "Ada@Example.com", "a@b", "A <a@b.example>",
			"(415) 555-0142", "+49 30 901820", "415-555-0142 x7", "call 5", "none"}),
	)
}
