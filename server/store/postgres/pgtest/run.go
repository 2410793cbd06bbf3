package pgtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// run is one run of a test process on a server that others use as well. Each has
// a name, which its databases begin with and its sessions bear, so that those of
// one that was killed are found.
type run struct {
	name  string
	url   *url.URL
	admin *pgxpool.Pool
	last  atomic.Int64 // the number in the name of the last database

	mu        sync.Mutex
	templates map[string]made
}

// made is a template that was made, or could not be.
type made struct {
	name string
	err  error
}

// runs are those of this process, by server.
var runs struct {
	sync.Mutex
	by map[string]*run
}

// runOn is the run on a server.
func runOn(server string) (*run, error) {
	runs.Lock()
	defer runs.Unlock()
	if r := runs.by[server]; r != nil {
		return r, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), startup)
	defer cancel()
	r, err := newRun(ctx, server)
	if err != nil {
		return nil, err
	}
	if runs.by == nil {
		runs.by = make(map[string]*run)
	}
	runs.by[server] = r
	return r, nil
}

func newRun(ctx context.Context, server string) (*run, error) {
	location, err := url.Parse(server)
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(server)
	if err != nil {
		return nil, err
	}
	r := &run{name: fmt.Sprintf("pgtest_%08x", rand.Uint32()), url: location, templates: map[string]made{}}
	// There is always a session: a run without one is taken for dead.
	config.MinConns, config.MaxConns, config.MaxConnLifetime = 1, 4, 24*time.Hour
	config.ConnConfig.RuntimeParams["application_name"] = r.name
	if r.admin, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, err
	}
	return r, r.sweep(ctx)
}

// sweep drops the databases of runs that were killed, or ended with templates.
func (r *run) sweep(ctx context.Context) error {
	rows, err := r.admin.Query(ctx, `SELECT datname FROM pg_database d WHERE datname ~ '^pgtest_[0-9a-f]{8}_'
		AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.application_name = substr(d.datname, 1, 15))`)
	if err != nil {
		return err
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	for _, name := range names {
		err = errors.Join(err, r.drop(ctx, name))
	}
	return err
}

func (r *run) newName() string { return fmt.Sprintf("%s_%d", r.name, r.last.Add(1)) }

// urlOf is the URL of a database, as that of the server has it otherwise.
func (r *run) urlOf(name string) string {
	location := *r.url
	location.Path = "/" + name
	return location.String()
}
