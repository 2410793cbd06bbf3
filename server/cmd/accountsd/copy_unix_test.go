//go:build unix

package main_test

import (
	"bufio"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// newLargeCompany is a database that takes a while to copy.
func newLargeCompany(t *testing.T) *importer {
	t.Helper()
	i := newImporter(t, stores["SQLite"](t))
	row := "title,address,description,custom.roof_type\n" + strings.Repeat("Harbor,1 Pier,"+strings.Repeat("Größe 🏠 ", 1250)+",Tile\n", 800)
	i.wantImport(t, 0, "800 created", i.args(i.write(t, "large.csv", row), "--match-by", "none")...)
	return i
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
	accounts := mustRun(t, "export", "--db", i.db, "--company", "C") // which the audit notes, so before the copies
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
		if mustRun(t, "export", "--db", back, "--company", "C") != accounts {
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
