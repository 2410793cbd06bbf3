//go:build unix

package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// account is a user of the system.
type account struct {
	name     string
	uid, gid uint32
}

// servant is whom programs run as that refuse to be run by root: nil if this
// process is not run by root.
func servant() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		found, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(found.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(found.Gid, 10, 32)
		return &account{name, uint32(uid), uint32(gid)}, errors.Join(uidErr, gidErr)
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody")
}

// own gives a file to the account.
func (a *account) own(path string) error {
	if a == nil {
		return nil
	}
	return os.Chown(path, int(a.uid), int(a.gid))
}

// canEnter returns an error if the account cannot get into a folder. It looks at
// what all users may, as that is what temporary folders differ in.
func (a *account) canEnter(dir string) error {
	if a == nil {
		return nil
	}
	for ; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("PostgreSQL does not run as root, and the user %s cannot enter %s: run \"chmod o+x %s\", or set TMPDIR to another folder", a.name, dir, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

// attributes are those of a program in the group of processes, run by the
// account. 0 is a group of its own: an interrupt from the terminal ends neither
// a keeper nor what it watches.
func attributes(group int, a *account) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pgid: group}
	if a != nil {
		attr.Credential = &syscall.Credential{Uid: a.uid, Gid: a.gid}
	}
	return attr
}

// pause stops the process and its children where they are. The parent comes
// first, so that it makes no more of them.
func (p *process) pause() ([]int, error) {
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		return nil, err
	}
	children, err := childrenOf(p.Pid)
	for _, child := range children {
		err = errors.Join(err, send(child, syscall.SIGSTOP))
	}
	return children, err
}

// resume lets the process and its children go on.
func (p *process) resume() error {
	children, err := childrenOf(p.Pid)
	for _, child := range children {
		err = errors.Join(err, send(child, syscall.SIGCONT))
	}
	return errors.Join(err, p.Signal(syscall.SIGCONT))
}

// kill ends the process and its children without a chance to do anything
// between, and waits until they are gone.
func (p *process) kill() error {
	if p.hasEnded() {
		return nil
	}
	children, err := p.pause()
	for _, child := range children {
		err = errors.Join(err, send(child, syscall.SIGKILL))
	}
	err = errors.Join(err, p.Kill())
	<-p.done
	for _, child := range children {
		err = errors.Join(err, waitFor(child))
	}
	return errors.Join(err, p.forget())
}

// send sends a signal; a process that is gone needs none.
func send(pid int, signal syscall.Signal) error {
	if err := syscall.Kill(pid, signal); !errors.Is(err, syscall.ESRCH) {
		return err
	}
	return nil
}

// childrenOf are the ids of the children of a process.
func childrenOf(pid int) ([]int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		text, err = exec.Command("pgrep", "-P", strconv.Itoa(pid)).Output()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() == 1 {
		return nil, nil // pgrep says so of a process without children.
	}
	var children []int
	for field := range strings.FieldsSeq(string(text)) {
		child, numErr := strconv.Atoi(field)
		err = errors.Join(err, numErr)
		children = append(children, child)
	}
	return children, err
}

// waitFor waits for the end of a process that is no child of this one. One that
// nobody has asked how it ended counts as ended.
func waitFor(pid int) error {
	for range 1000 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return nil
		}
		stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if bytes.Contains(stat, []byte(") Z ")) {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("process %d does not end", pid)
}
