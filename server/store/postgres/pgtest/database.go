package pgtest

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"
)

// Variable holds the URL of a server on which the tests make their databases.
// Program withpostgres sets it.
const Variable = "ACCOUNTSD_TEST_POSTGRES"

// Option is an option of [Database].
type Option func(*origin)

// origin is what a database is made from.
type origin struct {
	template string
	fill     func(ctx context.Context, url string) error
}

// Template has the database begin as a copy of another one, which the function
// fills, given its URL, when a test of this process first asks for the name. It
// must leave no session open. A copy is made much faster than a schema is.
func Template(name string, fill func(ctx context.Context, url string) error) Option {
	return func(o *origin) { o.template, o.fill = name, fill }
}

// Database returns the URL of a database for one test, which is dropped after
// it. It is empty but for what a [Template] has. The test is skipped if there is
// no server to make it on.
//
// It takes about 20 ms in all if temporary files are in memory; on a disk it can
// be twenty times as long, as a database is hundreds of files. Emptying one for
// the next test takes longer, since TRUNCATE makes files anew, and so does a
// schema of one's own in a database of all, which has to be filled each time.
func Database(t testing.TB, options ...Option) string {
	t.Helper()
	server := os.Getenv(Variable)
	if server == "" {
		t.Skipf("there is no PostgreSQL to test on: run \"make test-postgres\", or set %s to the URL of a server", Variable)
	}
	location, drop, err := Make(t.Context(), server, options...)
	if err != nil {
		t.Fatalf("make a database for the test on the server of %s: %v", Variable, err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
		defer cancel()
		if err := drop(ctx); err != nil {
			t.Errorf("drop the database of the test: %v", err)
		}
	})
	return location
}

// Make is [Database] where there is no test to end it, on the server of a URL. It
// returns the URL of the database, and what drops it.
func Make(ctx context.Context, server string, options ...Option) (location string, drop func(context.Context) error, err error) {
	var from origin
	for _, option := range options {
		option(&from)
	}
	run, err := runOn(server)
	if err != nil {
		return "", nil, fmt.Errorf("reach PostgreSQL: %w", err)
	}
	name, err := run.create(ctx, from)
	if err != nil {
		return "", nil, err
	}
	return run.urlOf(name), func(ctx context.Context) error { return run.drop(ctx, name) }, nil
}

// create makes a database, and returns its name.
func (r *run) create(ctx context.Context, from origin) (string, error) {
	template := "template1"
	if from.fill != nil {
		var err error
		if template, err = r.template(ctx, from); err != nil {
			return "", fmt.Errorf("template %s: %w", from.template, err)
		}
	}
	name := r.newName()
	// The other strategy is slower by far: it writes all to the log, and leaves
	// the first session to find out what is in the catalog.
	_, err := r.admin.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE "+template+" STRATEGY file_copy")
	return name, err
}

// drop removes a database, with sessions that are left in it. It gives those
// that end a moment, as dropping takes a tenth of a second if it sees one.
func (r *run) drop(ctx context.Context, name string) error {
	if err := r.awaitSessions(ctx, name); err != nil {
		return err
	}
	_, err := r.admin.Exec(ctx, "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)")
	return err
}

// awaitSessions waits until a database has no more sessions, but not for long.
func (r *run) awaitSessions(ctx context.Context, name string) error {
	for range 100 {
		var sessions int
		err := r.admin.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE datname = $1", name).Scan(&sessions)
		if err != nil || sessions == 0 {
			return err
		}
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}

// template is the name of the template of an origin, which is filled the first
// time.
func (r *run) template(ctx context.Context, from origin) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if made, ok := r.templates[from.template]; ok {
		return made.name, made.err
	}
	name, err := r.create(ctx, origin{})
	if err == nil {
		err = r.fill(ctx, name, from)
	}
	r.templates[from.template] = made{name, err}
	return name, err
}

// fill fills a template, and lets nobody into it any more: PostgreSQL copies no
// database that is in use.
func (r *run) fill(ctx context.Context, name string, from origin) error {
	if err := from.fill(ctx, r.urlOf(name)); err != nil {
		return err
	}
	if _, err := r.admin.Exec(ctx, "ALTER DATABASE "+name+" ALLOW_CONNECTIONS false"); err != nil {
		return err
	}
	return r.awaitSessions(ctx, name)
}
