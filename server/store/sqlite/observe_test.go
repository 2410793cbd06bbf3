package sqlite_test

import (
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// The backlog is what is queued, and what of the records of before is to be scanned.
func TestTextBacklog(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	fill(t, path, 0, 5)
	s := open(t, path, sqlite.Limits{Eager: true})
	waitIndexed(t, s, 1)
	wantBacklog := func(what string, want int64) {
		t.Helper()
		if got, err := s.TextBacklog(t.Context()); err != nil || got != want {
			t.Errorf("%s: %d, %v; want %d", what, got, err, want)
		}
	}
	wantBacklog("all is indexed", 0)
	file := openFile(t, path+"-search")
	exec := func(st db.Statement) {
		t.Helper()
		if err := file.Exec(t.Context(), st); err != nil {
			t.Fatal(err)
		}
	}
	exec(engine.Begin) // so that nothing is indexed
	for i := range 3 {
		mustWrite(t, s, insert(1, fmt.Sprintf("Medlar %d", i)))
	}
	wantBacklog("three are queued", 3)
	exec(engine.Rollback)
	waitIndexed(t, s, 1)
	wantBacklog("they are indexed", 0)
	exec(db.Statement{Thing: "state", Text: `UPDATE state SET accounts_scanned = 2`})
	wantBacklog("the accounts behind the second are to be scanned", 6)
}
