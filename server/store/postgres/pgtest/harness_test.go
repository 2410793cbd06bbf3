package pgtest_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// folder is one for clusters. That of t.TempDir() is open to its owner only.
func folder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "pgtest-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	must(t, os.Chmod(dir, 0o711))
	return dir
}

func connect(t testing.TB, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

// execute executes statements in a session of its own.
func execute(t testing.TB, url string, statements ...string) {
	t.Helper()
	conn := connect(t, url)
	for _, sql := range statements {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	must(t, conn.Close(t.Context()))
}

// ask asks for one value, in a session of its own.
func ask[T any](t testing.TB, url, sql string) (value T) {
	t.Helper()
	conn := connect(t, url)
	if err := conn.QueryRow(t.Context(), sql).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	must(t, conn.Close(t.Context()))
	return value
}

// fails tells how a statement fails in a session of its own, within some time.
func fails(t testing.TB, within time.Duration, url, sql string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err = conn.Exec(ctx, sql); err == nil {
		t.Fatalf("%s: it went well", sql)
	}
	return err
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for range 1000 {
		if condition() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("it never came true that %s", what)
}

func isEmpty(t testing.TB, dir string) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	return len(entries) == 0
}

// count is a statement that counts the rows of the table of most tests here.
const count = "SELECT count(*) FROM kept"

// newTable makes that table with a row.
func newTable(t testing.TB, c *pgtest.Cluster) {
	t.Helper()
	execute(t, c.URL("postgres"), "CREATE TABLE kept (id int PRIMARY KEY)", "INSERT INTO kept VALUES (1)")
}

func rows(t testing.TB, c *pgtest.Cluster) int {
	t.Helper()
	return ask[int](t, c.URL("postgres"), count)
}
