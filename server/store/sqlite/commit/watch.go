package commit

import (
	"context"
	"errors"
	"time"

	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
	"github.com/accountsd/accountsd/server/write"
)

// Watch has a watcher told of each batch. It must be called before Start.
func (w *Writer) Watch(watcher observe.Groups) { w.watcher = watcher }

// keep commits what was written, and notes how long that took.
func (w *Writer) keep(ctx context.Context) error {
	began := time.Now()
	err := w.conn.Exec(ctx, engine.Commit)
	w.took = time.Since(began)
	return err
}

// tell tells the watcher of a batch, before its callers are answered.
func (w *Writer) tell(batch []*request, err error) {
	took := w.took
	w.took = 0
	if w.watcher == nil || len(batch) == 0 {
		return
	}
	g := observe.Group{Writes: len(batch), Failed: err != nil, Commit: took}
	for _, r := range batch {
		if errors.Is(r.err, write.ErrStale) {
			g.Missed++
		}
	}
	w.watcher.Committed(g)
}

func (w *Writer) tellRedone() {
	if w.watcher != nil {
		w.watcher.Redone()
	}
}
