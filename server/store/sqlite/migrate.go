package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/migration"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

//go:embed migrations/*.sql
var files embed.FS

// migrations are the steps to the schema. The number of those done is the file's
// user_version.
var migrations = migration.Load(files)

// Migrations are the steps to the schema that this program knows.
func Migrations() migration.Steps { return migrations }

var (
	foreignKeysOff = db.Statement{Thing: "database", Text: `PRAGMA foreign_keys = OFF`}
	foreignKeysOn  = db.Statement{Thing: "database", Text: `PRAGMA foreign_keys = ON`}
	selectVersion  = db.Statement{Thing: "schema", Text: `PRAGMA user_version`}
	selectDangling = db.Statement{Thing: "references", Text: `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`}
)

// migrate brings the schema up to date. A step may replace a table that others
// refer to, which SQLite allows only while foreign keys are off; each step checks
// them itself.
func migrate(ctx context.Context, conn *engine.Conn, steps migration.Steps) (err error) {
	if err := conn.Exec(ctx, foreignKeysOff); err != nil {
		return fmt.Errorf("migrate database: %w", err)
	}
	defer func() { err = errors.Join(err, conn.Exec(ctx, foreignKeysOn)) }()
	return steps.Up(ctx, migrated{conn})
}

// migrated is a file whose schema is brought up to date.
type migrated struct{ conn *engine.Conn }

// Alone runs fn under the write lock, since another process may be migrating the
// same file.
func (m migrated) Alone(ctx context.Context, fn func(version int) error) error {
	return m.conn.Transaction(ctx, func() error {
		var version int
		if err := m.conn.Get(ctx, selectVersion, nil, &version); err != nil {
			return err
		}
		return fn(version)
	})
}

// sealing is the step from which on the entries of history have hashes, which SQL cannot
// make.
const sealing = "_history_hashes.sql"

// sealInterval is how often it is told how far they are.
const sealInterval = 5 * time.Second

// seal makes the hashes of the history that there is.
func (m migrated) seal(ctx context.Context) error {
	log, told := migration.Logger(ctx), time.Now()
	return records.Seal(ctx, m.conn.Session, func(done int64) {
		if time.Since(told) >= sealInterval {
			told = time.Now()
			log.InfoContext(ctx, "giving the history its hashes", "entries", done)
		}
	})
}

// Apply runs a script, and what the program does in that step.
func (m migrated) Apply(ctx context.Context, script string, version int) error {
	if err := m.conn.Script(ctx, script); err != nil {
		return err
	}
	if strings.HasSuffix(migrations.Name(version), sealing) {
		if err := m.seal(ctx); err != nil {
			return err
		}
	}
	if err := checkReferences(ctx, m.conn); err != nil {
		return err
	}
	return m.conn.Script(ctx, fmt.Sprintf("PRAGMA user_version = %d", version))
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
