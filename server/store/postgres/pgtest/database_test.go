package pgtest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// filled counts how often this process has filled a template.
var filled atomic.Int64

func withTable(ctx context.Context, url string) error {
	filled.Add(1)
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE TABLE kept (id int PRIMARY KEY); INSERT INTO kept VALUES (1)")
	return errors.Join(err, conn.Close(ctx))
}

func TestDatabase(t *testing.T) {
	t.Parallel()
	for i := range 20 {
		t.Run(fmt.Sprintf("template %d", i), func(t *testing.T) {
			t.Parallel()
			url := pgtest.Database(t, pgtest.Template("kept", withTable))
			if got := ask[int](t, url, count); got != 1 {
				t.Errorf("the test begins with %d rows", got)
			}
			execute(t, url, "INSERT INTO kept VALUES (2)")
		})
	}
	t.Run("empty", func(t *testing.T) {
		t.Parallel()
		url := pgtest.Database(t)
		if got := ask[bool](t, url, "SELECT to_regclass('kept') IS NULL"); !got {
			t.Error("the test begins with a table")
		}
		open := connect(t, url) // Dropping the database does not wait for it.
		must(t, open.Ping(t.Context()))
	})
	t.Cleanup(func() {
		if got := filled.Load(); got > 1 {
			t.Errorf("the template was filled %d times", got)
		}
	})
}

// Several processes use a server at once: each has databases of its own, and
// leaves no more than its template, which the next one drops.
func TestDatabasesOfSeveralProcesses(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	run := func() {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestDatabase$", "-test.v")
		cmd.Env = append(os.Environ(), pgtest.Variable+"="+c.URL("postgres"))
		output, err := cmd.CombinedOutput()
		if err != nil || strings.Count(string(output), "--- PASS: TestDatabase/") != 21 {
			t.Errorf("%v\n%s", err, output)
		}
	}
	left := func() int {
		return ask[int](t, c.URL("postgres"), "SELECT count(*) FROM pg_database WHERE datname LIKE 'pgtest%'")
	}
	var processes sync.WaitGroup
	for range 3 {
		processes.Go(run)
	}
	processes.Wait()
	if got := left(); got > 3 {
		t.Errorf("3 processes left %d databases", got)
	}
	eventually(t, "the sessions of the processes are over", func() bool {
		return ask[int](t, c.URL("postgres"), "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'pgtest%'") == 0
	})
	run()
	if got := left(); got != 1 {
		t.Errorf("after another one there are %d", got)
	}
}

func TestDatabaseSaysHowToRunIt(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run", "^TestDatabase$", "-test.v")
	cmd.Env = append(os.Environ(), pgtest.Variable+"=")
	output, err := cmd.CombinedOutput()
	must(t, err)
	if text := string(output); !strings.Contains(text, `run "make test-postgres"`) || !strings.Contains(text, "--- SKIP: TestDatabase/empty") {
		t.Errorf("without a server, the test says\n%s", text)
	}
}
