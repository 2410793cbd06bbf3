package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest/bustle"
)

// catchingUp is how long a follower may take, once nothing is written any more, to have
// all that the source has.
const catchingUp = 2 * time.Minute

// standby is a process that follows a server.
type standby struct {
	binary, from, db, key string
	process               *exec.Cmd
	log                   *bytes.Buffer
}

func (s *standby) start() error {
	s.log = new(bytes.Buffer)
	s.process = exec.Command(s.binary, "follow", "--from", s.from, "--db", s.db, "--interval", "50ms")
	s.process.Env, s.process.Stderr = append(os.Environ(), "ACCOUNTSD_KEY="+s.key), s.log
	return s.process.Start()
}

// end ends the process with a signal. One that has ended by itself has failed.
func (s *standby) end(signal os.Signal) error {
	if err := s.process.Process.Signal(signal); err != nil {
		return fmt.Errorf("the follower has ended: %w\n%s", err, s.log)
	}
	err := s.process.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() >= 0 {
		return fmt.Errorf("the follower has ended with status %d\n%s", exit.ExitCode(), s.log)
	}
	return nil
}

// run runs a command of accountsd on the copy, with the key of the source.
func (s *standby) run(args ...string) (string, error) {
	cmd := exec.Command(s.binary, args...)
	cmd.Env = append(os.Environ(), "ACCOUNTSD_KEY="+s.key)
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", args[0], withOutput(err), out)
	}
	return string(out), nil
}

// follow kills a server and its follower so many times each, at random, under writers of
// all that there is, and then looks whether the copy is what the server has.
func follow(ctx context.Context, binary string, times int) (err error) {
	dir, err := os.MkdirTemp("", "follow")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	db := filepath.Join(dir, "accounts.db")
	f, err := newFleet(ctx, binary, db, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.stop()) }()
	s := &standby{binary: binary, from: f.urls()[0], db: filepath.Join(dir, "copy.db"), key: f.key}
	if err := s.start(); err != nil {
		return err
	}
	written, err := killBoth(ctx, f, s, times)
	if err != nil {
		return errors.Join(err, s.process.Process.Kill())
	}
	fmt.Printf("%d kills of the source and %d of the follower, %d writes answered\n", times, times, written)
	return checkCopy(ctx, s, db)
}

// killBoth lets writers write while both are killed.
func killBoth(ctx context.Context, f *fleet, s *standby, times int) (written int64, err error) {
	c, err := client.New(f.urls()[0], client.WithAPIKey(f.key), client.WithRetries(0))
	if err != nil {
		return 0, err
	}
	var crew bustle.Bustle
	if err := crew.Prepare(ctx, c); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil { // Run ends when the source is gone.
			crew.Run(ctx, c, writers)
			time.Sleep(10 * time.Millisecond)
		}
	}()
	err = killAtRandom(ctx, f.servers[0], s, times)
	cancel()
	<-done
	return crew.Written(), err
}

func killAtRandom(ctx context.Context, n *node, s *standby, times int) error {
	for source, follower := times, times; source+follower > 0; {
		time.Sleep(time.Duration(20+rand.IntN(600)) * time.Millisecond)
		if rand.IntN(source+follower) < source {
			source--
			if err := n.end(syscall.SIGKILL); err != nil {
				return err
			}
			if err := n.start(ctx); err != nil {
				return err
			}
			continue
		}
		follower--
		if err := s.end(syscall.SIGKILL); err != nil {
			return err
		}
		if err := s.start(); err != nil {
			return err
		}
	}
	return nil
}

// checkCopy waits until the follower has caught up, compares the copy with the source,
// promotes it, and looks whether it can be served.
func checkCopy(ctx context.Context, s *standby, source string) error {
	began := time.Now()
	same, err := s.run("verify", "--db", s.db, "--against", s.from)
	for err != nil && time.Since(began) < catchingUp {
		time.Sleep(200 * time.Millisecond)
		same, err = s.run("verify", "--db", s.db, "--against", s.from)
	}
	if err != nil {
		return errors.Join(err, s.end(syscall.SIGTERM), fmt.Errorf("the copy has not become what the source has\n%s", s.log))
	}
	fmt.Printf("equal after %s:\n%s", time.Since(began).Round(10*time.Millisecond), same)
	if err := s.end(syscall.SIGTERM); err != nil {
		return err
	}
	want, err := s.run("verify", "--db", source)
	if err != nil {
		return err
	}
	key, err := s.run("promote", "--db", s.db)
	if err != nil {
		return err
	}
	got, err := s.run("verify", "--db", s.db)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("the histories end in other hashes:\n%s\n%s", want, got)
	}
	return serveCopy(ctx, s, strings.TrimSpace(key))
}

// serveCopy writes to a copy that was promoted.
func serveCopy(ctx context.Context, s *standby, key string) error {
	process, url, err := serve(s.binary, s.db)
	if err != nil {
		return err
	}
	defer func() { _ = process.Process.Kill(); _ = process.Wait() }()
	c, err := client.New(url, client.WithAPIKey(key))
	if err != nil {
		return err
	}
	made, err := c.Accounts.Create(ctx, client.AccountCreate{Title: "After the promotion", Address: []string{"1 Main Street"}})
	if err != nil {
		return fmt.Errorf("write to the copy: %w", err)
	}
	fmt.Printf("promoted, with the same hash of the history, and served; the next account is %d, with number %d\n", made.ID, made.Number)
	return nil
}
