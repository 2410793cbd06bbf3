package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"
)

// A program that waits for its standard input ends by a signal, and says so by its status.
func TestInterruptedWhileItReads(t *testing.T) {
	t.Parallel()
	cmd := newShell(t).command("batch", "-")
	in, err := cmd.StdinPipe()
	must(t, err)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	must(t, cmd.Start())
	// This is more than a pipe holds: once it is written, the program reads.
	_, err = io.WriteString(in, strings.Repeat("\n", 1<<18))
	must(t, err)
	must(t, cmd.Process.Signal(syscall.SIGINT))
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 130 {
		t.Errorf("%v: %s", err, errs.String())
	}
}

// Nor does a question or a secret wait on for who has given the program up.
func TestInterruptedQuestions(t *testing.T) {
	t.Parallel()
	in, typed := io.Pipe() // in which nobody writes
	t.Cleanup(func() { _ = typed.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	// What is given up may read for a while yet, so each is of its own.
	asking := func(in io.Reader) *terminal {
		return &terminal{in: in, out: io.Discard, err: io.Discard, inTTY: true, errTTY: true}
	}
	asked := asking(in)
	if err := asked.confirm(ctx, "Remove it?"); err == nil || err.Error() != "nothing was done" {
		t.Errorf("a question: %v", err)
	}
	if _, err := asked.secret(ctx, "Key: "); !errors.Is(err, context.Canceled) {
		t.Errorf("a secret: %v", err)
	}
	for answer, want := range map[string]bool{"y\n": true, " Yes\n": true, "n\n": false, "\n": false, "": false} {
		if err := asking(strings.NewReader(answer)).confirm(t.Context(), "Remove it?"); (err == nil) != want {
			t.Errorf("%q: %v", answer, err)
		}
	}
}
