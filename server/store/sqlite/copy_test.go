package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// A copy has all that was stored, and is none of the original's business.
func TestCopyTo(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	mustWrite(t, s, insert(company, "Before"))
	path := filepath.Join(t.TempDir(), "copy ?#.db")
	if err := s.CopyTo(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	copied := open(t, path, sqlite.Limits{})
	mustWrite(t, copied, insert(company, "In the copy"))
	mustWrite(t, s, insert(company, "In the original"))
	for title, want := range map[string][2]bool{"Before": {true, true}, "In the copy": {false, true}, "In the original": {true, false}} {
		if got := [2]bool{has(t, s, company, title), has(t, copied, company, title)}; got != want {
			t.Errorf("%s: in original and copy %v, want %v", title, got, want)
		}
	}

	// It replaces no file.
	if err := s.CopyTo(t.Context(), path); err == nil {
		t.Error("copied over another database")
	}
	if !has(t, copied, company, "In the copy") {
		t.Error("the other database has been harmed")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	late := filepath.Join(t.TempDir(), "late.db")
	wantKind(t, s.CopyTo(t.Context(), late), fault.KindUnavailable)
	if _, err := os.Stat(late); err == nil {
		t.Error("a closed store was copied")
	}
}
