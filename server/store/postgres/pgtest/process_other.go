//go:build !unix

package pgtest

import (
	"errors"
	"fmt"
	"syscall"
)

// account stands for a user of the system. There is none to run programs as
// here, and so no cluster: tests can use one elsewhere, by its URL.
type account struct{}

func servant() (*account, error) {
	return nil, fmt.Errorf("start PostgreSQL on this system: %w", errors.ErrUnsupported)
}

func (*account) own(string) error { return nil }

func (*account) canEnter(string) error { return nil }

func attributes(int, *account) *syscall.SysProcAttr { return nil }

func (*process) pause() ([]int, error) { return nil, errors.ErrUnsupported }

func (*process) resume() error { return errors.ErrUnsupported }

func (p *process) kill() error { return p.Kill() }
