package postgres_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// Ten servers that start at once on an empty database all come up, and one of them
// makes the schema.
func TestOpenAtOnce(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	stores, errs := make([]*postgres.Store, 10), make([]error, 10)
	var group sync.WaitGroup
	for i := range stores {
		group.Go(func() { stores[i], errs[i] = postgres.Open(t.Context(), url, few) })
	}
	group.Wait()
	for i, s := range stores {
		if errs[i] != nil {
			t.Errorf("server %d: %v", i, errs[i])
			continue
		}
		if err := errors.Join(s.Ping(t.Context()), s.Close()); err != nil {
			t.Errorf("server %d: %v", i, err)
		}
	}
	for table, want := range map[string]int{"schema_version": 1, "key_version": 1} {
		if got := ask[int](t, url, "SELECT count(*) FROM "+table); got != want {
			t.Errorf("%s has %d rows, want %d", table, got, want)
		}
	}
	if got := ask[int](t, url, "SELECT version FROM schema_version"); got != postgres.SchemaVersion() {
		t.Errorf("the schema has version %d", got)
	}
}

// An older program keeps off the database of a newer one, also if it is running when
// that comes.
func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	url := database(t)
	running := open(t, url)
	perform(t, url, "UPDATE schema_version SET version = 1000")
	wantNewer := func(name string, err error) {
		t.Helper()
		if err == nil || fault.KindOf(err) != fault.KindInvalid || !strings.Contains(err.Error(), "version 1000") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, keep := range []bool{false, true} {
		config := few
		config.KeepSchema = keep
		s, err := postgres.Open(t.Context(), url, config)
		if err == nil {
			_ = s.Close()
		}
		wantNewer("a program that starts", err)
	}
	wantNewer("one that runs", running.Ping(t.Context()))
	if got := ask[int](t, url, "SELECT version FROM schema_version"); got != 1000 {
		t.Errorf("now the schema has version %d", got)
	}
}

// A program that is not to migrate says what to do.
func TestKeptSchema(t *testing.T) {
	t.Parallel()
	config := few
	config.KeepSchema = true
	s, err := postgres.Open(t.Context(), pgtest.Database(t), config)
	if err == nil {
		_ = s.Close()
	}
	if err == nil || fault.KindOf(err) != fault.KindUnavailable || !strings.Contains(err.Error(), "accountsd migrate up") {
		t.Errorf("without a schema: %v", err)
	}
	if err := openWith(t, database(t), config).Ping(t.Context()); err != nil {
		t.Errorf("with one: %v", err)
	}
}

// perform runs a statement in a session of its own.
func perform(t testing.TB, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		_, err = conn.Exec(t.Context(), sql)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
}

// ask asks for one value, in a session of its own.
func ask[T any](t testing.TB, url, sql string) (value T) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err == nil {
		err = conn.QueryRow(t.Context(), sql).Scan(&value)
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	return value
}
