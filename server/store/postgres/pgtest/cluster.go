// Package pgtest runs PostgreSQL for tests: [Database] is an empty database for
// one test, on a server that all tests share; [New] is a whole cluster of a
// test's own, which can be killed, paused, replicated and promoted; [PgBouncer]
// and [HAProxy] are what may stand in front of clusters and of servers.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	startup  = time.Minute      // to start in, also after a crash and on a busy machine
	shutdown = 30 * time.Second // to shut down in, before it is killed
	answers  = 10 * time.Second // to answer a question in
)

// Options are those of a cluster.
type Options struct {
	// Dir is the folder that the cluster makes its own in; "" is that for
	// temporary files. If the tests run as root, the cluster does not, so
	// every user must be able to enter it: t.TempDir() is none.
	Dir string

	// Durable lets the cluster keep all that it has acknowledged when it is
	// killed, or the machine is. It costs much time, and without it nothing
	// is lost by an orderly end.
	Durable bool

	// MaxConnections is how many sessions there may be; 0 is 300.
	MaxConnections int

	// Settings are more settings, as in postgresql.conf.
	Settings map[string]string
}

// Cluster is a PostgreSQL server and its data. It listens on the loopback
// interface, where the user postgres needs no password. It sorts texts as people
// do, not by their bytes, so a query that relies on the one order or the other
// is found.
//
// It ends with the process that started it, even if that is killed. Its methods
// are for one goroutine at a time, other than those that only tell where it is.
type Cluster struct {
	options    Options
	programs   string
	keeper     *keeper
	port       int
	settings   map[string]string
	postmaster *process
	standbys   []*Cluster
	following  []string // the names of the standbys that each commit waits for
}

// New starts a cluster that stops when the test ends. The test is skipped if
// PostgreSQL is not installed, unless [Required].
func New(t testing.TB, options Options) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), options)
	check(t, err)
	t.Cleanup(func() {
		if err := c.Stop(); err != nil {
			t.Errorf("stop PostgreSQL: %v", err)
		}
	})
	return c
}

// Start makes a cluster, and returns once it answers. It is the caller's to
// stop; the context is for the start only. The error is a [MissingError] if
// PostgreSQL is not installed.
func Start(ctx context.Context, options Options) (*Cluster, error) {
	c, err := newCluster(options)
	if err != nil {
		return nil, err
	}
	err = c.initialize(ctx)
	if err == nil {
		err = c.launch(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start PostgreSQL: %w", err), c.Stop())
	}
	return c, nil
}

// newCluster is a cluster without data.
func newCluster(options Options) (*Cluster, error) {
	programs, err := postgresPrograms()
	if err != nil {
		return nil, err
	}
	port, err := sparePort()
	if err != nil {
		return nil, err
	}
	k, err := newKeeper(options.Dir)
	if err != nil {
		return nil, err
	}
	return &Cluster{options: options, programs: programs, keeper: k, port: port, settings: options.settings(port)}, nil
}

// initialize makes the data of an empty cluster.
func (c *Cluster) initialize(ctx context.Context) error {
	err := c.keeper.run(ctx, c.program("initdb"), "-D", c.keeper.path("data"), "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US", "--no-sync", "--no-instructions")
	if err != nil {
		return err
	}
	file, err := os.OpenFile(c.keeper.path("data/postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(file, "include '%s'\n", filepath.Base(settingsFile))
	return errors.Join(err, file.Close(), c.writeSettings())
}

// launch starts the server on the data that there is.
func (c *Cluster) launch(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	if c.postmaster, err = c.keeper.start(c.program("postgres"), "-D", c.keeper.path("data")); err != nil {
		return err
	}
	return c.postmaster.until(ctx, func(ctx context.Context) error {
		_, err := query[int](ctx, c, "SELECT 1")
		return err
	})
}

func (c *Cluster) program(name string) string { return filepath.Join(c.programs, name) }

// Addr is the address that the cluster listens on. It stays the same.
func (c *Cluster) Addr() string { return "127.0.0.1:" + strconv.Itoa(c.port) }

// URL is that of a database. "postgres" is one that is always there.
func (c *Cluster) URL(database string) string { return URL(database, c) }

// URL is that of a database which is on several clusters, primaries and
// standbys: of all that can be reached, it leads to one that takes writes.
func URL(database string, clusters ...*Cluster) string {
	hosts, target := "", ""
	for i, c := range clusters {
		if i > 0 {
			hosts, target = hosts+",", "&target_session_attrs=read-write"
		}
		hosts += c.Addr()
	}
	return "postgres://postgres@" + hosts + "/" + url.PathEscape(database) + "?sslmode=disable" + target
}

// CreateDatabase makes an empty database.
func (c *Cluster) CreateDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, c.URL("postgres"))
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	return err
}

// Sessions is how many sessions a program has open that calls itself by a name.
func (c *Cluster) Sessions(ctx context.Context, name string) (int, error) {
	return query[int](ctx, c, "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name)
}

// Stop ends the cluster and its standbys at once, and removes their data. It may
// be called again.
func (c *Cluster) Stop() error {
	var errs []error
	for _, standby := range c.standbys {
		errs = append(errs, standby.Stop())
	}
	if c.keeper == nil {
		return errors.Join(errs...)
	}
	if c.postmaster != nil {
		errs = append(errs, c.Resume(), c.postmaster.end(immediate, shutdown))
	}
	errs = append(errs, c.keeper.end())
	c.keeper = nil
	return errors.Join(errs...)
}

// Restart shuts the cluster down in an orderly way, if it runs, and starts it
// again on its data. After [Cluster.Kill] it recovers as after a crash.
func (c *Cluster) Restart(ctx context.Context) error {
	err := errors.Join(c.Resume(), c.postmaster.end(fast, shutdown))
	if err == nil {
		err = c.launch(ctx)
	}
	if err != nil {
		return fmt.Errorf("restart PostgreSQL: %w", err)
	}
	return nil
}

// Kill ends all processes of the cluster in the middle of what they do, as when
// a machine dies. Its data stay, but of a cluster that is not durable the last
// commits are lost.
func (c *Cluster) Kill() error { return c.postmaster.kill() }

// Pause lets all processes of the cluster hang until [Cluster.Resume].
// Connections can still be made, by the system, and get no answer.
func (c *Cluster) Pause() error {
	_, err := c.postmaster.pause()
	return err
}

// Resume lets a paused cluster go on. One that runs, or is dead, stays so.
func (c *Cluster) Resume() error {
	if c.postmaster.hasEnded() {
		return nil
	}
	return c.postmaster.resume()
}
