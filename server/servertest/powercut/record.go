package powercut

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/accountsd/accountsd/client"
)

// patience is how long a server may take to start or to stop, traced.
const patience = 30 * time.Second

// recording is what a server was asked and what it did to its files.
type recording struct {
	before *disk // it was started on
	events []event
	acks   []ack
}

// ack is a write that was answered.
type ack struct {
	account, writer, version int64
	at                       time.Time
}

// record runs a server on a database, and has clients work meanwhile.
func record(ctx context.Context, binary, database, key string, work func(context.Context, *writers) error) (_ *recording, err error) {
	folder := filepath.Dir(database)
	r := &recording{}
	if r.before, err = newDisk(folder); err != nil {
		return nil, err
	}
	known := r.before.known()
	traces, err := os.MkdirTemp("", "powercut")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(traces)
	s, err := startTraced(ctx, binary, database, filepath.Join(traces, "calls"))
	if err != nil {
		return nil, err
	}
	c, err := client.New(s.url, client.WithAPIKey(key))
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	w := &writers{client: c}
	err = work(ctx, w)
	if err = errors.Join(err, s.stop()); err != nil {
		return nil, err
	}
	r.acks = w.acks
	trace, err := os.Open(s.trace)
	if err != nil {
		return nil, err
	}
	defer trace.Close()
	events, err := readTrace(trace, folder, known)
	r.events = moments(events)
	return r, err
}

// traced is a server whose calls are written to a file.
type traced struct {
	process    *exec.Cmd
	url, trace string
	log        *bytes.Buffer
	logged     chan struct{}
}

func startTraced(ctx context.Context, binary, database, trace string) (*traced, error) {
	// With -D the server is our child, and strace is nobody's.
	process := exec.CommandContext(ctx, "strace", "-D", "-f", "-y", "-ttt", "-T", "-xx", "-s", fmt.Sprint(64<<20), "-e", "trace="+strings.Join(calls, ","), "-o", trace,
		binary, "serve", "--db", database, "--addr", "127.0.0.1:0", "--rate-limit", "0")
	stderr, err := process.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, err
	}
	s := &traced{process: process, trace: trace, log: &bytes.Buffer{}, logged: make(chan struct{})}
	lines := bufio.NewReader(stderr)
	for s.url == "" {
		line, err := lines.ReadString('\n')
		s.log.WriteString(line)
		if err != nil {
			close(s.logged)
			return nil, errors.Join(fmt.Errorf("the server has ended: %s", s.log), s.stop())
		}
		_, url, _ := strings.Cut(line, `"url":"`)
		s.url, _, _ = strings.Cut(url, `"`)
	}
	go func() { defer close(s.logged); _, _ = io.Copy(s.log, lines) }()
	return s, nil
}

// stop ends the server, and waits until its trace is complete.
func (s *traced) stop() error {
	_ = s.process.Process.Signal(syscall.SIGTERM)
	kill := time.AfterFunc(patience, func() { _ = s.process.Process.Kill() })
	defer kill.Stop()
	<-s.logged
	if err := s.process.Wait(); err != nil {
		return fmt.Errorf("the server has ended: %w\n%s", err, s.log)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if trace, err := os.ReadFile(s.trace); err != nil || bytes.Contains(trace, fmt.Appendf(nil, "%d +++ exited", s.process.Process.Pid)) ||
			bytes.HasSuffix(trace, []byte("+++\n")) {
			return err
		}
	}
	return errors.New("the trace does not end")
}

// writers are clients that each write an account of their own.
type writers struct {
	client *client.Client
	mu     sync.Mutex
	acks   []ack
}

// title is what the account of a writer has as its title in a version.
func title(writer, version int64) string { return fmt.Sprintf("Writer%d wrote %d", writer, version) }

// writeAll has so many writers add an account each and change it so often.
func (w *writers) writeAll(ctx context.Context, first, writers, versions int64) error {
	errs := make([]error, writers)
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() { errs[i] = w.write(ctx, first+i, versions) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (w *writers) write(ctx context.Context, writer, versions int64) error {
	made, err := w.client.Accounts.Create(ctx, client.AccountCreate{Title: title(writer, 1), Address: []string{"1 Main St"}}, client.MatchBy(client.MatchNone))
	for version := int64(1); err == nil; version++ {
		w.answered(ack{account: made.ID, writer: writer, version: version, at: time.Now()})
		if version == versions {
			break
		}
		_, err = w.client.Accounts.Update(ctx, made.ID, client.AccountPatch{Title: client.Set(title(writer, version+1))})
	}
	return err
}

func (w *writers) answered(a ack) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.acks = append(w.acks, a)
}
