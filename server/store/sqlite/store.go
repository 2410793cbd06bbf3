// Package sqlite is the account.Store on an SQLite file. All writes go through
// one connection, which commits those that wait together; reads run beside it
// on connections of their own.
package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"

	driver "modernc.org/sqlite"

	"github.com/accountsd/accountsd/server/account"
)

// Store is an account.Store on one SQLite file. Several processes may have the
// file open.
type Store struct {
	reader
	path      string
	writer    *writer
	wal       *checkpointer
	reads     *gate
	releases  []func() error
	closeOnce func() error
}

var _ account.Store = (*Store)(nil)

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
	if err := createFile(path); err != nil {
		return nil, fmt.Errorf("create database: %w", err)
	}
	// It spares a flush of the file's times on each commit. Where the
	// platform has no fdatasync, fsync stays, which is as durable.
	_, _ = driver.Fdatasync(true)

	s := &Store{path: path, reads: &gate{}}
	if err := s.connect(ctx, path, limits); err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.closeOnce = sync.OnceValue(s.shutDown)
	go s.wal.run()
	go s.writer.run()
	if s.search != nil {
		go s.search.run()
	}
	return s, nil
}

// minReaders are the connections for reads on a small machine. More than one a
// core, so that a slow read does not keep the others waiting.
const minReaders = 4

// connect opens the connections, and migrates the file before any but the
// writer's is used.
func (s *Store) connect(ctx context.Context, path string, limits limits) error {
	writes, err := s.openConn(ctx, writerDSN(path, limits.restartPages*walFrame))
	if err != nil {
		return err
	}
	if err := migrate(ctx, writes); err != nil {
		return err
	}
	checkpoints, err := newConnector(checkpointDSN(path))
	if err != nil {
		return err
	}
	s.wal = newCheckpointer(s.openPool(checkpoints, 1), limits)
	s.writer = newWriter(writes, s.wal, limits)
	s.onClose(s.writer.session.statements.close)
	if limits.search {
		if err := s.openSearch(ctx, path, limits.pace); err != nil {
			return err
		}
	}
	reads, err := newConnector(readerDSN(path))
	if err != nil {
		return err
	}
	pool := s.openPool(attaching{reads, searchPath(path)}, max(minReaders, runtime.GOMAXPROCS(0)))
	s.reader = reader{session{statements: newStatements(pool), gate: s.reads}, limits.driven, s.writer.index}
	s.onClose(s.session.statements.close)
	return nil
}

// openSearch opens the index of texts.
func (s *Store) openSearch(ctx context.Context, path string, pace pace) error {
	file, err := openSearch(ctx, s.writer.session, searchPath(path))
	if err != nil {
		return err
	}
	s.onClose(file.close)
	records, err := s.openConn(ctx, recordsDSN(path))
	if err != nil {
		return err
	}
	s.writer.index = newIndexer(file, records, s.writer, pace)
	s.onClose(s.writer.index.records.session.statements.close)
	return nil
}

func (s *Store) openPool(connector sqldriver.Connector, size int) *sql.DB {
	db := newPool(connector, size)
	s.onClose(db.Close)
	return db
}

// openConn opens a connection that belongs to no pool.
func (s *Store) openConn(ctx context.Context, dsn string) (*sql.Conn, error) {
	connector, err := newConnector(dsn)
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, s.openPool(connector, 1))
	if err != nil {
		return nil, err
	}
	s.onClose(conn.Close)
	return conn, nil
}

// onClose adds to what releases the file, last opened first.
func (s *Store) onClose(release func() error) { s.releases = append(s.releases, release) }

// Write runs fn in a transaction that may share its commit with other writes.
// See account.Store.
func (s *Store) Write(ctx context.Context, fn func(ctx context.Context, tx account.Tx) error) error {
	return s.writer.write(ctx, fn)
}

// Ping returns nil if the store can answer reads.
func (s *Store) Ping(ctx context.Context) error {
	var tables int
	return s.session.get(ctx, ping, nil, &tables)
}

var ping = statement{thing: "schema", text: `SELECT count(*) FROM sqlite_schema`}

// Close finishes the writes that were called before it, refuses later ones
// with KindUnavailable, and releases the file. Another call waits for the
// first, and returns the same.
func (s *Store) Close() error { return s.closeOnce() }

func (s *Store) shutDown() error {
	if s.search != nil {
		s.search.stop()
	}
	s.writer.stop()
	s.wal.stop()
	s.reads.close(errClosed)
	return errors.Join(s.wal.checkpoint("TRUNCATE"), s.release())
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
