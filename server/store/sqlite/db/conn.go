package db

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"sync"
	"time"

	driver "modernc.org/sqlite"
)

// LockTimeout is how long a statement waits for other processes' locks.
const LockTimeout = 10 * time.Second

// creating keeps two Opens of one process from creating a file at once. With
// POSIX locks, closing any descriptor of a file drops all locks that the
// process has on it, so a file that SQLite may have open must not be touched.
var creating sync.Mutex

// NewConnector returns what opens connections by a DSN.
func NewConnector(dsn string) (sqldriver.Connector, error) {
	connector, err := driver.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return connector, nil
}

// NewPool returns a pool of connections, none of which is open yet.
func NewPool(connector sqldriver.Connector, size int) *sql.DB {
	pool := sql.OpenDB(connector)
	pool.SetMaxOpenConns(size)
	pool.SetMaxIdleConns(size)
	return pool
}

// CreateFile makes an empty file that only its owner can read, since it will
// hold personal data. A file that is there stays as it is. SQLite gives the
// mode on to the files that it makes beside it.
func CreateFile(path string) error {
	creating.Lock()
	defer creating.Unlock()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// DSN returns the driver's name for the file at an absolute path.
func DSN(path string, busyTimeout time.Duration, pragmas ...string) string {
	// First of all, so that the others wait as well.
	pragmas = append([]string{fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}, pragmas...)
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	return FileURI(path) + "?" + query.Encode()
}

// FileURI names a file to SQLite.
func FileURI(path string) string { return "file://" + (&url.URL{Path: path}).EscapedPath() }

// Conn is a connection of its own, and a session on it.
type Conn struct {
	Session
	Conn *sql.Conn
	pool *sql.DB
}

// Open opens a connection by a DSN. It is the caller's to close.
func Open(ctx context.Context, dsn string) (*Conn, error) {
	connector, err := NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	pool := NewPool(connector, 1)
	conn, err := connect(ctx, pool)
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return &Conn{NewSession(conn), conn, pool}, nil
}

// Close closes the connection with its statements.
func (c *Conn) Close() error {
	return errors.Join(c.Statements.Close(), c.Conn.Close(), c.pool.Close())
}

// connect opens the one connection of the pool. SQLite does not wait for the
// lock when two connections switch a new file to WAL at once, so that is tried
// again.
func connect(ctx context.Context, pool *sql.DB) (*sql.Conn, error) {
	deadline := time.Now().Add(LockTimeout)
	for {
		conn, err := pool.Conn(ctx)
		if err == nil {
			return conn, nil
		}
		if !IsBusy(err) || time.Now().After(deadline) {
			return nil, fmt.Errorf("open database: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
