// Package commit commits writes to SQLite in groups, and keeps the write-ahead
// log small meanwhile. It knows no tables.
package commit

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/queue"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// ErrClosed is of calls after Stop.
var ErrClosed = fault.Errorf(fault.KindUnavailable, "the store is closed")

var (
	errEnded = errors.New("the transaction has ended")
	errLost  = errors.New("a write ended its goroutine instead of returning")
	errAgain = errors.New("the writes of the transaction must run again, each apart")
)

// Limits are when the writer commits, and when the log is checkpointed.
type Limits struct {
	Batch        int           // the most writes of one commit
	BatchTime    time.Duration // after which a batch takes no more writes
	PassivePages int64         // checkpoint in the background after so many pages
	RestartPages int64         // pause the writer and restart the log from so many pages on
}

// DefaultLimits are those of a server.
var DefaultLimits = Limits{
	Batch:        256,
	BatchTime:    10 * time.Millisecond, // so that the first write does not wait long for the last
	PassivePages: 1000,
	RestartPages: restartPages,
}

// request is one call of Write.
type request struct {
	*queue.Call
	fn    func(ctx context.Context, s db.Session) error
	trial bool  // nothing of it is to stay
	err   error // of fn
}

// call runs fn, and turns a panic into an error.
func (r *request) call(conn *engine.Conn) (err error) {
	session, end := conn.Lend()
	defer end(errEnded)
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("write panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return r.fn(context.WithoutCancel(r.Context()), session)
}

// Writer commits writes that wait together in one transaction, because a
// commit waits for the disk, which takes as long for many writes as for one.
type Writer struct {
	conn   *engine.Conn
	turn   *engine.Turn
	queue  *queue.Queue[*request]
	wal    *checkpointer
	limits Limits
	done   chan struct{}
	logged int64 // pages in the log, when run looked last

	guard   func() error   // nil: every transaction may begin
	watcher observe.Groups // nil: nobody watches
	took    time.Duration  // the last commit; 0: the batch has none yet
}

// New returns a writer on a connection of its own, with another one for
// checkpoints, in turn with other processes. All stay the caller's to close, after Stop.
func New(conn, checkpoints *engine.Conn, turn *engine.Turn, limits Limits) *Writer {
	return &Writer{
		conn:   conn,
		turn:   turn,
		queue:  queue.New[*request](),
		wal:    newCheckpointer(checkpoints, limits),
		limits: limits,
		done:   make(chan struct{}),
	}
}

// Guard has check called before each transaction, and the writes that wait refused with
// its error. It must be called before Start.
func (w *Writer) Guard(check func() error) { w.guard = check }

// Start begins to commit writes, until Stop.
func (w *Writer) Start() {
	go w.wal.run()
	go w.run()
}

// Stop finishes the writes that were called before it, and refuses later ones
// with ErrClosed. It must be called once.
func (w *Writer) Stop() {
	w.queue.Close()
	<-w.done
	w.wal.stop()
}

// Truncate empties the log, after Stop, unless it is read. Where the disk is full or
// fails, the log stays, and has all that was committed.
func (w *Writer) Truncate() error {
	err := w.wal.checkpoint("TRUNCATE")
	if fault.KindOf(err) == fault.KindUnavailable {
		return nil
	}
	return err
}

// Write runs fn in a transaction that may share its commit with other writes.
// The session is of no use once fn has returned. fn's error undoes what it
// wrote, and nothing else. An fn may run again, if one that shares its commit
// has failed after it wrote something. If ctx ends before fn was begun, Write
// returns its error; later it is of no effect.
func (w *Writer) Write(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return w.carryOut(&request{Call: queue.NewCall(ctx), fn: fn})
}

// Rehearse is Write, but leaves nothing of what fn wrote.
func (w *Writer) Rehearse(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return w.carryOut(&request{Call: queue.NewCall(ctx), fn: fn, trial: true})
}

func (w *Writer) carryOut(r *request) error {
	if err := r.Context().Err(); err != nil {
		return err
	}
	if !w.queue.Push(r) {
		return ErrClosed
	}
	return r.Wait()
}

// Waiting returns how many writes have not been begun.
func (w *Writer) Waiting() int { return w.queue.Len() }

// PagesWritten returns how many pages were written to the log, ever.
func (w *Writer) PagesWritten() int64 { return w.wal.written.Load() }

// run commits batches until the queue is closed and empty.
func (w *Writer) run() {
	stopped := false
	defer func() {
		if stopped {
			close(w.done)
			return
		}
		go w.run() // an fn has ended this goroutine, as t.FailNow does
	}()
	batch := make([]*request, 0, w.limits.Batch) // of one commit after the other
	for {
		first, ok := w.queue.Wait()
		if !ok {
			stopped = true
			return
		}
		w.commit(first, &batch)
		w.wal.wrote(w.pagesWritten())
	}
}

// commit runs a batch, answers its callers when the outcome is final, and leaves the
// batch empty.
func (w *Writer) commit(first *request, batch *[]*request) {
	err := errLost // unless transact returns
	defer func() {
		if err != nil {
			// SQLite may have rolled back already; all that counts is that
			// the next batch finds no transaction.
			_ = w.conn.Exec(context.Background(), engine.Rollback)
		}
		w.tell(*batch, err)
		for _, r := range *batch {
			if r.err == nil {
				r.err = err
			}
			r.Answer(r.err)
		}
		clear(*batch) // so that it does not keep them
		*batch = (*batch)[:0]
	}()
	if err = w.transact(first, batch); errors.Is(err, errAgain) {
		w.tellRedone()
		if err = w.conn.Exec(context.Background(), engine.Rollback); err == nil {
			err = w.repeat(*batch)
		}
	}
}

// The statements around one write.
var (
	save    = db.Statement{Thing: "savepoint", Text: "SAVEPOINT write"}
	release = db.Statement{Thing: "savepoint", Text: "RELEASE write"}
	undo    = db.Statement{Thing: "savepoint", Text: "ROLLBACK TO write"}
)

// transact runs the first request and those that wait behind it, and commits
// those that succeeded. An error is one of the transaction: nothing of it is
// stored. It is errAgain if one failed after it had written: a savepoint before
// each would cost a copy of all pages that it changes.
func (w *Writer) transact(first *request, batch *[]*request) error {
	ctx, start, succeeded := context.Background(), time.Now(), 0
	if err := w.begin(ctx); err != nil {
		// All that wait, or each would wait for the same lock in turn.
		for r, ok := first, true; ok; r, ok = w.queue.Poll() {
			if r.Claim() {
				*batch = append(*batch, r)
			}
		}
		return err
	}
	for r, ok := first, true; ok; r, ok = w.queue.Poll() {
		if !r.Claim() {
			continue
		}
		*batch = append(*batch, r)
		if err := w.attempt(ctx, r); err != nil {
			return err
		}
		if r.err == nil && !r.trial {
			succeeded++
		}
		if len(*batch) == w.limits.Batch || time.Since(start) > w.limits.BatchTime {
			break
		}
	}
	if succeeded == 0 {
		return w.conn.Exec(ctx, engine.Rollback)
	}
	return w.keep(ctx)
}

func (w *Writer) begin(ctx context.Context) error {
	if w.guard != nil {
		if err := w.guard(); err != nil {
			return err
		}
	}
	return w.conn.Begin(ctx, w.turn)
}

// attempt runs one request. A failure that has written nothing leaves nothing.
func (w *Writer) attempt(ctx context.Context, r *request) error {
	if r.trial {
		return w.isolate(ctx, r)
	}
	before := w.conn.Writes()
	r.err = r.call(w.conn)
	switch {
	case !w.conn.InTransaction(): // SQLite has ended it, as when the disk is full.
		return cmp.Or(r.err, errEnded)
	case r.err != nil && w.conn.Writes() != before:
		return errAgain
	}
	return nil
}

// repeat runs requests again, each so that its failure leaves the others alone. It is
// the turn of this process still: one that has waited would find nothing of the first
// run, and come before it.
func (w *Writer) repeat(batch []*request) error {
	ctx := context.Background()
	if err := w.conn.Exec(ctx, engine.Begin); err != nil {
		return err
	}
	for _, r := range batch {
		if err := w.isolate(ctx, r); err != nil {
			return err
		}
	}
	return w.keep(ctx)
}

// isolate runs one request so that its failure undoes nothing but its own
// writes.
func (w *Writer) isolate(ctx context.Context, r *request) error {
	if err := w.conn.Exec(ctx, save); err != nil {
		return err
	}
	if r.err = r.call(w.conn); r.err != nil || r.trial {
		if err := w.conn.Exec(ctx, undo); err != nil {
			return err
		}
	}
	return w.conn.Exec(ctx, release)
}

// lookAtLog tells how many pages are in the log, and moves none.
var lookAtLog = db.Statement{Thing: "log", Text: "PRAGMA wal_checkpoint(NOOP)"}

// pagesWritten returns how many pages came into the log since the last call. A
// log with fewer than before has started again.
func (w *Writer) pagesWritten() int64 {
	var busy, pages, copied int64
	if err := w.conn.Get(context.Background(), lookAtLog, nil, &busy, &pages, &copied); err != nil {
		return 0
	}
	before := w.logged
	if w.logged = pages; pages < before {
		return pages
	}
	return pages - before
}
