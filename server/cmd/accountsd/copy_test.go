package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
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

// newLargeCompany is a database that takes a while to copy.
func newLargeCompany(t *testing.T) *importer {
	t.Helper()
	i := newImporter(t, stores["SQLite"](t))
	row := "title,address,description,custom.roof_type\n" + strings.Repeat("Harbor,1 Pier,"+strings.Repeat("Größe 🏠 ", 1250)+",Tile\n", 800)
	i.wantImport(t, 0, "800 created", i.args(i.write(t, "large.csv", row), "--match-by", "none")...)
	return i
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

// beginCopy starts a copy, and stops it for the time being once it has copied a part.
func beginCopy(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"copy", "--progress", "1ns"}, args...)...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	for lines.Scan() {
		var line struct {
			Msg         string
			Rows, Total int64
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "copying" && line.Rows > 0 {
			if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = io.Copy(io.Discard, stderr) }()
			return cmd
		}
	}
	t.Fatalf("the copy ends with %v", cmd.Wait())
	return nil
}

// A kill in the middle of a copy loses nothing that was copied. What it leaves is of
// no use to anything but a copy.
func TestKillCopy(t *testing.T) {
	t.Parallel()
	i := newLargeCompany(t)
	targets(t, func(t *testing.T, target string) {
		cmd := beginCopy(t, "--from", i.db, "--to", target)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // It was killed.
		_, stderr, code := run(t, "", "copy", "--from", target, "--to", filepath.Join(t.TempDir(), "other.db"))
		if code != 1 || !strings.Contains(stderr, "is only a part of a copy; give the accountsd copy that makes it again to complete it") {
			t.Errorf("a copy of it: exit %d, %s", code, stderr)
		}
		_, stderr, code = run(t, "", "copy", "--from", i.db, "--to", target)
		if code != 0 || !regexp.MustCompile(`; [1-9]\d* of them were copied earlier\n`).MatchString(stderr) {
			t.Errorf("again: exit %d, %s", code, stderr)
		}
		back := filepath.Join(t.TempDir(), "back.db")
		mustRun(t, "copy", "--from", target, "--to", back)
		if mustRun(t, "export", "--db", back, "--company", "C") != mustRun(t, "export", "--db", i.db, "--company", "C") {
			t.Error("the accounts are others after there and back")
		}
	})
}

// What is written to the source meanwhile is not in the copy, which has a status of
// its own then.
func TestCopyOfServedDatabase(t *testing.T) {
	t.Parallel()
	i := newLargeCompany(t)
	targets(t, func(t *testing.T, target string) {
		cmd := beginCopy(t, "--from", i.db, "--to", target)
		mustRun(t, "property", "create", "--db", i.db, "--company", "C", "--name", t.Name(), "--type", "TEXT")
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("ended with %v", cmd.ProcessState)
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

// The commands of the README do what it says.
func TestMoveOfReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n### Moving to PostgreSQL\n")
	section, _, _ = strings.Cut(section, "\n## ")
	db, _ := newCompany(t)
	for _, name := range []string{"rehearsal", "accounts"} {
		command := regexp.MustCompile(`(?m)^accountsd (copy --from accounts.db --to postgres://accountsd@db.example.com/` + name + `)\b`).FindStringSubmatch(section)
		if command == nil {
			t.Fatalf("no copy to %s in the section", name)
		}
		args := strings.Fields(command[1])
		args[2], args[4] = db, pgtest.Database(t)
		mustRun(t, args...)
	}
}
