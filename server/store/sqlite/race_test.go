//go:build race

package sqlite_test

import "flag"

// The race detector takes twenty times as long, and looks at what goes on at once: so
// what tries every value, one after the other, tries one of a few.
const few = 7

func init() { _ = flag.Set("rapid.checks", "20") }
