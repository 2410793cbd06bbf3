package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/accountsd/accountsd/server/store/sqlite"
)

// leastFree is the room that a disk must have left, in bytes: for the log of writes, and
// some hours in which nobody looks.
const leastFree = 512 << 20

// lookAtFiles looks at who can read and write the files of a database, and at the room
// beside them.
func (d *diagnosis) lookAtFiles(c sqlite.Condition) {
	folder := filepath.Dir(c.Path)
	if runtime.GOOS != "windows" { // which has no such modes
		d.lookAtModes(c.Files, folder)
	}
	if c.ReadOnlyDisk {
		d.wrong("disk", "%s is mounted read-only; the system's log may tell why", folder)
	}
	for _, file := range append([]string{folder}, c.Files...) {
		if !c.ReadOnlyDisk && !writable(file) {
			d.wrong("files", "this user may not write to %s; run the doctor as the user of the server, or give it the files: chown -R USER %s", file, folder)
		}
	}
	d.isWell("files", "%s is its owner's alone, who may write to it", c.Path)
	free, known := freeBytes(folder)
	switch {
	case !known:
		d.note("disk", "how much room is left at %s cannot be told on this system", folder)
	case free < leastFree:
		d.wrong("disk", "only %s are left at %s; make room, or move the database to a larger disk", bytesText(free), folder)
	case free < c.Size:
		d.note("disk", "%s are left at %s, which is less than the database has: there is no room for a copy of it", bytesText(free), folder)
	default:
		d.ok("disk", "%s are left", bytesText(free))
	}
}

// lookAtModes finds files that others than their owner can read, and folders in which
// others could put another file in their place.
func (d *diagnosis) lookAtModes(files []string, folder string) {
	var open []string
	for _, file := range files {
		if info, err := os.Stat(file); err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, file)
		}
	}
	if len(open) > 0 {
		d.wrong("files", "others than the owner can read or write %s, with all its records; chmod 600 %s", strings.Join(open, ", "), strings.Join(open, " "))
	}
	if info, err := os.Stat(folder); err == nil && info.Mode().Perm()&0o022 != 0 && info.Mode()&os.ModeSticky == 0 {
		d.wrong("files", "others than the owner can put files in the place of those in %s; chmod go-w %s", folder, folder)
	}
}

// bytesText writes a size as people read it.
func bytesText(n int64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%d GiB", n>>30)
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", (n+1023)>>10)
}
