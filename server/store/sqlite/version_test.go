package sqlite_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// setVersion writes the version of a schema into a file, at its place in the header.
func setVersion(t *testing.T, path string, version byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte{0, 0, 0, version}, 60); err != nil {
		t.Fatal(err)
	}
}

// The version of a schema can be read without changing the file, even if it is older
// or newer than what the program knows.
func TestVersionOf(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.db")
	if _, err := sqlite.VersionOf(t.Context(), path); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("of none: %v", err)
	}
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	latest := sqlite.SchemaVersion()
	for _, version := range []int{latest, latest - 1, latest + 1} {
		setVersion(t, path, byte(version))
		before, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := sqlite.VersionOf(t.Context(), path); err != nil || got != version {
			t.Errorf("version %d, %v; want %d", got, err, version)
		}
		if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
			t.Errorf("the file has changed, %v", err)
		}
	}
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) != 2 { // with the index of words
		t.Errorf("left behind: %v, %v", files, err)
	}
}

// A store tells when a newer program has been at its file.
func TestPingOfNewerSchema(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "accounts.db")
	old, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	if err := old.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	execFile(t, path, "PRAGMA user_version = 1000")
	want := fmt.Sprintf("the database has a schema of version 1000, and this program knows only up to %d", sqlite.SchemaVersion())
	if err := old.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
