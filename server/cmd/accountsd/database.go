package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

func dbFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name:    "db",
		Usage:   "`PATH` of the SQLite file, which init makes, or the URL of a PostgreSQL database, as postgres://user@host/name",
		Value:   "accounts.db",
		Sources: fromEnv("DB"),

		Validator: checkDatabase,
	}
}

// checkDatabase refuses what is meant for a database server and would be taken for the
// path of a file. It is not quoted, since it may hold a password.
func checkDatabase(db string) error {
	if isPostgres(db) {
		return nil
	}
	if strings.Contains(db, "://") || strings.Contains(db, "dbname=") || strings.HasPrefix(db, "host=") {
		return errors.New("must be the PATH of an SQLite file, or a URL that begins with postgres://")
	}
	return nil
}

// isPostgres tells what is meant for a URL from the path of a file.
func isPostgres(db string) bool {
	return strings.HasPrefix(db, "postgres:") || strings.HasPrefix(db, "postgresql:")
}

// nameOf is what messages call a database. A URL may hold a password.
func nameOf(db string) string {
	if isPostgres(db) {
		return postgres.Name(db)
	}
	return db
}

// opening says how a command opens its database. The zero value is that of one which
// works beside servers.
type opening struct {
	create bool // also makes the file
	up     bool // brings up the schema of a PostgreSQL database, which servers of another version may use
	keep   bool // leaves the schema as it is, also of an SQLite file
	noCopy bool // keeps no copy of an SQLite file that is brought up
	serves bool // does what a server does in the background

	connections int // to a PostgreSQL server, at most

	watcher observe.Groups // is told of what is committed; nil: nobody is

	clockOff func(ahead time.Duration) // see postgres.Config
}

// commandConnections are those of a command that is no server.
const commandConnections = 4

// openStore opens the database of the command line.
func openStore(ctx context.Context, db string, how opening) (store.Store, error) {
	if isPostgres(db) {
		return openPostgres(ctx, db, how)
	}
	return openSQLite(ctx, db, how)
}

func openPostgres(ctx context.Context, url string, how opening) (store.Store, error) {
	return orNil[store.Store](postgres.Open(ctx, url, postgres.Config{
		Config:     engine.Config{MaxConns: max(how.connections, commandConnections), Watcher: how.watcher},
		KeepSchema: !how.up || how.keep,
		Quiet:      !how.serves,
		ClockOff:   how.clockOff,
	}))
}

// orNil is what was opened, or an interface that is nil: not one of a type and nil.
func orNil[I any](s I, err error) (_ I, _ error) {
	if err != nil {
		var none I
		return none, err
	}
	return s, nil
}

func openSQLite(ctx context.Context, path string, how opening) (store.Store, error) {
	if how.keep {
		if err := checkVersion(ctx, path); err != nil {
			return nil, err
		}
	}
	open := sqlite.OpenExisting
	if how.create {
		open = sqlite.Open
	}
	options := []sqlite.Option{sqlite.Watched(how.watcher)}
	if how.serves {
		options = append(options, sqlite.LookingAside())
	}
	if how.noCopy {
		options = append(options, sqlite.WithoutCopy())
	}
	return orNil[store.Store](open(ctx, path, options...))
}

// checkVersion refuses a file that opening would migrate.
func checkVersion(ctx context.Context, path string) error {
	version, err := sqlite.VersionOf(ctx, path)
	if err == nil && version < sqlite.SchemaVersion() {
		err = fault.Errorf(fault.KindUnavailable, "%s has a schema of version %d, and this program needs %d; run accountsd migrate up",
			path, version, sqlite.SchemaVersion())
	}
	return err
}

// schemaVersion is that of the schema which the program needs of a database.
func schemaVersion(db string) int {
	if isPostgres(db) {
		return postgres.SchemaVersion()
	}
	return sqlite.SchemaVersion()
}

// warnOfDamage tells if the file was too large to be looked for damage.
func warnOfDamage(s store.Store, logger *slog.Logger) {
	if file, ok := s.(*sqlite.Store); ok && !file.Checked() {
		logger.Warn("the file is too large to look for damage at the start; accountsd doctor does that", "mostBytes", sqlite.MaxChecked)
	}
}

// whileSound calls serve with a context that ends when ctx does, or when the file proves
// to be damaged. The error is what Open would have refused it with.
func whileSound(ctx context.Context, s store.Store, serve func(context.Context) error) error {
	file, ok := s.(*sqlite.Store)
	if !ok {
		return serve(ctx)
	}
	served, end := context.WithCancelCause(ctx)
	defer end(nil)
	go func() {
		if err := file.Sound(served); err != nil {
			end(err)
		}
	}()
	err := serve(served)
	if damage := context.Cause(served); damage != nil && ctx.Err() == nil {
		return damage
	}
	return err
}

// storeAction is what a command does with the store.
type storeAction = func(context.Context, *cli.Command, store.Store) error

// inStore has a command carried out with the store open. Only init makes one: a
// wrong path would else be an empty database.
func inStore(do storeAction) cli.ActionFunc {
	return withStore(func(ctx context.Context, cmd *cli.Command) (store.Store, error) {
		return openStore(ctx, cmd.String("db"), opening{})
	}, do)
}

func withStore(open func(context.Context, *cli.Command) (store.Store, error), do storeAction) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) (err error) {
		s, err := open(ctx, cmd)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		return do(ctx, cmd, s)
	}
}

// inCompany is inStore for a command on one company.
func inCompany(do func(context.Context, *cli.Command, store.Store, identity.Company) error) cli.ActionFunc {
	return inStore(func(ctx context.Context, cmd *cli.Command, s store.Store) error {
		company, err := s.Company(ctx, cmd.String("company"))
		if fault.IsNotFound(err) {
			return fmt.Errorf("--company %s: %w; accountsd company list shows the companies", fault.Quote(cmd.String("company")), err)
		}
		if err != nil {
			return err
		}
		return do(ctx, cmd, s, company)
	})
}

// The pauses between the tries of a server that waits for its database.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 2 * time.Second
)

// tellClock logs that the clocks of this machine and of its database are not together.
func tellClock(logger *slog.Logger) func(ahead time.Duration) {
	return func(ahead time.Duration) {
		if ahead == 0 {
			logger.Info("the clocks of the database and of this machine are together again")
			return
		}
		logger.Warn("the clocks of the database and of this machine are apart; the database's is gone by, as all its servers do: set them, and have them kept right",
			"ahead", ahead.Round(time.Second).String())
	}
}

// openServed opens the database of a server. Where database and server start at
// once, as after a power cut, the server waits for one that cannot be reached yet.
func openServed(ctx context.Context, cmd *cli.Command, watcher observe.Groups, logger *slog.Logger) (store.Store, error) {
	how := opening{up: true, keep: !cmd.Bool("migrate"), noCopy: !cmd.Bool("keep-copy"), serves: true, connections: cmd.Int("db-connections"), watcher: watcher, clockOff: tellClock(logger)}
	db, end, told := cmd.String("db"), time.Now().Add(cmd.Duration("db-wait")), ""
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		s, err := openStore(ctx, db, how)
		if err == nil || !isPostgres(db) || fault.KindOf(err) != fault.KindUnavailable || time.Now().Add(pause).After(end) {
			return s, err
		}
		if told != err.Error() {
			told = err.Error()
			logger.Warn("waiting for the database", "error", told, "until", end.UTC().Format(time.RFC3339))
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(pause):
		}
	}
}
