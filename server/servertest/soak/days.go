package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// day is a bad one: what the system answers a server that writes, while it lasts.
type day struct {
	name   string
	inject string // as strace takes it
}

// days are those of a disk. What is read is in memory or on the disk as before.
var days = []day{
	{"the disk is full", "pwrite64,ftruncate,fallocate:error=ENOSPC"},
	{"the disk has become read-only", "pwrite64,ftruncate,fdatasync,fsync:error=EROFS"},
	{"the disk fails to write", "pwrite64:error=EIO"},
	{"the disk fails to sync", "fdatasync,fsync:error=EIO"},
}

// badDays has a server live through bad days under writers: meanwhile it must answer
// reads, and refuse writes in words; afterwards it must write without a restart, and
// have all that it has answered.
func badDays(ctx context.Context, binary string) error {
	return onSample(binary, func(server *exec.Cmd, c caller, db string) error { return c.badDays(ctx, server, db) })
}

// badDays has the server that it calls live through them.
func (c caller) badDays(ctx context.Context, server *exec.Cmd, db string) error {
	l := &ledger{key: c.key, seen: map[int64]int64{}}
	for _, d := range days {
		if err := errors.Join(l.check(c), d.live(ctx, c, l, server.Process.Pid), l.check(c)); err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
	}
	if err := errors.Join(stopped(c, server.Process), l.check(c)); err != nil {
		return fmt.Errorf("stopped: %w", err)
	}
	if out, err := exec.CommandContext(ctx, server.Path, "verify", "--db", db).CombinedOutput(); err != nil {
		return fmt.Errorf("verify: %w\n%s", err, out)
	}
	return nil
}

// live has the writers write through the day.
func (d day) live(ctx context.Context, c caller, l *ledger, pid int) error {
	var writing sync.WaitGroup
	end := make(chan struct{})
	refused := &refusals{counts: make(map[string]int)}
	for i := range l.accounts {
		writing.Go(func() { l.writeThrough(c, i, refused, end) })
	}
	time.Sleep(300 * time.Millisecond)
	strace := exec.CommandContext(ctx, "strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace="+strings.Split(d.inject, ":")[0], "-e", "inject="+d.inject, "-p", fmt.Sprint(pid))
	if err := strace.Start(); err != nil {
		return err
	}
	err := refused.wait()
	var got shown
	err = errors.Join(err, c.ask("GET", "/accounts/1?include_archived=true", "", &got))
	_ = strace.Process.Signal(syscall.SIGINT) // It lets go of the server.
	_ = strace.Wait()
	time.Sleep(300 * time.Millisecond)
	answered := l.answered
	err = errors.Join(err, recovered(c))
	close(end)
	writing.Wait()
	fmt.Printf("%s: refused %v; %d updates answered until then\n", d.name, refused.counts, answered)
	return err
}

// refusals are the answers to writes that were no success.
type refusals struct {
	mu     sync.Mutex
	counts map[string]int
	wrong  error
}

func (r *refusals) add(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	refused, ok := errors.AsType[refusal](err)
	if !ok || !strings.HasPrefix(refused.status, "503") && !strings.HasPrefix(refused.status, "507") {
		r.wrong = err
	}
	r.counts[refused.status]++
}

// wait waits until some writes were refused.
func (r *refusals) wait() error {
	for range 200 {
		time.Sleep(25 * time.Millisecond)
		r.mu.Lock()
		n, wrong := len(r.counts), r.wrong
		r.mu.Unlock()
		if wrong != nil {
			return wrong
		}
		if n > 0 {
			time.Sleep(300 * time.Millisecond)
			return nil
		}
	}
	return errors.New("no write was refused")
}

// writeThrough updates an account until the end, and goes on after refusals.
func (l *ledger) writeThrough(c caller, i int, refused *refusals, end <-chan struct{}) {
	a := &l.accounts[i]
	for {
		select {
		case <-end:
			return
		default:
		}
		var got shown
		body := fmt.Sprintf(`{"value":%d,"title":"Writer %d at %d"}`, a.value+1, i, a.value+1)
		if err := c.ask("PATCH", fmt.Sprintf("/accounts/%d", i+1), body, &got); err != nil {
			refused.add(err)
			time.Sleep(20 * time.Millisecond)
			continue
		}
		a.value, a.version = a.value+1, got.Version
		l.count()
	}
}

// recovered waits until a write succeeds.
func recovered(c caller) error {
	var err error
	for range 200 {
		if err = c.ask("PATCH", fmt.Sprintf("/accounts/%d", writers+1), fmt.Sprintf(`{"description":"at %d"}`, time.Now().UnixNano()), nil); err == nil {
			return nil
		}
		time.Sleep(25 * time.Millisecond)
	}
	return fmt.Errorf("it does not write again: %w", err)
}

// stopped has the server stand still for longer than a caller waits.
func stopped(c caller, server *os.Process) error {
	if err := server.Signal(syscall.SIGSTOP); err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond) // until all its threads have
	hasty := c
	hasty.http = &http.Client{Timeout: 500 * time.Millisecond}
	err := hasty.ask("GET", "/accounts/1?include_archived=true", "", nil)
	if resumed := server.Signal(syscall.SIGCONT); resumed != nil {
		return resumed
	}
	if err == nil {
		return errors.New("it has answered while it was stopped")
	}
	fmt.Println("stopped: nothing was answered until it went on")
	return recovered(c)
}
