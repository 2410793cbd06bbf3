package sqlite

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

// lockTimeout is how long a statement waits for other processes' locks.
const lockTimeout = 10 * time.Second

// checkpointTimeout is how long a checkpoint waits for readers to move on. The
// writer may be waiting for it.
const checkpointTimeout = 100 * time.Millisecond

// creating keeps two Opens of one process from creating a file at once. With
// POSIX locks, closing any descriptor of a file drops all locks that the
// process has on it, so a file that SQLite may have open must not be touched.
var creating sync.Mutex

func newConnector(dsn string) (sqldriver.Connector, error) {
	connector, err := driver.NewConnector(dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	return connector, nil
}

// newPool returns a pool of connections, none of which is open yet.
func newPool(connector sqldriver.Connector, size int) *sql.DB {
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db
}

// createFile makes an empty file that only its owner can read, since it will
// hold personal data. A file that is there stays as it is. SQLite gives the
// mode on to the files that it makes beside it.
func createFile(path string) error {
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

// writerDSN takes the size to which SQLite cuts a log that has grown larger.
func writerDSN(path string, logSize int64) string {
	return dsn(path, lockTimeout,
		"journal_mode(WAL)",
		"foreign_keys(1)",
		"synchronous(FULL)",
		"cache_size(-16000)",
		"wal_autocheckpoint(0)", // the checkpointer does it
		fmt.Sprintf("journal_size_limit(%d)", logSize))
}

func readerDSN(path string) string {
	return dsn(path, lockTimeout, "foreign_keys(1)", "synchronous(FULL)", "cache_size(-4000)", "query_only(1)")
}

func checkpointDSN(path string) string {
	return dsn(path, checkpointTimeout, "foreign_keys(1)", "synchronous(FULL)", "cache_size(-100)", "wal_autocheckpoint(0)")
}

// recordsDSN is for the indexer, which reads each record once.
func recordsDSN(path string) string {
	return dsn(path, lockTimeout, "foreign_keys(1)", "synchronous(FULL)", "cache_size(-1000)", "query_only(1)")
}

// searchDSN never makes a file: createFile does.
func searchDSN(path string) string {
	return dsn(path, searchLockTimeout,
		"journal_mode(WAL)",
		"synchronous(FULL)",
		"cache_size(-4000)",
		fmt.Sprintf("journal_size_limit(%d)", searchLogSize)) + "&mode=rw"
}

// dsn returns the driver's name for the file at an absolute path.
func dsn(path string, busyTimeout time.Duration, pragmas ...string) string {
	// First of all, so that the others wait as well.
	pragmas = append([]string{fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds())}, pragmas...)
	query := url.Values{"_pragma": pragmas, "_txlock": {"immediate"}}
	return fileURI(path) + "?" + query.Encode()
}

func fileURI(path string) string { return "file://" + (&url.URL{Path: path}).EscapedPath() }

// connect opens the one connection of the pool. SQLite does not wait for the
// lock when two connections switch a new file to WAL at once, so that is tried
// again.
func connect(ctx context.Context, db *sql.DB) (*sql.Conn, error) {
	deadline := time.Now().Add(lockTimeout)
	for {
		conn, err := db.Conn(ctx)
		if err == nil {
			return conn, nil
		}
		if !isBusy(err) || time.Now().After(deadline) {
			return nil, fmt.Errorf("open database: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(5 * time.Millisecond):
		}
	}
}
