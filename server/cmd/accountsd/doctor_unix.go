//go:build linux || darwin

package main

import "golang.org/x/sys/unix"

// freeBytes is the room that is left for this user where a folder is.
func freeBytes(folder string) (free int64, known bool) {
	var disk unix.Statfs_t
	if err := unix.Statfs(folder, &disk); err != nil {
		return 0, false
	}
	return int64(disk.Bavail) * int64(disk.Bsize), true
}

// writable tells whether this user may write to a file or into a folder.
func writable(path string) bool { return unix.Access(path, unix.W_OK) == nil }
