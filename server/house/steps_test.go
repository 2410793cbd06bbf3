package house_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// The version of a schema is how many steps are done, so each step has the number of
// its place: two of one number would be told apart by their names, and one that comes
// between others would never be done to a database that is past it.
func TestStepsAreNumbered(t *testing.T) {
	t.Parallel()
	for _, store := range []string{"sqlite", "postgres"} {
		steps, err := filepath.Glob("../store/" + store + "/migrations/*.sql")
		if err != nil || len(steps) == 0 {
			t.Fatalf("%s has the steps %v: %v", store, steps, err)
		}
		for i, step := range steps {
			if name, number := filepath.Base(step), fmt.Sprintf("%04d_", i+1); !strings.HasPrefix(name, number) {
				t.Errorf("step %d of %s is %s, want a name that begins with %s", i+1, store, name, number)
			}
		}
	}
}
