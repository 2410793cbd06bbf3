package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// keep is the program of a keeper. Its standard input is a pipe that the process
// which started it holds open; on it comes the id of the program that runs, or
// an empty line when that has ended. Backends of PostgreSQL lead groups of their
// own, and would go on for a while without the postmaster, so they are killed by
// their parent's id; killed, it leaves a segment of shared memory behind. The
// keeper gets a hangup when it is left alone with a program that is paused.
const keep = `
trap '' HUP TERM
program=
while read -r line; do program=$line; done
kill -s TERM 0
if [ -n "$program" ]; then
	kill -s STOP "$program"
	children=$(cat "/proc/$program/task/$program/children" || pgrep -P "$program")
	kill -s KILL $children "$program"
fi
segment=$(sed -n '7s/.* //p' "$1/data/postmaster.pid")
[ -z "$segment" ] || ipcrm -m "$segment"
for try in 1 2 3 4 5; do
	rm -rf "$1" && break
	sleep 0.2
done
`

// keeper is a shell that keeps watch over a folder and the programs that work in
// it. It outlives a test that is killed, ends the programs and removes the
// folder. So nothing is left, whatever the system, and whichever thread of the
// test started them.
type keeper struct {
	dir     string
	account *account // whom the programs run as; nil: as this process
	shell   *exec.Cmd
	pipe    io.WriteCloser
}

// newKeeper makes a folder in another one ("" is that for temporary files) and
// starts its keeper.
func newKeeper(parent string) (*keeper, error) {
	account, err := servant()
	if err != nil {
		return nil, err
	}
	dir, err := makeFolder(parent, account)
	if err != nil {
		return nil, err
	}
	k := &keeper{dir: dir, account: account, shell: exec.Command("/bin/sh", "-c", keep, "keeper", dir)}
	k.shell.SysProcAttr = attributes(0, nil)
	if k.pipe, err = k.shell.StdinPipe(); err == nil {
		err = k.shell.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start a keeper of %s: %w", dir, err), os.RemoveAll(dir))
	}
	return k, nil
}

func makeFolder(parent string, account *account) (string, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	parent, err := filepath.Abs(parent)
	if err != nil {
		return "", err
	}
	if err := account.canEnter(parent); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "accountsd-postgres-")
	if err != nil {
		return "", err
	}
	return dir, account.own(dir)
}

// command is a program to be run in the folder, in the group of the keeper. Of
// the environment it gets no more than a path: variables like PGPORT would lead
// it elsewhere.
func (k *keeper) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = k.dir
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = attributes(k.shell.Process.Pid, k.account)
	// Those that prepare a cluster have helpers, which they end if they can.
	cmd.Cancel = func() error { return cmd.Process.Signal(plain) }
	cmd.WaitDelay = answers
	return cmd
}

// run runs a program to its end. An error tells what it wrote.
func (k *keeper) run(ctx context.Context, program string, args ...string) error {
	output, err := k.command(ctx, program, args...).CombinedOutput()
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", filepath.Base(program), ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(program), err, bytes.TrimSpace(output))
	}
	return nil
}

// path is that of a file in the folder.
func (k *keeper) path(name string) string { return filepath.Join(k.dir, name) }

// write writes a file that the programs can read.
func (k *keeper) write(name, text string) error {
	if err := os.WriteFile(k.path(name), []byte(text), 0o600); err != nil {
		return err
	}
	return k.account.own(k.path(name))
}

// end has the keeper remove the folder. All that ran in it must have ended.
func (k *keeper) end() error {
	err := errors.Join(k.pipe.Close(), k.shell.Wait())
	if _, statErr := os.Stat(k.dir); statErr == nil {
		err = errors.Join(err, fmt.Errorf("%s could not be removed", k.dir))
	}
	return err
}

// process is a program of a keeper that runs until it is ended.
type process struct {
	*os.Process
	keeper *keeper
	log    string
	done   chan struct{} // closed once it has ended
}

// start starts a program, whose output goes to a file in the folder.
func (k *keeper) start(program string, args ...string) (*process, error) {
	log, err := os.OpenFile(k.path("log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	cmd := k.command(context.Background(), program, args...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(program), err)
	}
	p := &process{Process: cmd.Process, keeper: k, log: log.Name(), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // How it ended is of no interest; its log is.
	}()
	_, err = fmt.Fprintln(k.pipe, p.Pid)
	return p, err
}

func (p *process) hasEnded() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// end sends a signal that ends the process, and kills it if that takes longer
// than patience.
func (p *process) end(signal os.Signal, patience time.Duration) error {
	if p.hasEnded() {
		return nil
	}
	if err := p.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		return p.kill()
	}
	return p.forget()
}

// forget tells the keeper that the process has ended: another one may get its
// id.
func (p *process) forget() error {
	_, err := fmt.Fprintln(p.keeper.pipe)
	return err
}

// until waits until a condition holds. It gives up when the process ends or the
// context does, and then tells the last of the log.
func (p *process) until(ctx context.Context, condition func(context.Context) error) error {
	for {
		err := condition(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("it has ended; its log says\n%s", p.tail())
		case <-ctx.Done():
			return fmt.Errorf("%w: %w; its log says\n%s", ctx.Err(), err, p.tail())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// tail is the end of the log.
func (p *process) tail() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-20):], []byte("\n")))
}

var (
	fast      os.Signal = syscall.SIGINT  // of a postmaster: finish what is under way, and leave a clean state
	immediate os.Signal = syscall.SIGQUIT // of a postmaster: end at once
	plain     os.Signal = syscall.SIGTERM // of other programs
)
