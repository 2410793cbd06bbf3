// Package sqlite is the store.Store on an SQLite file. All writes go through
// one connection, which commits those that wait together; reads run beside it
// on connections of their own.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	driver "modernc.org/sqlite"

	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite/commit"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// Store is a store.Store on one SQLite file. Several processes may have the
// file open.
type Store struct {
	reader
	path      string
	writes    *db.Conn // the writer's
	writer    *commit.Writer
	releases  []func() error
	closeOnce func() error
}

var _ store.Store = (*Store)(nil)

// limits are how much is done at once.
type limits struct {
	commit commit.Limits
	driven int            // the most accounts that a list sorts
	text   bool           // keep a text index
	pace   textindex.Pace // of the index
}

var defaultLimits = limits{commit: commit.DefaultLimits, driven: maxDriven, text: true, pace: textindex.DefaultPace}

// Open opens the file at path, which it makes if there is none, readable for
// its owner only, and brings its schema up to date. A file that a newer
// program has written is an error. The store is the caller's to close.
func Open(ctx context.Context, path string) (*Store, error) {
	return open(ctx, path, defaultLimits)
}

func open(ctx context.Context, path string, limits limits) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := db.CreateFile(path); err != nil {
		return nil, fmt.Errorf("create database: %w", err)
	}
	// It spares a flush of the file's times on each commit. Where the
	// platform has no fdatasync, fsync stays, which is as durable.
	_, _ = driver.Fdatasync(true)

	s := &Store{path: path}
	if err := s.connect(ctx, path, limits); err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.closeOnce = sync.OnceValue(s.shutDown)
	s.writer.Start()
	if s.text != nil {
		go s.text.Run()
	}
	return s, nil
}

// minReaders are the connections for reads on a small machine. More than one a
// core, so that a slow read does not keep the others waiting.
const minReaders = 4

// connect opens the connections, and migrates the file before any but the
// writer's is used.
func (s *Store) connect(ctx context.Context, path string, limits limits) (err error) {
	if s.writes, err = s.openConn(ctx, commit.DSN(path, limits.commit)); err != nil {
		return err
	}
	s.writes.Whole = true
	if err := migrate(ctx, s.writes.Conn); err != nil {
		return err
	}
	checkpoints, err := s.openConn(ctx, commit.CheckpointDSN(path))
	if err != nil {
		return err
	}
	s.writer = commit.New(s.writes, checkpoints, limits.commit)
	if limits.text {
		s.text, err = textindex.Open(ctx, path, s.writes.Session, s.writer.Write, textKinds, limits.pace)
		if err != nil {
			return err
		}
		s.onClose(s.text.Close)
	}
	pool, err := s.openReaders(path)
	if err != nil {
		return err
	}
	s.session, s.driven = db.NewSession(pool), limits.driven
	s.onClose(s.session.Statements.Close)
	return nil
}

func (s *Store) openConn(ctx context.Context, dsn string) (*db.Conn, error) {
	conn, err := db.Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	s.onClose(conn.Close)
	return conn, nil
}

func (s *Store) openReaders(path string) (*sql.DB, error) {
	connector, err := db.NewConnector(db.DSN(path, db.LockTimeout,
		"foreign_keys(1)", "synchronous(FULL)", "cache_size(-4000)", "query_only(1)"))
	if err != nil {
		return nil, err
	}
	pool := db.NewPool(textindex.Attach(connector, path), max(minReaders, runtime.GOMAXPROCS(0)))
	s.onClose(pool.Close)
	return pool, nil
}

// onClose adds to what releases the file, last opened first.
func (s *Store) onClose(release func() error) { s.releases = append(s.releases, release) }

// Write runs fn in a transaction that may share its commit with other writes.
// See store.Store.
func (s *Store) Write(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	tx := &transaction{texts: s.text != nil}
	err := s.writer.Write(ctx, func(ctx context.Context, session db.Session) error {
		tx.reader = reader{session: session, driven: s.driven}
		return fn(ctx, tx)
	})
	if err == nil && tx.queued {
		s.text.Wake()
	}
	return err
}

// Look runs fn on a snapshot, by a connection that cannot write.
func (s *Store) Look(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.session.Snapshot(ctx, func(session db.Session) error {
		return fn(ctx, &transaction{reader: reader{session: session, driven: s.driven}})
	})
}

// Ping returns nil if the store can answer reads.
func (s *Store) Ping(ctx context.Context) error {
	var tables int
	return s.session.Get(ctx, ping, nil, &tables)
}

var ping = db.Statement{Thing: "schema", Text: `SELECT count(*) FROM sqlite_schema`}

// Close finishes the writes that were called before it, refuses later ones
// with KindUnavailable, and releases the file. Another call waits for the
// first, and returns the same.
func (s *Store) Close() error { return s.closeOnce() }

func (s *Store) shutDown() error {
	if s.text != nil {
		s.text.Stop()
	}
	s.writer.Stop()
	s.session.Gate.Close(commit.ErrClosed)
	return errors.Join(s.writer.Truncate(), s.release())
}

// release closes the connections.
func (s *Store) release() error {
	var err error
	for _, release := range slices.Backward(s.releases) {
		err = errors.Join(err, release())
	}
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}
