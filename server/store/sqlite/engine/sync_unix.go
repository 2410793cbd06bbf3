//go:build unix

package engine

import (
	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// SyncData makes commits flush a file's data, but not its times, which is as
// durable and takes less. Where the platform has no fdatasync, all is flushed.
func SyncData() {
	tls := libc.NewTLS()
	defer tls.Close()
	lib.Xmodernc_fdatasync(tls, 1)
}
