package copying_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bulk is a database that is copied from or to.
type bulk interface {
	copying.Database
	io.Closer
}

// engine makes databases of one kind.
type engine struct {
	name   string
	empty  func(t testing.TB) string // the path or URL of a new one
	filled func(t testing.TB) string // of one that has what fill adds
	source func(ctx context.Context, name string) (bulk, error)
	target func(ctx context.Context, name string) (bulk, error)
	open   func(ctx context.Context, name string) (store.Store, error)
	rows   func(table copying.Table) string // see dump
	own    map[string]db.Statement          // see dump
}

var (
	file = engine{
		name:   "SQLite",
		empty:  func(t testing.TB) string { return filepath.Join(t.TempDir(), "accounts.db") },
		filled: filledFile,
		source: func(ctx context.Context, name string) (bulk, error) { return sqlite.OpenSource(ctx, name) },
		target: func(ctx context.Context, name string) (bulk, error) { return sqlite.OpenTarget(ctx, name) },
		open:   func(ctx context.Context, name string) (store.Store, error) { return sqlite.Open(ctx, name) },
		rows:   fileRows,
		own:    map[string]db.Statement{"ids": {Thing: "ids", Text: `SELECT name || ' ' || seq FROM sqlite_sequence`}},
	}
	server = engine{
		name:   "PostgreSQL",
		empty:  migratedDatabase,
		filled: filledDatabase,
		source: func(ctx context.Context, name string) (bulk, error) { return postgres.OpenSource(ctx, name) },
		target: func(ctx context.Context, name string) (bulk, error) { return postgres.OpenTarget(ctx, name) },
		open: func(ctx context.Context, name string) (store.Store, error) {
			return postgres.Open(ctx, name, postgres.Config{Quiet: true})
		},
		rows: serverRows,
		own: map[string]db.Statement{
			"ids":   {Thing: "ids", Text: `SELECT name || ' ' || last FROM counters`},
			"texts": {Thing: "texts", Text: `SELECT concat_ws(' ', company_id, kind, record_id, text) FROM search_texts`},
		},
	}
)

// ways are how a copy can go: there and back, and to another place.
var ways = [][2]engine{{file, server}, {server, file}, {file, file}, {server, server}}

// each runs a test for copies to databases of each kind.
func each(t *testing.T, test func(t *testing.T, p *pair)) { run(t, ways[:2], test) }

func run(t *testing.T, ways [][2]engine, test func(t *testing.T, p *pair)) {
	for _, way := range ways {
		t.Run(way[0].name+" to "+way[1].name, func(t *testing.T) {
			t.Parallel()
			test(t, &pair{from: way[0], to: way[1], source: way[0].filled(t), target: way[1].empty(t)})
		})
	}
}

// in runs fn in a store on a database.
func (e engine) in(t testing.TB, name string, fn func(s store.Store)) {
	t.Helper()
	s, err := e.open(t.Context(), name)
	must(t, err)
	fn(s)
	must(t, s.Close())
}

// exec runs a statement on a database, in whatever state that is.
func (e engine) exec(t testing.TB, name, text string) {
	t.Helper()
	b, err := e.target(t.Context(), name)
	must(t, err)
	must(t, b.Write(t.Context(), func(ctx context.Context, s db.Session) error {
		return s.Exec(ctx, db.Statement{Thing: "anything", Text: text})
	}))
	must(t, b.Close())
}

// filled is what fill makes of a file. That takes long, so it is done once.
var (
	filling sync.Mutex
	filled  []byte
)

func filledFile(t testing.TB) string {
	t.Helper()
	filling.Lock()
	defer filling.Unlock()
	name := filepath.Join(t.TempDir(), "accounts.db")
	if filled == nil {
		s, err := sqlite.Open(t.Context(), name)
		must(t, err)
		fill(t, s)
		must(t, s.Close())
		text, err := os.ReadFile(name)
		must(t, err)
		filled = text
	}
	must(t, os.WriteFile(name, filled, 0o600))
	return name
}

// migratedDatabase has the tables, which take long to make.
func migratedDatabase(t testing.TB) string {
	t.Helper()
	return pgtest.Database(t, pgtest.Template("migrated", func(ctx context.Context, url string) error {
		s, err := postgres.Open(ctx, url, postgres.Config{Quiet: true})
		if err != nil {
			return err
		}
		return s.Close()
	}))
}

func filledDatabase(t testing.TB) string {
	t.Helper()
	return pgtest.Database(t, pgtest.Template("filled", func(ctx context.Context, url string) error {
		s, err := postgres.Open(ctx, url, postgres.Config{Quiet: true})
		if err != nil {
			return err
		}
		fill(t, s)
		return s.Close()
	}))
}

// pair is a source and a target.
type pair struct {
	from, to       engine
	source, target string
	between        func(copying.Database) copying.Database // puts something between the copy and the target
	progress       copying.Progress
	restart        bool
}

// copy copies, and returns what became of it.
func (p *pair) copy(t testing.TB) (copying.Result, error) {
	t.Helper()
	from, err := p.from.source(t.Context(), p.source)
	must(t, err)
	to, err := p.to.target(t.Context(), p.target)
	must(t, err)
	target, progress := copying.Database(to), p.progress
	if p.between != nil {
		target = p.between(to)
	}
	if progress == nil {
		progress = func(copying.Step, int64, int64) {}
	}
	result, err := copying.Copy(t.Context(), from, target, copying.Options{Restart: p.restart, Progress: progress})
	must(t, errors.Join(from.Close(), to.Close()))
	return result, err
}

// mustCopy copies all that there is.
func (p *pair) mustCopy(t testing.TB) copying.Result {
	t.Helper()
	result, err := p.copy(t)
	must(t, err)
	if len(result.Changed) > 0 || len(result.Unknown) > 0 {
		t.Errorf("changed: %v, unknown: %v", result.Changed, result.Unknown)
	}
	return result
}

// mustRefuse wants a message for the one who copies.
func (p *pair) mustRefuse(t testing.TB, want string) {
	t.Helper()
	_, err := p.copy(t)
	if known, ok := errors.AsType[*fault.Error](err); !ok || known.Message != want {
		t.Fatalf("got %v\nwant %s", err, want)
	}
}
