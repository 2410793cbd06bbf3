package textindex_test

import (
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// A phrase is a string of FTS5's language whatever the text, or nothing if no
// trigram can be looked up.
func TestPhrase(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 60)
	for text, want := range map[string]struct {
		phrase string
		whole  bool
	}{
		"":         {"", false},
		"ab":       {"", false},
		"東京":       {"", false},
		"abc":      {`"abc"`, true},
		`a"b OR *`: {`"a""b OR *"`, true},
		"a\x00bc":  {"", false},
		"a\uFFFDb": {"", false},
		"abc\xff":  {"", false},
		long:       {`"` + strings.Repeat("é", 50) + `"`, false},
	} {
		phrase, whole := textindex.Phrase(text)
		if phrase != want.phrase || whole != want.whole {
			t.Errorf("%q: got %q, %t, want %q, %t", text, phrase, whole, want.phrase, want.whole)
		}
	}
}
