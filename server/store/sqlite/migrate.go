package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// migrations are the steps that lead to the schema, in the order of their
// names. The number of those done is the file's user_version.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrationSteps are the names of the migrations, in order.
func migrationSteps() []string {
	steps, _ := fs.Glob(migrations, "migrations/*.sql") // An error is of a wrong pattern.
	return steps
}

var (
	foreignKeysOff = db.Statement{Thing: "database", Text: `PRAGMA foreign_keys = OFF`}
	foreignKeysOn  = db.Statement{Thing: "database", Text: `PRAGMA foreign_keys = ON`}
	selectVersion  = db.Statement{Thing: "schema", Text: `PRAGMA user_version`}
	selectDangling = db.Statement{Thing: "references", Text: `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`}
)

// migrate brings the schema up to date, each step in a transaction of its own.
// A step may replace a table that others refer to, which SQLite allows only
// while foreign keys are off; each step checks them itself.
func migrate(ctx context.Context, conn *engine.Conn) (err error) {
	if err := conn.Exec(ctx, foreignKeysOff); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	defer func() {
		failure := conn.Exec(ctx, foreignKeysOn)
		err = errors.Join(err, failure)
	}()
	steps := migrationSteps()
	for {
		done, err := migrateOnce(ctx, conn, steps)
		if err != nil {
			return fmt.Errorf("migrate database: %w", err)
		}
		if done {
			return nil
		}
	}
}

// migrateOnce does the next step, if there is one. It looks for it under the
// write lock, since another process may be migrating the same file.
func migrateOnce(ctx context.Context, conn *engine.Conn, steps []string) (done bool, err error) {
	err = conn.Transaction(ctx, func() error {
		var version int
		if err := conn.Get(ctx, selectVersion, nil, &version); err != nil {
			return err
		}
		if version > len(steps) {
			return fmt.Errorf("the file's schema has version %d, and this program knows only up to %d: use a newer program", version, len(steps))
		}
		if done = version == len(steps); done {
			return nil
		}
		if err := migrateTo(ctx, conn, steps[version], version+1); err != nil {
			return fmt.Errorf("%s: %w", steps[version], err)
		}
		return nil
	})
	return done, err
}

// migrateTo does a step, which leads to a version.
func migrateTo(ctx context.Context, conn *engine.Conn, step string, version int) error {
	script, err := migrations.ReadFile(step)
	if err != nil {
		return err
	}
	if err := conn.Script(ctx, string(script)); err != nil {
		return err
	}
	if err := checkReferences(ctx, conn); err != nil {
		return err
	}
	return conn.Script(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
}

// checkReferences returns an error if a row refers to one that is not there.
func checkReferences(ctx context.Context, conn *engine.Conn) error {
	var table string
	err := conn.Get(ctx, selectDangling, nil, &table)
	switch {
	case fault.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("rows of %s refer to rows that are not there", table)
}
