//go:build !unix

package engine

// SyncData has no effect: the platform has no fdatasync.
func SyncData() {}
