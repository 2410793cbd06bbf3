package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/accountsd/accountsd/server/fault"
)

// locate returns the absolute path of the file that a path leads to over links, since
// SQLite has the log beside that. Of what is not there yet it is the path itself.
func locate(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("locate database: %w", err)
	}
	if file, err := filepath.EvalSymlinks(path); err == nil {
		return file, nil
	}
	return path, nil
}

// refuseLink says of a file that is not there what a link of its name leads to: its
// disk may not be mounted.
func refuseLink(path string) error {
	target, err := os.Readlink(path)
	if err != nil {
		return nil
	}
	return fault.Errorf(fault.KindNotFound, "%s is a link to %s, which is not there; see whether its disk is mounted, or name another file with --db", path, target)
}

// held are the files of a database that is open, by their paths.
type held map[string]fs.FileInfo

// hold notes which files are at the places of a database, and its log, that is open.
func hold(path string) held {
	files := held{}
	if runtime.GOOS == "windows" { // where nobody else can move them
		return files
	}
	for _, path := range []string{path, path + "-wal"} {
		if info, err := os.Stat(path); err == nil {
			files[path] = info
		}
	}
	return files
}

// check returns KindUnavailable once one of the files is not in its place any more.
// What is written to it then, nobody who opens the database finds.
func (h held) check() error {
	for path, was := range h {
		now, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(now, was) {
			return &fault.Error{
				Kind:    fault.KindUnavailable,
				Message: "the file of the database was moved, removed or replaced while it was open",
				Err:     fmt.Errorf("%s is not the file that was opened; put that back, or start the server again", path),
			}
		}
	}
	return nil
}
