package main_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// stores make a new database for a test: what --db takes.
var stores = map[string]func(t *testing.T) string{
	"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "a b?.db") },
	"PostgreSQL": func(t *testing.T) string { return pgtest.Database(t) },
}

// onEachStore runs a test on a new database of each store, beside other tests.
func onEachStore(t *testing.T, test func(t *testing.T, db string)) {
	t.Helper()
	t.Parallel()
	for name, newDatabase := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newDatabase(t))
		})
	}
}

func onPostgres(db string) bool { return strings.HasPrefix(db, "postgres:") }

// openStore opens a database that commands have made. It is the caller's to close.
func openStore(t *testing.T, db string) store.Store {
	t.Helper()
	var opened store.Store
	var err error
	if onPostgres(db) {
		opened, err = postgres.Open(t.Context(), db, postgres.Config{KeepSchema: true, Quiet: true})
	} else {
		opened, err = sqlite.OpenExisting(t.Context(), db)
	}
	if err != nil {
		t.Fatal(err)
	}
	return opened
}
