package sqlite_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

func TestOpenPath(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"plain.db", "with space.db", "what?mode=memory.db", "a#fragment.db", "100%.db", "%41.db", "a&b=c;d+e.db", "Köln 東京.db", "'quoted\".db", ":memory:",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), name)
			s := open(t, path, sqlite.Limits{})
			addCompany(t, s, "Sunrise")
			files, err := os.ReadDir(filepath.Dir(path))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, file := range files {
				got = append(got, file.Name())
				info, err := file.Info()
				if err != nil {
					t.Fatal(err)
				}
				if mode := info.Mode().Perm(); runtime.GOOS != "windows" && mode != 0o600 {
					t.Errorf("%s has mode %o", file.Name(), mode)
				}
			}
			if want := []string{name, name + "-search", name + "-search-shm", name + "-search-wal", name + "-shm", name + "-wal"}; !reflect.DeepEqual(got, want) {
				t.Errorf("got files %q, want %q", got, want)
			}
		})
	}
}

func TestOpenFails(t *testing.T) {
	t.Parallel()
	if s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder.db")); err == nil {
		_ = s.Close()
		t.Error("opened a file in a folder that is not there")
	}
	text := filepath.Join(t.TempDir(), "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := sqlite.Open(t.Context(), text); err == nil {
		_ = s.Close()
		t.Error("opened a text file")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sqlite.Open(ended, newPath(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want a cancellation", err)
	}
}

func TestOpenNewer(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	execFile(t, path, fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = 1000", sqlite.ApplicationID))
	s, err := sqlite.Open(t.Context(), path)
	if err == nil {
		_ = s.Close()
		t.Fatal("opened a file of a newer program")
	}
	if !strings.Contains(err.Error(), "version 1000") {
		t.Errorf("the error does not tell the version: %v", err)
	}
}

func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	for range 5 {
		path := newPath(t)
		const opens = 8
		errs := make(chan error, opens)
		for i := range opens {
			go func() { errs <- openAndAdd(t.Context(), path, title(i)) }()
		}
		for range opens {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		wantCompanies(t, path, opens)
	}
}

// The server and the command line run in processes of their own.
func TestOpenByProcesses(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	const processes = 4
	errs := make(chan error, processes)
	for i := range processes {
		go func() {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestOpenHelper$")
			cmd.Env = append(os.Environ(), "SQLITE_TEST_PATH="+path, "SQLITE_TEST_NAME="+title(i))
			output, err := cmd.CombinedOutput()
			if err != nil {
				err = fmt.Errorf("%w: %s", err, output)
			}
			errs <- err
		}()
	}
	for range processes {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	wantCompanies(t, path, processes)
}

func TestOpenHelper(t *testing.T) {
	path := os.Getenv("SQLITE_TEST_PATH")
	if path == "" {
		t.Skip("run by TestOpenByProcesses")
	}
	if err := openAndAdd(t.Context(), path, os.Getenv("SQLITE_TEST_NAME")); err != nil {
		t.Fatal(err)
	}
}

func openAndAdd(ctx context.Context, path, name string) error {
	s, err := sqlite.Open(ctx, path)
	if err != nil {
		return err
	}
	err = s.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		return tx.InsertCompany(ctx, &identity.Company{Name: name, CreatedAt: start})
	})
	return errors.Join(err, s.Close())
}

func wantCompanies(t *testing.T, path string, n int) {
	t.Helper()
	s := open(t, path, sqlite.Limits{})
	for i := range n {
		if _, err := s.Company(t.Context(), title(i)); err != nil {
			t.Errorf("company %d: %v", i, err)
		}
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, sqlite.Limits{})
	a := newAccount(addCompany(t, s, "Sunrise"), "Kept")
	a.Custom = account.Custom{"price": json.Number("12345678901234567890.10")}
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
	want, err := s.Account(t.Context(), a.CompanyID, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		t.Error("the log is still there after Close")
	}
	got, err := open(t, path, sqlite.Limits{}).Account(t.Context(), a.CompanyID, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// Another process that holds the write lock must not make writes uncancellable.
func TestWriteWaitsForLock(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path, sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	conn := openFile(t, path)
	if err := conn.Exec(t.Context(), engine.Begin); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan error, 2)
	go func() { answers <- s.Write(ctx, insert(company, title(0))) }()
	go func() { answers <- s.Write(t.Context(), insert(company, title(1))) }()
	waitFor(t, func() bool { return s.Waiting() == 1 })
	cancel()
	first := <-answers
	if err := conn.Exec(t.Context(), engine.Commit); err != nil {
		t.Fatal(err)
	}
	if !errors.Is(first, context.Canceled) {
		t.Errorf("got %v, want a cancellation", first)
	}
	if err := <-answers; err != nil {
		t.Error(err)
	}
	if has(t, s, company, title(0)) || !has(t, s, company, title(1)) {
		t.Error("the cancelled write was done, or the other was not")
	}
}
