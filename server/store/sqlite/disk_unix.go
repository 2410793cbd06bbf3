//go:build unix

package sqlite

import (
	"errors"

	"golang.org/x/sys/unix"
)

// isOnReadOnlyDisk tells whether nobody can write to a file, whatever its mode.
func isOnReadOnlyDisk(path string) bool {
	return errors.Is(unix.Access(path, unix.W_OK), unix.EROFS)
}
