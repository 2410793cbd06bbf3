// Package textindex is the index of texts beside a database: a file of trigrams,
// which a queue in the database keeps up to date in the background, and what to
// look for in it. It knows of records no more than a Kind tells.
package textindex

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// Pace is how much of the machine an Index may take.
type Pace struct {
	Batch   int           // the most records of one round
	Gather  time.Duration // between a write and the round for it, so that the next writes share it
	Busy    int           // while writes go on, pause so many times as long as a round took,
	Backlog int64         // and the less, the more entries there are: not at all with so many
	Retry   time.Duration // pause after an error
}

// DefaultPace is that of a server. While writes go on, a round waits the longer
// the fewer records it has: for them all the cost of a round is the same. A
// search looks at all that is queued, so the index takes what it needs for the
// queue to stay below the backlog, which is a tenth of what the writes take.
var DefaultPace = Pace{
	Batch:   1000,
	Gather:  100 * time.Millisecond,
	Busy:    29,
	Backlog: 2000,
	Retry:   500 * time.Millisecond,
}

// pause is how long to wait after a round that took so long, while others write, with
// so many entries in the queue.
func (p Pace) pause(worked time.Duration, left int64) time.Duration {
	if left >= p.Backlog {
		return 0
	}
	return worked * time.Duration(p.Busy) * time.Duration(p.Backlog-left) / time.Duration(p.Backlog)
}

// Index puts the texts of records into its file, in the background. Several
// processes may do so for one file.
type Index struct {
	kinds   []records.Kind
	file    *engine.Conn
	records *engine.Conn
	write   Write
	pace    Pace
	memory  memory

	woken  chan struct{}
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
}

