//go:build unix && !aix && !illumos && !solaris

package engine

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// isTaken tells whether another process has the turn. If not, this one has it.
func isTaken(dir *os.File) bool {
	err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	return errors.Is(err, unix.EWOULDBLOCK) || errors.Is(err, unix.EINTR)
}

func release(dir *os.File) { _ = unix.Flock(int(dir.Fd()), unix.LOCK_UN) }
