package sqlite_test

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// Nobody who opens the database would find what is written to a file that is not in
// its place any more.
func TestFileOutOfPlace(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open cannot be moved here")
	}
	move := func(t *testing.T, from, to string) {
		if err := os.Rename(from, to); err != nil {
			t.Fatal(err)
		}
	}
	for name, suffix := range map[string]string{"the database": "", "its log": "-wal"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newFile(t)
			s := open(t, path, sqlite.Limits{})
			company := addCompany(t, s, "Sunrise")
			file, away := path+suffix, path+".away"
			wantRefused := func() {
				t.Helper()
				wantKind(t, s.Write(t.Context(), insert(company, "Lost")), fault.KindUnavailable)
				wantKind(t, s.Ping(t.Context()), fault.KindUnavailable)
			}
			move(t, file, away)
			wantRefused()
			if err := os.WriteFile(file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			wantRefused()
			move(t, away, file)
			mustWrite(t, s, insert(company, "Kept"))
			if err := s.Ping(t.Context()); err != nil || has(t, s, company, "Lost") || !has(t, s, company, "Kept") {
				t.Errorf("the file is back, but: %v", err)
			}
		})
	}
}

// link returns a link to a database, in another folder.
func link(t *testing.T, path string) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), "link.db")
	if err := os.Symlink(path, link); err != nil {
		t.Skipf("no link can be made here: %v", err)
	}
	return link
}

// The log of a database that a link leads to is beside the database.
func TestLinkedFile(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, sqlite.Limits{}) // All that it has is in its log.
	addCompany(t, s, "Sunrise")
	link := link(t, path)
	if version, err := sqlite.VersionOf(t.Context(), link); err != nil || version != sqlite.SchemaVersion() {
		t.Errorf("version %d, %v", version, err)
	}
	if c, err := sqlite.Examine(t.Context(), link, time.Now()); err != nil || c.Standing.Companies != 1 || !slices.Contains(c.Files, path+"-wal") || c.NoIndex {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := os.Stat(link + "-search"); err == nil {
		t.Error("there is a file before the database was opened by the link")
	}
	linked := open(t, link, sqlite.Limits{})
	addCompany(t, linked, "Harbor")
	if files, err := os.ReadDir(filepath.Dir(link)); err != nil || len(files) != 1 {
		t.Errorf("beside the link are %v, %v", files, err)
	}
}

// A link to a disk that is not mounted is no reason to make a database.
func TestLinkToNothing(t *testing.T) {
	t.Parallel()
	absent := filepath.Join(t.TempDir(), "disk", "accounts.db")
	link := link(t, absent)
	_, existing := sqlite.OpenExisting(t.Context(), link)
	_, made := sqlite.Open(t.Context(), link)
	for _, err := range []error{existing, made} {
		if want := link + " is a link to " + absent + ", which is not there; "; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
