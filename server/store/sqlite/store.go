// Package sqlite is the account.Store on an SQLite file. All writes go through
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
	"sync"

	driver "modernc.org/sqlite"

	"github.com/accountsd/accountsd/server/account"
)

// Store is an account.Store on one SQLite file. Several processes may have the
// file open.
type Store struct {
	reader
	writer     *writer
	wal        *checkpointer
	reads      *gate
	databases  []*sql.DB
	writerConn *sql.Conn
	closeOnce  func() error
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

	s := &Store{reads: &gate{}}
	if err := s.connect(ctx, path, limits); err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.closeOnce = sync.OnceValue(s.shutDown)
	go s.wal.run()
	go s.writer.run()
	return s, nil
}

// minReaders are the connections for reads on a small machine. More than one a
// core, so that a slow read does not keep the others waiting.
const minReaders = 4

// connect opens the connections, and migrates the file before any but the
// writer's is used.
func (s *Store) connect(ctx context.Context, path string, limits limits) error {
	writes, err := s.openPool(writerDSN(path, limits.restartPages*walFrame), 1)
	if err != nil {
		return err
	}
	if s.writerConn, err = connect(ctx, writes); err != nil {
		return err
	}
	if err := migrate(ctx, s.writerConn); err != nil {
		return err
	}
	reads, err := s.openPool(readerDSN(path), max(minReaders, runtime.GOMAXPROCS(0)))
	if err != nil {
		return err
	}
	checkpoints, err := s.openPool(checkpointDSN(path), 1)
	if err != nil {
		return err
	}
	s.reader = reader{session{statements: newStatements(reads), gate: s.reads}, limits.driven}
	s.wal = newCheckpointer(checkpoints, limits)
	s.writer = newWriter(s.writerConn, s.wal, limits)
	return nil
}

func (s *Store) openPool(dsn string, size int) (*sql.DB, error) {
	connector, err := driver.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	s.databases = append(s.databases, db)
	return db, nil
}

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
	s.writer.stop()
	s.wal.stop()
	s.reads.close(errClosed)
	return errors.Join(
		s.wal.checkpoint("TRUNCATE"),
		s.session.statements.close(),
		s.writer.session.statements.close(),
		s.release())
}

// release closes the connections.
func (s *Store) release() error {
	var err error
	if s.writerConn != nil {
		err = s.writerConn.Close()
	}
	for _, db := range s.databases {
		err = errors.Join(err, db.Close())
	}
	if err != nil {
		return fmt.Errorf("close database: %w", err)
	}
	return nil
}
