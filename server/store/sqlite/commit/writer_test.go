package commit_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"

	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/commit"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

var (
	insert = db.Statement{Thing: "number", Taken: "number is taken", Text: `INSERT INTO numbers VALUES (?)`}
	count  = db.Statement{Thing: "numbers", Text: `SELECT count(*) FROM numbers`}
)

// start returns a writer on a new file with a table of numbers, and its Stop,
// which may be called twice.
func start(t *testing.T) (w *commit.Writer, stop func()) {
	t.Helper()
	return startWatched(t, nil)
}

func startWatched(t *testing.T, by observe.Groups) (w *commit.Writer, stop func()) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "numbers.db")
	if err := engine.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	conns := [2]*engine.Conn{}
	for i, source := range []engine.Source{commit.Source(path, commit.DefaultLimits), commit.CheckpointSource(path)} {
		conn, err := engine.Open(t.Context(), source)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		})
		conns[i] = conn
	}
	if err := conns[0].Script(t.Context(), `CREATE TABLE numbers (n INTEGER PRIMARY KEY)`); err != nil {
		t.Fatal(err)
	}
	turn := engine.OpenTurn(filepath.Dir(path))
	t.Cleanup(func() { _ = turn.Close() })
	w = commit.New(conns[0], conns[1], turn, commit.DefaultLimits)
	w.Watch(by)
	w.Start()
	stop = sync.OnceFunc(w.Stop)
	t.Cleanup(stop)
	return w, stop
}

func add(n int) func(context.Context, db.Session) error {
	return func(ctx context.Context, s db.Session) error { err := s.Exec(ctx, insert, n); return err }
}

func wantCount(t *testing.T, w *commit.Writer, want int) {
	t.Helper()
	var got int
	err := w.Write(t.Context(), func(ctx context.Context, s db.Session) error { return s.Get(ctx, count, nil, &got) })
	if err != nil || got != want {
		t.Errorf("counted %d, %v, want %d", got, err, want)
	}
}

// A write is undone by its own failure, however it fails, and by no other's.
func TestWrite(t *testing.T) {
	t.Parallel()
	w, _ := start(t)
	failure := errors.New("changed my mind")
	fails := func(n int, fail func() error) func(context.Context, db.Session) error {
		return func(ctx context.Context, s db.Session) error {
			if err := add(n)(ctx, s); err != nil {
				return err
			}
			return fail()
		}
	}
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			var err error
			switch i % 4 {
			case 1:
				err = w.Write(t.Context(), fails(i, func() error { return failure }))
				if !errors.Is(err, failure) {
					t.Errorf("write %d: got %v, want its own error", i, err)
				}
			case 3:
				err = w.Write(t.Context(), fails(i, func() error { panic("at the worst moment") }))
				if err == nil {
					t.Errorf("write %d panicked and answered no error", i)
				}
			default:
				if err = w.Write(t.Context(), add(i)); err != nil {
					t.Errorf("write %d: %v", i, err)
				}
			}
		})
	}
	group.Wait()
	wantCount(t, w, 20)
}

// A session must not outlive its write, in whose place another one's may be.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	w, _ := start(t)
	var kept db.Session
	err := w.Write(t.Context(), func(_ context.Context, s db.Session) error { kept = s; return nil })
	if err != nil {
		t.Fatal(err)
	}
	if err := add(1)(t.Context(), kept); err == nil {
		t.Error("a session has outlived its write")
	}
	wantCount(t, w, 0)
}

func TestStop(t *testing.T) {
	t.Parallel()
	w, stop := start(t)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			if err := w.Write(t.Context(), add(i)); err != nil && !errors.Is(err, commit.ErrClosed) {
				t.Error(err)
			}
		})
	}
	stop()
	group.Wait()
	if err := w.Write(t.Context(), add(99)); !errors.Is(err, commit.ErrClosed) {
		t.Errorf("got %v after Stop", err)
	}
}
