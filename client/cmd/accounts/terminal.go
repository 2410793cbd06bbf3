package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode"

	"golang.org/x/term"

	"github.com/accountsd/accountsd/gen/plural"
)

// terminal is where the program reads and writes.
type terminal struct {
	in               io.Reader
	out, err         io.Writer
	inTTY            bool
	outTTY, errTTY   bool
	outColor, errRed bool
}

func newTerminal(in, out, err *os.File) *terminal {
	t := &terminal{in: in, out: out, err: err}
	t.inTTY, t.outTTY, t.errTTY = isTerminal(in), isTerminal(out), isTerminal(err)
	colors := os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	t.outColor, t.errRed = colors && t.outTTY, colors && t.errTTY
	return t
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// secret reads what must not be on the command line, where others could see
// it: the first line of standard input. A terminal does not show it.
func (t *terminal) secret(ctx context.Context, prompt string) (string, error) {
	if file, ok := t.in.(*os.File); ok && t.inTTY {
		return t.hidden(ctx, file, prompt)
	}
	text, err := awaited(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(t.in, 4096)) })
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSpace(line), nil
}

// hidden asks for a line that a terminal does not show. One that is interrupted shows again
// what is typed.
func (t *terminal) hidden(ctx context.Context, file *os.File, prompt string) (string, error) {
	fd := int(file.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	fmt.Fprint(t.err, prompt)
	line, err := awaited(ctx, func() ([]byte, error) { return term.ReadPassword(fd) })
	fmt.Fprintln(t.err)
	return strings.TrimSpace(string(line)), errors.Join(err, term.Restore(fd, before))
}

// awaited returns what read does, unless ctx ends before: a signal does not end a read of
// standard input, on which the program would wait for who has given it up.
func awaited[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		value, err := read()
		done <- result{value, err}
	}()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return result{}.value, context.Cause(ctx)
	}
}

// styled is text in a style of ANSI X3.64, or as it is.
func styled(on bool, style int, text string) string {
	if !on {
		return text
	}
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", style, text)
}

func (t *terminal) red(text string) string  { return styled(t.errRed, 31, text) }
func (t *terminal) bold(text string) string { return styled(t.outColor, 1, text) }

// plain replaces what a terminal would obey: a record's text may come from
// anybody.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r):
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// progress counts records on standard error while a long list is read.
type progress struct {
	t     *terminal
	count int
	last  time.Time
	shown bool
}

// progress returns a count to keep, which shows only on a terminal, and only
// where the records themselves are not written to it as they come.
func (t *terminal) progress(f format) *progress {
	if !t.errTTY || t.outTTY && f != formatTable {
		return &progress{}
	}
	return &progress{t: t, last: time.Now()}
}

func (p *progress) add() {
	p.count++
	if p.t == nil || time.Since(p.last) < 200*time.Millisecond {
		return
	}
	p.last, p.shown = time.Now(), true
	fmt.Fprintf(p.t.err, "\r%s...", plural.Of(p.count, "record", "records"))
}

func (p *progress) done() {
	if p.shown {
		fmt.Fprint(p.t.err, "\r\x1b[K")
	}
}

// confirm asks before something that cannot be undone.
func (t *terminal) confirm(ctx context.Context, question string) error {
	if !t.inTTY || !t.errTTY {
		return usagef("%s Confirm it with --yes", question)
	}
	fmt.Fprintf(t.err, "%s [y/N] ", question)
	answer, err := awaited(ctx, func() (string, error) {
		text := make([]byte, 64)
		n, err := t.in.Read(text)
		return string(text[:n]), err
	})
	if ctx.Err() != nil {
		fmt.Fprintln(t.err) // below the question
	}
	if err != nil || !strings.HasPrefix(strings.ToLower(strings.TrimSpace(answer)), "y") {
		return usagef("nothing was done")
	}
	return nil
}
