package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/migration"
)

// keepCopy copies a file whose schema is about to be brought up, since there is no way
// back. The copy is beside it, with the version of its schema in its name. Where
// another process has just made that, it is as good.
func keepCopy(ctx context.Context, f file) error {
	if f.unfinished || f.version == 0 || f.version >= SchemaVersion() {
		return nil
	}
	to, err := freeName(fmt.Sprintf("%s.schema%d", f.path, f.version))
	if err != nil {
		return err
	}
	switch err := (Backup{From: f.path, To: to}).Run(ctx); {
	case fault.KindOf(err) == fault.KindConflict:
		return nil
	case err != nil:
		return fault.Errorf(fault.KindOf(err), "%s is not migrated, since no copy of it can be kept: %s", f.path, err)
	}
	migration.Logger(ctx).InfoContext(ctx, "kept a copy of the database as it was before it is migrated", "path", to)
	return nil
}

// freeName returns a name that no file has: that one, or with a number behind it.
func freeName(name string) (string, error) {
	for number := 1; ; number++ {
		path := name
		if number > 1 {
			path = fmt.Sprintf("%s.%d", name, number)
		}
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
}

// WithoutCopy has no copy kept of a file of an older schema.
func WithoutCopy() Option { return func(l *limits) { l.keep = false } }
