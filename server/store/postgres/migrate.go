package postgres

import (
	"context"
	"embed"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/migration"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
)

//go:embed migrations/*.sql
var files embed.FS

// migrations are the steps to the schema. The number of those done is in the one row
// of schema_version.
var migrations = migration.Load(files)

// SchemaVersion is the number of the schema that this program knows.
func SchemaVersion() int { return migrations.Latest() }

// Migrations are the steps to that schema.
func Migrations() migration.Steps { return migrations }

// VersionOf returns the version of the schema of a URL's database, and changes
// nothing. Its errors are those of Open.
func VersionOf(ctx context.Context, url string) (int, error) {
	s, err := connect(ctx, url, engine.Config{})
	if err != nil {
		return 0, err
	}
	version, err := s.Version(ctx)
	if err != nil {
		return 0, s.giveUp(err)
	}
	return version, s.Close()
}

const (
	makeVersion = `CREATE TABLE IF NOT EXISTS schema_version (one boolean PRIMARY KEY CHECK (one), version integer NOT NULL)`
	firstRow    = `INSERT INTO schema_version VALUES (true, 0) ON CONFLICT DO NOTHING`
	readVersion = `SELECT version FROM schema_version`
	lockVersion = readVersion + ` FOR UPDATE`

	// Another server's steps, and those of this one, take what they take, whatever the
	// role has as its timeouts. But a step that waits for a lock keeps others waiting.
	waitLong  = `SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0`
	waitShort = `SET LOCAL lock_timeout TO DEFAULT`

	saveVersion = `UPDATE schema_version SET version = $1`
)

// Version returns the version of a database's schema; 0: it has none of ours.
func (s *Store) Version(ctx context.Context) (version int, err error) {
	err = s.Session.Get(ctx, selectVersion, nil, &version)
	if engine.IsUndefined(err) || fault.IsNotFound(err) { // Its row comes after the table.
		return 0, nil
	}
	return version, err
}

var selectVersion = db.Statement{Thing: "schema", Brief: true, Text: readVersion}

const seeDatabase = `SELECT current_setting('server_encoding'), EXISTS (
	SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') AND NOT EXISTS (
		SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'))
AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute WHERE attrelid = to_regclass('schema_version') AND attname = 'one')`

// bringUp is Migrate of a database that has our tables, or none at all: those of
// extensions aside. So a wrong URL changes nothing, and a role that may write records
// only can use a database that is up to date.
func (s *Store) bringUp(ctx context.Context) error {
	version, err := s.Version(ctx)
	if err != nil || version == SchemaVersion() {
		return err
	}
	var encoding string
	var foreign bool
	if err := s.engine.Pool().QueryRow(ctx, seeDatabase).Scan(&encoding, &foreign); err != nil {
		return err
	}
	switch {
	case foreign:
		return s.place.foreign()
	case version == 0 && encoding != "UTF8":
		return s.place.encoded(encoding)
	}
	return s.Migrate(ctx)
}

// Migrate brings the schema up to date. Servers that start at once wait for the one
// that does it.
func (s *Store) Migrate(ctx context.Context) error {
	// It may wait long for another server's steps, and steps may take long.
	if err := prepareVersion(ctx, s.engine.Pool()); err != nil {
		return engine.Interpret(ctx, err, selectVersion)
	}
	return refused(migrations.Up(ctx, &migrated{pool: s.engine.Pool()}))
}

// prepareVersion makes the table that the version is kept in. Two who make it at once
// get in each other's way, even with IF NOT EXISTS.
func prepareVersion(ctx context.Context, pool *pgxpool.Pool) (err error) {
	for range 10 {
		err = pgx.BeginTxFunc(ctx, pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, waitLong, pgx.QueryExecModeSimpleProtocol) // from the next way to the database on
			if err == nil {
				_, err = tx.Exec(ctx, makeVersion+"; "+firstRow, pgx.QueryExecModeSimpleProtocol)
			}
			return err
		})
		if err == nil || !engine.IsTaken(err) && !engine.IsConflict(err) {
			break
		}
	}
	return err
}

// refused makes an error of a schema that is too new one that says so to the caller.
func refused(err error) error {
	if newer, ok := errors.AsType[*migration.NewerError](err); ok {
		return fault.Errorf(fault.KindInvalid, "%s", newer)
	}
	return err
}

// migrated is a database whose schema is brought up to date.
type migrated struct {
	pool *pgxpool.Pool
	tx   pgx.Tx
}

// Alone runs fn under the lock of the row that has the version, which it sees as those
// leave it whom it has waited for.
func (m *migrated) Alone(ctx context.Context, fn func(version int) error) error {
	return pgx.BeginTxFunc(ctx, m.pool, pgx.TxOptions{IsoLevel: pgx.ReadCommitted}, func(tx pgx.Tx) error {
		m.tx = tx
		if _, err := tx.Exec(ctx, waitLong, pgx.QueryExecModeSimpleProtocol); err != nil {
			return err
		}
		var version int
		if err := tx.QueryRow(ctx, lockVersion).Scan(&version); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, waitShort); err != nil {
			return err
		}
		return fn(version)
	})
}

// Apply runs a script.
func (m *migrated) Apply(ctx context.Context, script string, version int) error {
	if _, err := m.tx.Exec(ctx, script, pgx.QueryExecModeSimpleProtocol); err != nil {
		return err
	}
	_, err := m.tx.Exec(ctx, saveVersion, version)
	return err
}

// checkVersion returns an error unless the schema is the one that the program knows.
func (s *Store) checkVersion(ctx context.Context) error {
	version, err := s.Version(ctx)
	switch {
	case err != nil:
		return err
	case version > SchemaVersion():
		return refused(&migration.NewerError{Version: version, Known: SchemaVersion()})
	case version == 0:
		return fault.Errorf(fault.KindUnavailable, "the database has no tables of accountsd yet; make them with accountsd init or accountsd migrate up")
	case version < SchemaVersion():
		return fault.Errorf(fault.KindUnavailable, "the database has a schema of version %d, and this program needs %d; run accountsd migrate up", version, SchemaVersion())
	}
	return nil
}
