// Package teststore opens the store that a test run is for: an SQLite file, or, where
// the variable ACCOUNTSD_TEST_STORE says "postgres", a database on the PostgreSQL
// server whose URL is in ACCOUNTSD_TEST_POSTGRES.
package teststore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// Variable says which store a test run is for: "sqlite", as if it is not set, or
// "postgres".
const Variable = "ACCOUNTSD_TEST_STORE"

// Server returns the URL of the PostgreSQL server that the test run is for; empty: it
// is for SQLite.
func Server() (string, error) {
	server := os.Getenv(pgtest.Variable)
	switch chosen := os.Getenv(Variable); {
	case chosen == "" || chosen == "sqlite":
		return "", nil
	case chosen != "postgres":
		return "", fmt.Errorf("%s must be sqlite or postgres; got %q", Variable, chosen)
	case server == "":
		return "", fmt.Errorf(`%s is postgres, and %s does not say where that is: run "make test-postgres", or set it to the URL of a server`, Variable, pgtest.Variable)
	}
	return server, nil
}

// Database is one that is there for a test, and empty at first.
type Database struct {
	path   string // of an SQLite file; empty: it is on PostgreSQL
	url    string
	remove func(context.Context) error
}

// Make makes a database on the PostgreSQL server of a URL, or if that is empty, an
// SQLite file. It is the caller's to remove.
func Make(ctx context.Context, server string) (*Database, error) {
	if server == "" {
		dir, err := os.MkdirTemp("", "accountsd-")
		if err != nil {
			return nil, err
		}
		d := &Database{path: filepath.Join(dir, "accounts.db"), remove: func(context.Context) error { return os.RemoveAll(dir) }}
		if err := WriteFile(d.path); err != nil {
			return nil, errors.Join(err, os.RemoveAll(dir))
		}
		return d, nil
	}
	url, drop, err := pgtest.Make(ctx, server, Schema())
	if err != nil {
		return nil, err
	}
	return &Database{url: url, remove: drop}, nil
}

// WriteFile writes an SQLite file with the schema and no records, which is a fraction of
// the work of making it.
func WriteFile(path string) error {
	file, err := emptyFile()
	if err != nil {
		return fmt.Errorf("make an empty file: %w", err)
	}
	return os.WriteFile(path, file, 0o600)
}

// emptyFile returns what a store makes of no file, once for all tests of a run.
var emptyFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "accountsd-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, "accounts.db")
	s, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// Remove removes the database, whose stores must be closed.
func (d *Database) Remove(ctx context.Context) error { return d.remove(ctx) }

// Schema begins a database of package pgtest with the schema, which is a fraction of
// the work of making it.
func Schema() pgtest.Option {
	return pgtest.Template("accountsd", func(ctx context.Context, url string) error {
		s, err := postgres.Open(ctx, url, postgres.Config{})
		if err != nil {
			return err
		}
		return s.Close()
	})
}

// connections are enough for a test, of which there are several at once.
const connections = 8

// Open opens the database as a server does. The store is the caller's to close.
func (d *Database) Open(ctx context.Context) (store.Store, error) {
	open := func() (store.Store, error) {
		return postgres.Open(ctx, d.url, postgres.Config{Config: engine.Config{MaxConns: connections}})
	}
	if d.path != "" {
		open = func() (store.Store, error) { return sqlite.Open(ctx, d.path) }
	}
	s, err := open()
	if err != nil {
		return nil, err // Not what the store's own type has for none.
	}
	return s, nil
}

// OpenFollower opens the database also if it follows another installation. The store is
// the caller's to close.
func (d *Database) OpenFollower(ctx context.Context) (store.Store, error) {
	if d.path != "" {
		s, err := sqlite.OpenFollower(ctx, d.path)
		return opened(s, err)
	}
	s, err := postgres.Open(ctx, d.url, postgres.Config{Config: engine.Config{MaxConns: connections}, Follows: true})
	return opened(s, err)
}

// opened returns no store that is of a type and nil.
func opened(s store.Store, err error) (store.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// New returns an empty database that is removed when the test ends.
func New(t testing.TB) *Database {
	t.Helper()
	server, err := Server()
	if err != nil {
		t.Fatal(err)
	}
	d, err := Make(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := d.Remove(ctx); err != nil {
			t.Errorf("remove the database: %v", err)
		}
	})
	return d
}

// OpenFor is Open of a store that is closed when the test ends.
func (d *Database) OpenFor(t testing.TB) store.Store {
	t.Helper()
	s, err := d.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Open returns a store on an empty database, both for one test.
func Open(t testing.TB) store.Store {
	t.Helper()
	return New(t).OpenFor(t)
}

// OnlySQLite skips a test, in a run for PostgreSQL, that is about SQLite. The reason
// is a sentence.
func OnlySQLite(t testing.TB, reason string) {
	t.Helper()
	server, err := Server()
	if err != nil {
		t.Fatal(err)
	}
	if server != "" {
		t.Skip(reason)
	}
}
