package sqlite_test

import (
	"bytes"
	"context"
	"os"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// makeLargeFile makes one that is not looked at in no time, of which most is filling.
func makeLargeFile(t *testing.T) string {
	t.Helper()
	path := makeFile(t)
	execFile(t, path, "CREATE TABLE filling (x); INSERT INTO filling VALUES (zeroblob(8000000))")
	return path
}

func nothing(context.Context, store.Tx) error { return nil }

// A file that proves to be damaged while reads are answered is not written to.
func TestLookingAsideFindsDamage(t *testing.T) {
	t.Parallel()
	path := makeLargeFile(t)
	spoil(t, path, 4_000_000)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sqlite.OpenExisting(t.Context(), path, sqlite.LookingAside())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Company(t.Context(), "Sunrise"); err != nil {
		t.Errorf("a read: %v", err)
	}
	want := path + " is damaged; restore it from a copy, or save what can be read with sqlite3 " + path + " .recover"
	for name, got := range map[string]error{
		"the look": s.Sound(t.Context()), "a write": s.Write(t.Context(), nothing), "a rehearsal": s.Rehearse(t.Context(), nothing),
	} {
		if got == nil || got.Error() != want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file is not as it was: %v", err)
	}
}

// What a crash has left is looked at before it is opened.
func TestLookingAsideAfterCrash(t *testing.T) {
	t.Parallel()
	path := makeLargeFile(t)
	spoil(t, path, 4_000_000)
	if err := os.WriteFile(path+"-wal", make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := sqlite.OpenExisting(t.Context(), path, sqlite.LookingAside()); err == nil {
		t.Error("it is opened")
		_ = s.Close()
	}
}

// A sound file is written to once that is known, and a store can be closed before.
func TestLookingAside(t *testing.T) {
	t.Parallel()
	path := makeLargeFile(t)
	for range 3 {
		s, err := sqlite.OpenExisting(t.Context(), path, sqlite.LookingAside())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Write(t.Context(), nothing); err != nil {
			t.Error(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if s, err = sqlite.OpenExisting(t.Context(), path, sqlite.LookingAside()); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if err := s.Write(t.Context(), nothing); fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("a write to what is closed: %v", err)
		}
	}
}
