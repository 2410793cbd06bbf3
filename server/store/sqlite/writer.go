package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"time"

	driver "modernc.org/sqlite"

	"github.com/accountsd/accountsd/server/account"
)

// limits are when the writer commits, when the log is checkpointed, and how
// lists are read.
type limits struct {
	batch        int           // the most writes of one commit
	batchTime    time.Duration // after which a batch takes no more writes
	passivePages int64         // checkpoint in the background after so many pages
	restartPages int64         // pause the writer and restart the log from so many pages on
	driven       int           // the most accounts that a list sorts
	search       bool          // keep an index of texts
	pace         pace          // of the index
}

var defaultLimits = limits{
	batch:        256,
	batchTime:    10 * time.Millisecond, // so that the first write does not wait long for the last
	passivePages: 1000,
	restartPages: restartPages,
	driven:       maxDriven,
	search:       true,
	pace:         defaultPace,
}

// request is one call of Write.
type request struct {
	ctx   context.Context
	fn    func(ctx context.Context, tx account.Tx) error
	state atomic.Int32
	done  chan error // holds one, since the caller may be gone
	err   error      // of fn
}

// The states of a request. Both moves away from pending are atomic, so that
// either the writer or a cancellation gets it.
const (
	pending int32 = iota
	claimed
	abandoned
)

func (r *request) claim() bool   { return r.state.CompareAndSwap(pending, claimed) }
func (r *request) abandon() bool { return r.state.CompareAndSwap(pending, abandoned) }

// call runs fn, and turns a panic into an error.
func (r *request) call(tx *transaction) (err error) {
	defer tx.gate.close(errEnded)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("write panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return r.fn(context.WithoutCancel(r.ctx), tx)
}

// writer commits writes that wait together in one transaction, because a
// commit waits for the disk, which takes as long for many writes as for one.
type writer struct {
	session session
	conn    *sql.Conn
	queue   *queue
	wal     *checkpointer
	limits  limits
	index   *indexer // nil: there is none
	queued  bool     // a write of the batch has work for the index
	done    chan struct{}
}

func newWriter(conn *sql.Conn, wal *checkpointer, limits limits) *writer {
	return &writer{
		session: session{statements: newStatements(conn), gate: &gate{}, whole: true},
		conn:    conn,
		queue:   newQueue(),
		wal:     wal,
		limits:  limits,
		done:    make(chan struct{}),
	}
}

func (w *writer) write(ctx context.Context, fn func(ctx context.Context, tx account.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &request{ctx: ctx, fn: fn, done: make(chan error, 1)}
	if !w.queue.push(r) {
		return errClosed
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		if r.abandon() {
			return ctx.Err()
		}
		return <-r.done
	}
}

// run commits batches until the queue is closed and empty.
func (w *writer) run() {
	stopped := false
	defer func() {
		if stopped {
			close(w.done)
			return
		}
		go w.run() // an fn has ended this goroutine, as t.FailNow does
	}()
	for {
		first := w.queue.wait()
		if first == nil {
			stopped = true
			return
		}
		w.commit(first)
		w.wal.wrote(w.pagesWritten())
	}
}

func (w *writer) stop() {
	w.queue.close()
	<-w.done
}

// commit runs a batch, and answers its callers when the outcome is final.
func (w *writer) commit(first *request) {
	batch := make([]*request, 0, w.limits.batch)
	err := errLost // unless transact returns
	defer func() {
		if err != nil {
			// SQLite may have rolled back already; all that counts is that
			// the next batch finds no transaction.
			_, _ = w.session.exec(context.Background(), rollback)
		}
		for _, r := range batch {
			if r.err == nil {
				r.err = err
			}
			r.done <- r.err
		}
	}()
	err = w.transact(first, &batch)
	if w.queued && err == nil && w.index != nil {
		w.index.wake()
	}
	w.queued = false
}

// The statements around writes.
var (
	begin     = statement{thing: "transaction", text: "BEGIN IMMEDIATE"}
	beginRead = statement{thing: "transaction", text: "BEGIN"}
	commit    = statement{thing: "transaction", text: "COMMIT"}
	rollback  = statement{thing: "transaction", text: "ROLLBACK"}
	save      = statement{thing: "savepoint", text: "SAVEPOINT write"}
	release   = statement{thing: "savepoint", text: "RELEASE write"}
	undo      = statement{thing: "savepoint", text: "ROLLBACK TO write"}
)

// transact runs the first request and those that wait behind it, and commits
// those that succeeded. An error is one of the transaction: nothing of it is
// stored.
func (w *writer) transact(first *request, batch *[]*request) error {
	ctx, start, succeeded := context.Background(), time.Now(), 0
	if _, err := w.session.exec(ctx, begin); err != nil {
		// All that wait, or each would wait for the same lock in turn.
		for r := first; r != nil; r = w.queue.poll() {
			if r.claim() {
				*batch = append(*batch, r)
			}
		}
		return err
	}
	for r := first; r != nil; r = w.queue.poll() {
		if !r.claim() {
			continue
		}
		*batch = append(*batch, r)
		if err := w.isolate(ctx, r); err != nil {
			return err
		}
		if r.err == nil {
			succeeded++
		}
		if len(*batch) == w.limits.batch || time.Since(start) > w.limits.batchTime {
			break
		}
	}
	end := commit
	if succeeded == 0 {
		end = rollback
	}
	_, err := w.session.exec(ctx, end)
	return err
}

// isolate runs one request so that its failure undoes nothing but its own
// writes.
func (w *writer) isolate(ctx context.Context, r *request) error {
	if _, err := w.session.exec(ctx, save); err != nil {
		return err
	}
	tx := newTransaction(w.session.statements, w.limits)
	if r.err = r.call(tx); r.err != nil {
		if _, err := w.session.exec(ctx, undo); err != nil {
			return err
		}
	}
	w.queued = w.queued || tx.queued
	_, err := w.session.exec(ctx, release)
	return err
}

// pagesWritten returns how many pages the connection wrote to the log since
// the last call.
func (w *writer) pagesWritten() int64 {
	pages := 0
	_ = w.conn.Raw(func(conn any) error {
		var err error
		pages, _, err = conn.(driver.DBStatus).Status(driver.DBStatusCacheWrite, true)
		return err
	})
	return int64(pages)
}
