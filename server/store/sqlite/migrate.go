package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
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

// migrate brings the schema up to date, each step in a transaction of its own.
// A step may replace a table that others refer to, which SQLite allows only
// while foreign keys are off; each step checks them itself.
func migrate(ctx context.Context, conn *sql.Conn) (err error) {
	if _, err := conn.ExecContext(ctx, "PRAGMA foreign_keys = OFF"); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	defer func() {
		_, failure := conn.ExecContext(ctx, "PRAGMA foreign_keys = ON")
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
func migrateOnce(ctx context.Context, conn *sql.Conn, steps []string) (done bool, err error) {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // of no effect after Commit
	var version int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return false, err
	}
	if version > len(steps) {
		return false, fmt.Errorf("the file's schema has version %d, and this program knows only up to %d: use a newer program", version, len(steps))
	}
	if version == len(steps) {
		return true, nil
	}
	script, err := migrations.ReadFile(steps[version])
	if err != nil {
		return false, err
	}
	if _, err := tx.ExecContext(ctx, string(script)); err != nil {
		return false, fmt.Errorf("%s: %w", steps[version], err)
	}
	if err := checkReferences(ctx, tx); err != nil {
		return false, fmt.Errorf("%s: %w", steps[version], err)
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", version+1)); err != nil {
		return false, err
	}
	return false, tx.Commit()
}

// checkReferences returns an error if a row refers to one that is not there.
func checkReferences(ctx context.Context, tx *sql.Tx) error {
	var table string
	err := tx.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("rows of %s refer to rows that are not there", table)
}
