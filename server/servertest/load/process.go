package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a running server on a copy of a filled file.
type process struct {
	program
	cmd     *exec.Cmd
	addr    string
	db      string
	key     string
	started time.Duration // from the start to the first answer
	idle    usage
}

// usage is what a process has used so far.
type usage struct {
	cpu           time.Duration
	rss, anon     int // in kB
	most          int // of rss, ever
	wal, database int64
}

// serve starts the server, and waits until it answers.
func (s *process) serve() (err error) {
	if s.addr, err = freeAddr(); err != nil {
		return err
	}
	s.cmd = exec.Command(s.binary, "serve", "--db", s.db, "--addr", s.addr, "--rate-limit", "0")
	if s.isLimit() {
		s.cmd = exec.Command(s.binary, "limit", s.db, s.addr)
	}
	begin := time.Now()
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for !s.answers() {
		if time.Since(begin) > time.Minute {
			return fmt.Errorf("%s does not answer", s.cmd)
		}
		time.Sleep(time.Millisecond)
	}
	s.started = time.Since(begin)
	return nil
}

// answers tells whether a request for an account, which needs a key, is answered.
func (s *process) answers() bool {
	c, err := dial(s.addr, s.key)
	if err != nil {
		return false
	}
	defer c.Close()
	a, err := c.send("GET", "/v1/accounts/1", nil)
	return err == nil && (a.status == 200 || a.status == 404)
}

// stop ends the server, and waits for that.
func (s *process) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	err := s.cmd.Wait()
	if s.isLimit() {
		return nil // a signal ends it
	}
	return err
}

// remove removes the server's files.
func (s *process) remove() (err error) {
	if isURL(s.db) {
		return nil // It goes with its cluster.
	}
	for _, ending := range []string{"", "-wal", "-shm", "-search", "-search-wal", "-search-shm"} {
		if failed := os.Remove(s.db + ending); !errors.Is(failed, os.ErrNotExist) {
			err = errors.Join(err, failed)
		}
	}
	return err
}

// settle waits until the server has done what it does behind its answers, as
// indexing: until it has hardly worked for a while. It does not wait for ever.
func (s *process) settle(while, most time.Duration) {
	before := s.used().cpu
	for range most / while {
		time.Sleep(while)
		now := s.used().cpu
		if now-before <= while/100 {
			return
		}
		before = now
	}
}

// used reads what the process has used.
func (s *process) used() usage {
	var u usage
	pid := strconv.Itoa(s.cmd.Process.Pid)
	stat, _ := os.ReadFile("/proc/" + pid + "/stat")
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) > 12 {
		const tick = time.Second / 100 // of all Linux systems
		user, _ := strconv.Atoi(string(fields[11]))
		system, _ := strconv.Atoi(string(fields[12]))
		u.cpu = time.Duration(user+system) * tick
	}
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	for line := range strings.Lines(string(status)) {
		for name, to := range map[string]*int{"VmRSS:": &u.rss, "RssAnon:": &u.anon, "VmHWM:": &u.most} {
			if rest, ok := strings.CutPrefix(line, name); ok {
				*to, _ = strconv.Atoi(strings.Fields(rest)[0])
			}
		}
	}
	u.wal, u.database = sizeOf(s.db+"-wal"), sizeOf(s.db)
	return u
}

func sizeOf(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// freeAddr returns a loopback address that nothing listens at.
func freeAddr() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// copyFile copies a file, if it is there.
func copyFile(from, to string) error {
	if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	output, err := exec.Command("cp", from, to).CombinedOutput()
	if err != nil {
		return fmt.Errorf("copy %s: %w: %s", from, err, output)
	}
	return nil
}
