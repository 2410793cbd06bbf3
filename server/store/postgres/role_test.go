package postgres_test

import (
	"context"
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// newOwner makes a role that may make the schema, as an administrator sets it up, and
// returns the URL of an empty database for it.
func newOwner(t *testing.T, setting string) (itsURL string) {
	t.Helper()
	database := pgtest.Database(t)
	role, itsURL := newRole(t, database)
	execute(t, database, "GRANT CREATE ON SCHEMA public TO "+role, "CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin", "ALTER ROLE "+role+" "+setting)
	return itsURL
}

// What a role has as its isolation does not keep servers that start at once from making
// the schema.
func TestOpenAtOnceWithIsolation(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"SET default_transaction_isolation = 'serializable'", "SET default_transaction_isolation = 'repeatable read'"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			url := newOwner(t, setting)
			var group sync.WaitGroup
			for range 6 {
				group.Go(func() {
					s, err := postgres.Open(t.Context(), url, postgres.Config{Quiet: true})
					if err != nil {
						t.Error(err)
						return
					}
					_ = s.Close()
				})
			}
			group.Wait()
			if got := ask[int](t, url, "SELECT version FROM schema_version"); got != postgres.SchemaVersion() {
				t.Errorf("the schema has version %d", got)
			}
		})
	}
}

// Nor does what it has as timeouts for requests keep a server from waiting for another
// one's steps.
func TestOpenWithTimeouts(t *testing.T) {
	t.Parallel()
	for _, setting := range []string{"SET lock_timeout = '500ms'", "SET statement_timeout = '500ms'"} {
		t.Run(setting, func(t *testing.T) {
			t.Parallel()
			url := newOwner(t, setting)
			perform(t, url, "CREATE TABLE schema_version (one boolean PRIMARY KEY CHECK (one), version integer NOT NULL); INSERT INTO schema_version VALUES (true, 0)")
			conn, err := pgx.Connect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), "BEGIN; SELECT FROM schema_version FOR UPDATE"); err != nil {
				t.Fatal(err)
			}
			opened := make(chan error)
			go func() {
				s, err := postgres.Open(t.Context(), url, postgres.Config{Quiet: true})
				if err == nil {
					err = s.Close()
				}
				opened <- err
			}()
			time.Sleep(time.Second)
			if _, err := conn.Exec(t.Context(), "ROLLBACK"); err != nil {
				t.Error(err)
			}
			if err := <-opened; err != nil {
				t.Error(err)
			}
		})
	}
}

// addAccounts adds accounts and changes one, by writers at once.
func addAccounts(t *testing.T, s store.Store, writers int) (failed map[string]int) {
	t.Helper()
	company, first := addCompany(t, s)
	var group sync.WaitGroup
	var mu sync.Mutex
	failed = make(map[string]int)
	for range writers {
		group.Go(func() {
			for range 10 {
				err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
					if _, err := tx.AccountForUpdate(ctx, company.ID, first.ID); err != nil {
						return err
					}
					a := account.Account{CompanyID: company.ID, Version: 1, Title: "More", Address: []string{"1 Main St"}, CreatedAt: now, UpdatedAt: now}
					return tx.InsertAccount(ctx, &a)
				})
				if err == nil {
					_, err = s.Account(t.Context(), company.ID, first.ID)
				}
				if err != nil {
					mu.Lock()
					failed[err.Error()]++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return failed
}

func TestWritersOfSerializableRole(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"", "cache_describe"} {
		location := newOwner(t, "SET default_transaction_isolation = 'serializable'")
		if mode != "" {
			location = as(t, location, func(_ *url.URL, settings url.Values) { settings.Set("default_query_exec_mode", mode) })
		}
		if failed := addAccounts(t, open(t, location), 8); len(failed) > 0 {
			t.Errorf("mode %q: %v", mode, failed)
		}
	}
}

// A role with fewer connections than the server would open has the requests wait for
// those that there are.
func TestLimitOfRole(t *testing.T) {
	t.Parallel()
	s := openWith(t, newOwner(t, "CONNECTION LIMIT 5"), postgres.Config{Config: engine.Config{MaxConns: 16}})
	if failed := addAccounts(t, s, 24); len(failed) > 0 {
		t.Error(failed)
	}
}

// Once a database is no longer kept from writes, the sessions that began before do not
// stay so.
func TestDatabaseThatTakesWritesAgain(t *testing.T) {
	t.Parallel()
	database := database(t)
	company, a := addCompany(t, open(t, database))
	name := ask[string](t, database, "SELECT current_database()")
	perform(t, database, "ALTER DATABASE "+name+" SET default_transaction_read_only = on")
	s := open(t, database)
	lock := func(ctx context.Context, tx store.Tx) error {
		_, err := tx.AccountForUpdate(ctx, company.ID, a.ID)
		return err
	}
	writes := map[string]func() error{
		"Write":  func() error { return s.Write(t.Context(), lock) },
		"Commit": func() error { return s.Commit(t.Context(), retitling(a, "Again")) },
	}
	for name, write := range writes {
		if err := write(); fault.KindOf(err) != fault.KindUnavailable {
			t.Errorf("%s: %v", name, err)
		}
	}
	writable := as(t, database, func(_ *url.URL, settings url.Values) { settings.Set("default_transaction_read_only", "off") })
	perform(t, writable, "ALTER DATABASE "+name+" RESET default_transaction_read_only")
	for name, write := range writes {
		var err error
		for range 10 { // more than there are connections
			if err = write(); err == nil {
				break
			}
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Where others have all connections, that is said, and at once.
func TestNoConnectionIsLeft(t *testing.T) {
	t.Parallel()
	location := newOwner(t, "CONNECTION LIMIT 1")
	conn, err := pgx.Connect(t.Context(), location)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	refused(t, t.Context(), location, fault.KindUnavailable, "too many connections for role")
}

// A schema of one's own works, and what is wrong with a search_path is said.
func TestSearchPaths(t *testing.T) {
	t.Parallel()
	database := pgtest.Database(t)
	with := func(path string) string {
		return as(t, database, func(_ *url.URL, settings url.Values) { settings.Set("search_path", path) })
	}
	refused(t, t.Context(), with("app"), fault.KindInvalid, "leads to no schema of the database ")
	execute(t, database, "CREATE SCHEMA app", "CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin")
	refused(t, t.Context(), with("app"), fault.KindInvalid, "are in a schema that is not on the search_path; add that one, as in search_path=app,public in the URL")
	s, err := postgres.Open(t.Context(), with("app,public"), postgres.Config{Quiet: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	addCompany(t, s)
	if n := ask[int](t, database, "SELECT count(*) FROM app.accounts"); n != 1 {
		t.Errorf("%d accounts", n)
	}
}

// A copy and its like take longer than a role gives a request.
func TestBulkIsPatient(t *testing.T) {
	t.Parallel()
	location := newOwner(t, "SET statement_timeout = '3s'")
	open(t, location)
	for name, c := range map[string]struct{ url, want string }{
		"of the role": {location, "0"},
		"of the URL":  {as(t, location, func(_ *url.URL, settings url.Values) { settings.Set("statement_timeout", "7s") }), "7s"},
	} {
		b, err := postgres.OpenSource(t.Context(), c.url)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		err = b.Look(t.Context(), func(s db.Session) error {
			return s.Get(t.Context(), db.Statement{Thing: "setting", Text: "SELECT current_setting('statement_timeout')"}, nil, &got)
		})
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err := b.Close(); err != nil {
			t.Error(fmt.Errorf("%s: %w", name, err))
		}
	}
}
