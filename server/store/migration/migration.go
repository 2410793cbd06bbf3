// Package migration brings the schema of a database up to date, in numbered steps
// that only go forward.
package migration

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
)

// Steps are the scripts that lead to a schema, in the order of their names. The
// version of a schema is how many of them are done.
type Steps struct {
	files fs.FS
	names []string
}

// Load returns the steps in the folder "migrations" of files that are part of the
// program.
func Load(files fs.FS) Steps {
	names, _ := fs.Glob(files, "migrations/*.sql") // An error is of a wrong pattern.
	return Steps{files: files, names: names}
}

// Latest is the version that the steps lead to.
func (s Steps) Latest() int { return len(s.names) }

// To returns the steps to a version.
func (s Steps) To(version int) Steps { return Steps{files: s.files, names: s.names[:version]} }

// Name is that of the step which leads to a version.
func (s Steps) Name(version int) string { return s.names[version-1] }

// Database is one whose schema is brought up to date.
type Database interface {
	// Alone runs fn in a transaction, beside which no other one on the database
	// migrates, and commits it unless fn fails. Fn gets the version of the schema.
	Alone(ctx context.Context, fn func(version int) error) error

	// Apply runs a script in that transaction. After it the schema has a version.
	Apply(ctx context.Context, script string, version int) error
}

// Up does the steps that were not done, each in a transaction of its own. The error
// of a schema that is newer is a *NewerError.
func (s Steps) Up(ctx context.Context, d Database) error {
	isNew := false
	for done := false; !done; {
		from := 0
		err := d.Alone(ctx, func(version int) (err error) {
			from, isNew = version, isNew || version == 0
			done, err = s.next(ctx, d, version)
			return err
		})
		if err != nil {
			return fmt.Errorf("migrate database: %w", err)
		}
		if !done && !isNew { // There is nothing to tell of a database that was empty.
			Logger(ctx).InfoContext(ctx, "migrated the database", "from", from, "to", from+1)
		}
	}
	return nil
}

// loggerKey is of the logger in a context.
type loggerKey struct{}

// LogTo returns a context with which Up tells a logger of its steps.
func LogTo(ctx context.Context, logger *slog.Logger) context.Context {
	return context.WithValue(ctx, loggerKey{}, logger)
}

// Logger is that of LogTo, or else the default one.
func Logger(ctx context.Context) *slog.Logger {
	if logger, ok := ctx.Value(loggerKey{}).(*slog.Logger); ok {
		return logger
	}
	return slog.Default()
}

// next does the step after a version, if there is one.
func (s Steps) next(ctx context.Context, d Database, version int) (done bool, err error) {
	switch {
	case version > s.Latest():
		return false, &NewerError{Version: version, Known: s.Latest()}
	case version == s.Latest():
		return true, nil
	}
	name := s.Name(version + 1)
	script, err := fs.ReadFile(s.files, name)
	if err == nil {
		err = d.Apply(ctx, string(script), version+1)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", name, err)
	}
	return false, nil
}

// NewerError is of a schema that a newer program has made.
type NewerError struct{ Version, Known int }

// Error says what to do.
func (e *NewerError) Error() string {
	return fmt.Sprintf("the schema has version %d, and this program knows only up to %d: use a newer program", e.Version, e.Known)
}
