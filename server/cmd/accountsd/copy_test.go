package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// targets are empty databases of each kind, by name.
func targets(t *testing.T, test func(t *testing.T, target string)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "copy.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, pgtest.Database(t))
	})
}

// A copy prints what it has copied, and the copy of a copy is the first database.
func TestCopy(t *testing.T) {
	t.Parallel()
	targets(t, func(t *testing.T, target string) {
		db, _ := newCompany(t)
		stdout, stderr, code := run(t, "", "copy", "--from", db, "--to", target)
		if code != 0 || !regexp.MustCompile(`^\d+ rows are the same in both databases, after [\d.]+m?s\n$`).MatchString(stderr) {
			t.Fatalf("exit %d\n%s", code, stderr)
		}
		if !regexp.MustCompile(`(?m)^TABLE +ROWS +CHECKSUM\n(?s:.*)^api_keys +1 +[0-9a-f]{16}\n(?s:.*)^companies +1 +[0-9a-f]{16}$`).MatchString(stdout) {
			t.Errorf("printed %s", stdout)
		}
		back := filepath.Join(t.TempDir(), "back.db")
		if again := mustRun(t, "copy", "--from", target, "--to", back); again+"\n" != stdout {
			t.Errorf("there %s\nand back %s", stdout, again)
		}
		for _, args := range [][]string{{"export", "--company", "C"}, {"user", "list", "--company", "C"}, {"key", "list", "--company", "C"}, {"property", "list", "--company", "C"}} {
			if before, after := mustRun(t, append(args, "--db", db)...), mustRun(t, append(args, "--db", back)...); before != after {
				t.Errorf("%v: %s\nand there and back %s", args, before, after)
			}
		}
		_, stderr, code = run(t, "", "copy", "--from", db, "--to", target)
		if want := "accountsd: the target has records already, in the table changes; copy into a new file or an empty database\n"; code != 1 || stderr != want {
			t.Errorf("exit %d\n got %swant %s", code, stderr, want)
		}
	})
}

func TestCopyErrors(t *testing.T) {
	t.Parallel()
	db, _ := newCompany(t)
	dir := t.TempDir()
	absent, foreign := filepath.Join(dir, "absent.db"), filepath.Join(dir, "foreign.txt")
	if err := os.WriteFile(foreign, []byte("something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to string
		want     string
	}{
		{absent, filepath.Join(dir, "new.db"), "there is no database at " + absent + "; make one with accountsd init, or name another file with --from"},
		{db, foreign, foreign + " is not a database of accountsd; name another file with --to"},
		{db, db, "the target has records already, in the table changes; copy into a new file or an empty database"},
		{db, filepath.Join(dir, "no", "new.db"), "the folder " + filepath.Join(dir, "no") + " is not there; make it first, or name another file with --to"},
	} {
		stdout, stderr, code := run(t, "", "copy", "--from", c.from, "--to", c.to)
		if code != 1 || stdout != "" || stderr != fmt.Sprintf("accountsd: %s\n", c.want) {
			t.Errorf("exit %d, stdout %q\n got %swant %s", code, stdout, stderr, c.want)
		}
	}
	for _, name := range []string{absent, filepath.Join(dir, "new.db")} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s was made", name)
		}
	}
}

// A database that is copied from is left as it is: servers of another version may use it.
func TestCopyMakesNoTablesInSource(t *testing.T) {
	t.Parallel()
	source, target := pgtest.Database(t), filepath.Join(t.TempDir(), "copy.db")
	for range 2 {
		stdout, stderr, code := run(t, "", "copy", "--from", source, "--to", target)
		if want := "accountsd: the database has no tables of accountsd yet; make them with accountsd init or accountsd migrate up\n"; code != 1 || stdout != "" || stderr != want {
			t.Errorf("exit %d, stdout %q\n got %swant %s", code, stdout, stderr, want)
		}
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("the target was made")
	}
}
