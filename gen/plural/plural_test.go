package plural_test

import (
	"testing"

	"github.com/accountsd/accountsd/gen/plural"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{0: "0 entries", 1: "1 entry", 2: "2 entries", 21: "21 entries", -1: "-1 entries"} {
		if got := plural.Of(n, "entry", "entries"); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
