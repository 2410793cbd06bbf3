package db

import "strings"

// Fragment is a part of an SQL text, and the values of its parameters.
type Fragment struct {
	Text string
	Args []any
}

// SQL returns a fragment.
func SQL(text string, args ...any) Fragment { return Fragment{Text: text, Args: args} }

// Builder puts a statement together.
type Builder struct {
	Args []any
	text strings.Builder
}

// Add appends a text and the values of its parameters.
func (b *Builder) Add(text string, args ...any) {
	b.text.WriteString(text)
	b.Args = append(b.Args, args...)
}

// String returns the text.
func (b *Builder) String() string { return b.text.String() }

// AnyOf tests that one of tests passes, to stand among others.
func AnyOf(tests []Fragment) Fragment {
	joined := Join(tests, " OR ")
	return Fragment{"(" + joined.Text + ")", joined.Args}
}

// Concat puts fragments behind each other.
func Concat(fragments ...Fragment) Fragment { return Join(fragments, "") }

// Join puts a separator between fragments.
func Join(fragments []Fragment, separator string) Fragment {
	var b Builder
	for i, f := range fragments {
		if i > 0 {
			b.Add(separator)
		}
		b.Add(f.Text, f.Args...)
	}
	return Fragment{b.String(), b.Args}
}
