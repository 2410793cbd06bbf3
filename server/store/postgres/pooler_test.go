package postgres_test

import (
	"context"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
	"github.com/accountsd/accountsd/server/store/storetest"
)

func TestStoreBehindPooler(t *testing.T) {
	t.Parallel()
	pgtest.Database(t) // or skip
	pooler, err := url.Parse(pgtest.PgBouncer(t, os.Getenv(pgtest.Variable)))
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, func(t *testing.T) store.Store { return openBehind(t, pooler.Host, database(t)) })
}

// openBehind opens a database by way of a pooler.
func openBehind(t *testing.T, pooler, database string) *postgres.Store {
	t.Helper()
	location, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	location.Host = pooler
	settings := location.Query()
	settings.Set("default_query_exec_mode", "cache_describe")
	location.RawQuery = settings.Encode()
	return open(t, location.String())
}

// Behind a pooler, a statement that was prepared once is there for somebody else, or
// not there at all.
func TestPoolerIsToBeNamed(t *testing.T) {
	t.Parallel()
	url := pgtest.PgBouncer(t, pgtest.New(t, pgtest.Options{}).URL("postgres"))
	var err error
	for range 100 { // Each leaves its statements behind, in some session or other.
		var s *postgres.Store
		if s, err = postgres.Open(t.Context(), url, postgres.Config{Quiet: true}); err != nil {
			break
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if want := "add default_query_exec_mode=cache_describe to its URL"; fault.KindOf(err) != fault.KindInvalid || !strings.Contains(err.Error(), want) {
		t.Errorf("want %q, got %v", want, err)
	}
}

// What PgBouncer refuses is not said to be of PostgreSQL.
func TestPoolerRefuses(t *testing.T) {
	t.Parallel()
	pooled := pgtest.PgBouncer(t, pgtest.New(t, pgtest.Options{}).URL("postgres")) + "&default_query_exec_mode=cache_describe"
	refused(t, t.Context(), pooled+"&search_path=app", fault.KindInvalid, " takes no search_path from the URL; set it for the role, as with ALTER ROLE postgres SET search_path")
	absent := as(t, pooled, func(u *url.URL, _ url.Values) { u.Path = "absent" })
	refused(t, t.Context(), absent, fault.KindUnavailable, " lets the role postgres not into the database absent: ")
}

// PgBouncer 1.18 crashes if who cancels a statement does not wait for the end of that.
// So statements are given up here that end at the same moment by themselves.
func TestPoolerOutlivesCallersWhoGiveUp(t *testing.T) {
	t.Parallel()
	url := pgtest.PgBouncer(t, pgtest.New(t, pgtest.Options{}).URL("postgres"))
	e, err := engine.Open(t.Context(), url+"&default_query_exec_mode=cache_describe", engine.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			for i := range 25 {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				_, _ = e.Pool().Exec(ctx, "SELECT pg_sleep($1)", 0.058+0.001*float64(i%8))
				cancel()
			}
		})
	}
	callers.Wait()
	if _, err := e.Pool().Exec(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
}
