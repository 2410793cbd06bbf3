package commit_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/write"
)

// watcher keeps what it is told.
type watcher struct {
	mu     sync.Mutex
	groups []observe.Group
	redone int
}

func (w *watcher) Committed(g observe.Group) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.groups = append(w.groups, g)
}

func (w *watcher) Redone() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.redone++
}

// last is what was told last, and how often a group was redone.
func (w *watcher) last() (observe.Group, int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.groups[len(w.groups)-1], w.redone
}

func TestWatch(t *testing.T) {
	t.Parallel()
	seen := &watcher{}
	w, _ := startWatched(t, seen)
	if err := w.Write(t.Context(), add(1)); err != nil {
		t.Fatal(err)
	}
	if g, redone := seen.last(); g.Writes != 1 || g.Missed != 0 || g.Failed || g.Commit <= 0 || redone != 0 {
		t.Errorf("of a write: %+v, redone %d", g, redone)
	}
	err := w.Write(t.Context(), func(context.Context, db.Session) error { return write.ErrStale })
	if g, redone := seen.last(); !errors.Is(err, write.ErrStale) || g.Writes != 1 || g.Missed != 1 || g.Failed || g.Commit != 0 || redone != 0 {
		t.Errorf("of a miss: %v %+v, redone %d", err, g, redone)
	}
	err = w.Write(t.Context(), func(ctx context.Context, s db.Session) error { return errors.Join(add(2)(ctx, s), errors.New("no")) })
	if g, redone := seen.last(); err == nil || g.Writes != 1 || g.Failed || redone != 1 {
		t.Errorf("of a failure after a write: %v %+v, redone %d", err, g, redone)
	}
	err = w.Write(t.Context(), func(ctx context.Context, s db.Session) error {
		return s.Exec(ctx, db.Statement{Thing: "transaction", Text: "ROLLBACK"})
	})
	if g, _ := seen.last(); err == nil || !g.Failed || g.Commit != 0 {
		t.Errorf("of a transaction that has ended: %v %+v", err, g)
	}
}
