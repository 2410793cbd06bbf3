//go:build !unix

package sqlite

// isOnReadOnlyDisk cannot be told on this system.
func isOnReadOnlyDisk(string) bool { return false }
