//go:build unix

package main_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a command of a page may take. The first of README builds
// the program.
const patience = 5 * time.Minute

// terminal is a shell that keeps its variables from one command to the next.
type terminal struct {
	scripts string // the folder for what it is to carry out
	count   int    // of the scripts
	stdin   io.WriteCloser
	output  *output
	read    int // of the output
	ended   chan error
}

// newTerminal starts a shell in a folder. It ends with the test, together with all
// that it has started.
func newTerminal(t *testing.T, dir string, env []string) *terminal {
	t.Helper()
	term := &terminal{scripts: t.TempDir(), output: &output{}, ended: make(chan error, 1)}
	cmd := exec.Command("bash", "-eu", "-o", "pipefail")
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdout, cmd.Stderr = term.output, term.output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// What it leaves in the background keeps the output open.
	cmd.WaitDelay = 10 * time.Second
	var err error
	if term.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { term.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		_ = term.stdin.Close()
		select {
		case <-term.ended:
		case <-time.After(10 * time.Second):
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	})
	return term
}

// start lets the shell carry out commands, and returns what it prints after them.
func (term *terminal) start(t *testing.T, commands string) (end string) {
	t.Helper()
	term.count++
	script := filepath.Join(term.scripts, strconv.Itoa(term.count))
	if err := os.WriteFile(script, []byte(commands), 0o600); err != nil {
		t.Fatal(err)
	}
	end = "=== end of " + script + "\n"
	// From a file, since commands may read what is typed.
	if _, err := fmt.Fprintf(term.stdin, ". '%s' </dev/null\nprintf '=== end of %%s\\n' '%[1]s'\n", script); err != nil {
		t.Fatalf("the shell has ended: %v\n%s", err, term.output)
	}
	return end
}

// run carries out commands to their end, and returns what they print.
func (term *terminal) run(t *testing.T, commands string) string {
	t.Helper()
	end := term.start(t, commands)
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		if printed, _, ok := strings.Cut(term.output.String()[term.read:], end); ok {
			term.read += len(printed) + len(end)
			return printed
		}
		select {
		case err := <-term.ended:
			term.ended <- err
			t.Fatalf("the commands failed: %v\n%s\n%s", err, commands, term.output.String()[term.read:])
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Fatalf("the commands do not end:\n%s\n%s", commands, term.output.String()[term.read:])
	return ""
}

// await waits until what is printed since the last command is what is due.
func (term *terminal) await(t *testing.T, due string, is func(printed string) bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !is(term.output.String()[term.read:]) {
		select {
		case err := <-term.ended:
			term.ended <- err
			if printed := term.output.String()[term.read:]; !is(printed) {
				t.Fatalf("the other terminal has ended: %v\n%s", err, printed)
			}
			return
		case <-time.After(5 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("the other terminal does not print\n%s\nbut\n%s", due, term.output.String()[term.read:])
		}
	}
}
