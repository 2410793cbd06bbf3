package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// OpenFollower is Open also for a file that follows another installation, which the
// others refuse.
func OpenFollower(ctx context.Context, path string) (*Store, error) {
	return openFollower(ctx, path, true)
}

// OpenExistingFollower is OpenFollower for a file that must be there.
func OpenExistingFollower(ctx context.Context, path string) (*Store, error) {
	return openFollower(ctx, path, false)
}

func openFollower(ctx context.Context, path string, create bool) (*Store, error) {
	limits := defaultLimits
	limits.follows = true
	return open(ctx, path, create, limits)
}

var selectFollowing = db.Statement{Thing: "schema", Text: `SELECT count(*) FROM sqlite_schema WHERE name = '` + records.Following + `'`}

// Follows tells whether the file follows another installation.
func (s *Store) Follows(ctx context.Context) (bool, error) {
	n, err := s.Session.Number(ctx, selectFollowing)
	return n > 0, err
}

// RemoveFollower removes the file at path, if there is one, which must follow another
// installation, and what SQLite and the index of words have beside it.
func RemoveFollower(ctx context.Context, path string) error {
	path, err := locate(path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	found, err := inspect(ctx, path, "ro", false)
	if err != nil {
		return err
	}
	if !found.follows {
		return fault.Errorf(fault.KindConflict, "%s does not follow another installation, so it is not removed; name another file with --db", path)
	}
	for _, file := range []string{textindex.FilePath(path), path} {
		for _, end := range []string{"-wal", "-shm", ""} {
			if err := os.Remove(file + end); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("remove database: %w", err)
			}
		}
	}
	return nil
}
