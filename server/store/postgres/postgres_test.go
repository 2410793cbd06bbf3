package postgres_test

import (
	"testing"

	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
	"github.com/accountsd/accountsd/server/store/storetest"
	"github.com/accountsd/accountsd/server/store/teststore"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, database(t)) })
}

func TestShared(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T) storetest.Opener {
		url := database(t)
		return func(t *testing.T) store.Store { return open(t, url) }
	})
}

// database is the URL of an empty database with the schema.
func database(t testing.TB) string {
	t.Helper()
	return pgtest.Database(t, teststore.Schema())
}

// few are enough connections for a test, of which there are many at once.
var few = postgres.Config{Config: engine.Config{MaxConns: 6}}

func open(t testing.TB, url string) *postgres.Store { return openWith(t, url, few) }

func openWith(t testing.TB, url string, config postgres.Config) *postgres.Store {
	t.Helper()
	s, err := postgres.Open(t.Context(), url, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