// Write runs fn in a transaction of the database.
type Write func(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error

// Open opens the index of the database at an absolute path, by a session that
// may write to it. The file is made anew if there is none that fits.
func Open(ctx context.Context, path string, database db.Session, write Write, kinds []records.Kind, pace Pace) (*Index, error) {
	file, err := openFile(ctx, database, FilePath(path), formatOf(kinds))
	if err != nil {
		return nil, err
	}
	// Each record is read once, so that little is kept of them.
	records, err := engine.Open(ctx, engine.File(path, engine.LockTimeout,
		"foreign_keys(1)", "synchronous(FULL)", "cache_size(-1000)", "query_only(1)"))
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	x := &Index{
		kinds: kinds, file: file, records: records, write: write, pace: pace,
		woken: make(chan struct{}, 1), done: make(chan struct{}),
	}
	x.ctx, x.cancel = context.WithCancel(context.Background())
	return x, nil
}

// Close releases the file. Run must have ended.
func (x *Index) Close() error { return errors.Join(x.records.Close(), x.file.Close()) }

// Wake tells that there are entries in the queue.
func (x *Index) Wake() {
	select {
	case x.woken <- struct{}{}:
	default: // it is awake
	}
}

// Stop ends Run. A round that it interrupts is of no effect.
func (x *Index) Stop() {
	x.cancel()
	<-x.done
}

// Run does rounds until Stop. It begins with what earlier processes left.
func (x *Index) Run() {
	defer close(x.done)
	var before progress
	for {
		now, err := x.round(x.ctx)
		othersWrite := now.last != before.last
		before = now
		switch {
		case errors.Is(err, errUnfit):
			return // searches do without the file, and the next Open makes a new one
		case engine.IsDamage(err) && x.discard(x.ctx) == nil:
			return
		case err != nil:
			if !x.wait(x.pace.Retry) {
				return
			}
			continue
		case now.left == 0:
			if !x.sleep() || !x.wait(x.pace.Gather) {
				return
			}
		}
		if othersWrite && !x.rest(now) {
			return
		}
	}
}

// rest pauses after a round. What others add to the queue meanwhile shortens that: some
// rounds take a second, and the pause after one would let it grow by ten thousands.
func (x *Index) rest(done progress) bool {
	for began := time.Now(); ; {
		pause := x.pace.pause(done.worked, done.left) - time.Since(began)
		if pause <= 0 {
			return true
		}
		if !x.wait(min(pause, x.pace.Gather)) {
			return false
		}
		if now, err := readAnchor(x.ctx, x.records.Session); err == nil {
			done.left += now.last - done.last
			done.last = now.last
		}
	}
}

// wait returns false if Stop comes first.
func (x *Index) wait(pause time.Duration) bool {
	select {
	case <-x.ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

// sleep waits for the next wake. It returns false if there is none until Stop.
func (x *Index) sleep() bool {
	select {
	case <-x.ctx.Done():
		return false
	case <-x.woken:
		return true
	}
}

// discard makes the file one that does not go with the database any more.
func (x *Index) discard(ctx context.Context) error {
	return x.write(ctx, func(ctx context.Context, s db.Session) error { return s.Exec(ctx, renewEpoch) })
}

// progress is what a round has done.
type progress struct {
	last   int64         // the last entry of the queue
	left   int64         // how many entries are left; math.MaxInt64 if there are records to scan
	worked time.Duration // in the file
}

// Ended is closed when Run has ended: by Stop, or since there is nothing more
// that it can do.
func (x *Index) Ended() <-chan struct{} { return x.done }

// Fill puts a batch of records into the file, and leaves them in the queue. The
// next round finds them done.
func (x *Index) Fill(ctx context.Context) error {
	_, _, err := x.index(ctx)
	return err
}

// Round puts a batch of records into the file, and removes it from the queue.
func (x *Index) Round(ctx context.Context) error {
	_, err := x.round(ctx)
	return err
}

func (x *Index) round(ctx context.Context) (progress, error) {
	began := time.Now()
	state, a, err := x.index(ctx)
	done := progress{last: a.last, left: a.last - state.position, worked: time.Since(began)}
	if err != nil {
		return done, err
	}
	if !state.complete() {
		done.left = math.MaxInt64
	}
	// The entries are removed only now that the file has them on the disk.
	if a.pruned < state.position {
		err = x.write(ctx, func(ctx context.Context, s db.Session) error { return prune(ctx, s, state.position) })
	}
	return done, err
}

// index does the part of a round in the search file, in one transaction. The
// file's lock is taken first: so the state of the database is never older than
// that of the round before, in whatever process that was.
func (x *Index) index(ctx context.Context) (state fileState, a anchor, err error) {
	if err := x.file.Exec(ctx, engine.Begin); err != nil {
		return state, a, err
	}
	defer func() {
		if err != nil {
			_ = x.file.Exec(context.Background(), engine.Rollback)
		}
	}()
	b := newBatch(x)
	if state, a, err = x.gather(ctx, b); err != nil {
		return state, a, err
	}
	if err = b.write(ctx); err != nil {
		return state, a, err
	}
	state.horizon = a.last
	if err = state.write(ctx, x.file.Session); err != nil {
		return state, a, err
	}
	err = x.file.Exec(context.Background(), engine.Commit)
	return state, a, err
}

// gather reads what a round puts into the file, and returns the state that the file
// then has, on one state of the database. It lets go of that before anything is
// written: as long as it is read, the log cannot start again, and all writers may have
// to wait for that.
func (x *Index) gather(ctx context.Context, b *batch) (state fileState, a anchor, err error) {
	if err := x.records.Exec(ctx, engine.BeginRead); err != nil {
		return state, a, err
	}
	defer func() { _ = x.records.Exec(context.Background(), engine.Rollback) }()
	if state, err = readState(ctx, x.file.Session); err != nil {
		return state, a, err
	}
	if a, err = readAnchor(ctx, x.records.Session); err != nil {
		return state, a, err
	}
	if !state.fits(a) {
		return state, a, errUnfit
	}
	left, err := b.queued(ctx, &state, x.pace.Batch)
	if err != nil {
		return state, a, err
	}
	return state, a, b.scan(ctx, &state, left)
}
