package sqlite_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// makeFile makes a database with a company, and returns its path.
func makeFile(t *testing.T) string {
	t.Helper()
	path := newPath(t)
	if err := openAndAdd(t.Context(), path, "Sunrise"); err != nil {
		t.Fatal(err)
	}
	return path
}

// spoil overwrites a part of a file from an offset on.
func spoil(t *testing.T, path string, offset int64) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err == nil {
		_, err = file.WriteAt(bytes.Repeat([]byte{0xa5}, int(info.Size()-offset)), offset)
	}
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
}

// What cannot be the database is refused in one sentence, and stays as it is.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	const foreign = "%s is not a database of accountsd; name another file with --db"
	for name, c := range map[string]struct {
		make func(t *testing.T, path string)
		want string
	}{
		"a text file": {func(t *testing.T, path string) {
			if err := os.WriteFile(path, bytes.Repeat([]byte("no database\n"), 100), 0o600); err != nil {
				t.Fatal(err)
			}
		}, foreign},
		"another program's mark": {func(t *testing.T, path string) {
			execFile(t, path, "PRAGMA application_id = 252006673; CREATE TABLE blob (rid INTEGER PRIMARY KEY)")
		}, foreign},
		"another program's tables": {func(t *testing.T, path string) {
			execFile(t, path, "CREATE TABLE companies (id INTEGER PRIMARY KEY)")
		}, foreign},
		"another program's version": {func(t *testing.T, path string) {
			execFile(t, path, "CREATE TABLE accounts (id INTEGER PRIMARY KEY); PRAGMA user_version = 3")
		}, foreign},
		"another program's version of ours": {func(t *testing.T, path string) {
			execFile(t, path, "CREATE TABLE accounts (id INTEGER PRIMARY KEY); PRAGMA user_version = 66")
		}, foreign},
		"a newer schema": {func(t *testing.T, path string) {
			execFile(t, path, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 1000", sqlite.ApplicationID))
		}, fmt.Sprintf("%%s has a schema of version 1000, and this program knows only up to %d; use the newer accountsd that wrote it", sqlite.SchemaVersion())},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := newPath(t)
			c.make(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			wantRefused(t, path, fmt.Sprintf(c.want, path))
			after, err := os.ReadFile(path)
			if err != nil || !bytes.Equal(before, after) {
				t.Errorf("the file was changed: %v", err)
			}
			files, err := os.ReadDir(filepath.Dir(path))
			if err != nil || len(files) != 1 {
				t.Errorf("there are %d files: %v", len(files), err)
			}
		})
	}
}

// wantRefused opens a file in both ways.
func wantRefused(t *testing.T, path, want string) {
	t.Helper()
	if s, err := sqlite.Open(t.Context(), path); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
		if s != nil {
			_ = s.Close()
		}
	}
	if s, err := sqlite.OpenExisting(t.Context(), path); err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
		if s != nil {
			_ = s.Close()
		}
	}
}

func TestOpenFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wantRefused(t, dir, dir+" is a folder; name a file, as in --db "+filepath.Join(dir, "accounts.db"))
}

func TestOpenExisting(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	_, err := sqlite.OpenExisting(t.Context(), path)
	if want := "there is no database at " + path + "; make one with accountsd init, or name another file with --db"; err == nil || err.Error() != want || !fault.IsNotFound(err) {
		t.Errorf("got %v\nwant %s", err, want)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a file was made")
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = sqlite.OpenExisting(t.Context(), path)
	if want := path + " is empty; make the database with accountsd init, or name another file with --db"; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	s, err := sqlite.OpenExisting(t.Context(), makeFile(t))
	if err != nil {
		t.Fatal(err)
	}
	if !s.Checked() {
		t.Error("a small file was not looked for damage")
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// A file from before files were marked is marked.
func TestOpenAdopts(t *testing.T) {
	t.Parallel()
	path := makeFile(t)
	execFile(t, path, "PRAGMA application_id = 0; CREATE INDEX of_a_property ON accounts (title)")
	s, err := sqlite.OpenExisting(t.Context(), path)
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var id int
	if queryFile(t, path, "PRAGMA application_id", &id); id != sqlite.ApplicationID {
		t.Errorf("the mark is %d", id)
	}
}

func TestOpenDamaged(t *testing.T) {
	t.Parallel()
	for name, offset := range map[string]int64{"its first page": 100, "a later page": 8192} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := makeFile(t)
			spoil(t, path, offset)
			wantRefused(t, path, path+" is damaged; restore it from a copy, or save what can be read with sqlite3 "+path+" .recover")
		})
	}
}

// A store whose file is damaged while it is open says so.
func TestPingDamaged(t *testing.T) {
	t.Parallel()
	path := makeFile(t)
	s := open(t, path, sqlite.Limits{})
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	spoil(t, path, 4096)
	_, _ = s.Company(t.Context(), "Sunrise")
	_, _ = s.Users(t.Context(), 1, identity.UserFilter{}, 0, 10)
	if err := s.Ping(t.Context()); fault.KindOf(err) != fault.KindUnavailable {
		t.Errorf("got %v", err)
	}
}
