//go:build !unix

package db

// SyncData has no effect: the platform has no fdatasync.
func SyncData() {}
