package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	codes "modernc.org/sqlite/lib"

	"github.com/accountsd/accountsd/server/account"
)

// pace is how much of the machine the indexer may take.
type pace struct {
	batch   int           // the most records of one round
	gather  time.Duration // between a write and the round for it, so that the next writes share it
	busy    int           // while writes go on, pause so many times as long as a round took
	backlog int64         // with more queue entries, pause no longer than a round took
	retry   time.Duration // pause after an error
}

// Small batches take the processor from the writes for a short time only. While
// writes go on, a thirtieth of a processor is for the index, or 150 to 250
// records a second. What is too much for that waits until there are no writes,
// or until searches, which look at the queue's records one by one, become slow.
var defaultPace = pace{
	batch:   128,
	gather:  100 * time.Millisecond,
	busy:    29,
	backlog: 100_000,
	retry:   500 * time.Millisecond,
}

// indexer puts the texts of records into the search file, in the background.
// Several processes may do so for one file.
type indexer struct {
	file    *searchFile
	records reader
	write   func(ctx context.Context, fn func(ctx context.Context, tx account.Tx) error) error
	pace    pace

	woken  chan struct{}
	ctx    context.Context
	cancel context.CancelFunc
	done   chan struct{}
}

func newIndexer(file *searchFile, records *sql.Conn, w *writer, pace pace) *indexer {
	ctx, cancel := context.WithCancel(context.Background())
	return &indexer{
		file:    file,
		records: reader{session: session{statements: newStatements(records), gate: &gate{}}},
		write:   w.write,
		pace:    pace,
		woken:   make(chan struct{}, 1),
		ctx:     ctx,
		cancel:  cancel,
		done:    make(chan struct{}),
	}
}

// wake tells that there are entries in the queue.
func (x *indexer) wake() {
	select {
	case x.woken <- struct{}{}:
	default: // it is awake
	}
}

// stop ends run. A round that it interrupts is of no effect.
func (x *indexer) stop() {
	x.cancel()
	<-x.done
}

// run does rounds until stop. It begins with what earlier processes left.
func (x *indexer) run() {
	defer close(x.done)
	var before progress
	for {
		now, err := x.round(x.ctx)
		pause := now.worked
		if now.left <= x.pace.backlog && now.last != before.last {
			pause *= time.Duration(x.pace.busy)
		}
		before = now
		switch {
		case errors.Is(err, errUnfit):
			return // searches do without the file, and the next Open makes a new one
		case isDamaged(err) && x.discard(x.ctx) == nil:
			return
		case err != nil:
			pause = x.pace.retry
		case now.left == 0:
			if !x.sleep() {
				return
			}
			pause = max(pause, x.pace.gather)
		}
		select {
		case <-x.ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// sleep waits for the next wake. It returns false if there is none until stop.
func (x *indexer) sleep() bool {
	select {
	case <-x.ctx.Done():
		return false
	case <-x.woken:
		return true
	}
}

// isDamaged tells whether a search file cannot be used any more.
func isDamaged(err error) bool {
	primary := errorCode(err) & 0xff
	return primary == codes.SQLITE_CORRUPT || primary == codes.SQLITE_NOTADB
}

// prune removes the entries that the file has from the queue.
func (x *indexer) prune(ctx context.Context, position int64) error {
	return x.write(ctx, func(ctx context.Context, tx account.Tx) error {
		return tx.(*transaction).prune(ctx, position)
	})
}

// discard makes the file one that does not go with the database any more.
func (x *indexer) discard(ctx context.Context) error {
	return x.write(ctx, func(ctx context.Context, tx account.Tx) error {
		_, err := tx.(*transaction).session.exec(ctx, renewEpoch)
		return err
	})
}

// progress is what a round has done.
type progress struct {
	last   int64         // the last entry of the queue
	left   int64         // how many entries are left; math.MaxInt64 if there are records to scan
	worked time.Duration // in the search file
}

// round puts a batch into the search file, and removes it from the queue.
func (x *indexer) round(ctx context.Context) (progress, error) {
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
		err = x.prune(ctx, state.position)
	}
	return done, err
}

// index does the part of a round in the search file, in one transaction. The
// file's lock is taken first: so the state of the database is never older than
// that of the round before, in whatever process that was.
func (x *indexer) index(ctx context.Context) (state searchState, a anchor, err error) {
	if _, err := x.file.session.exec(ctx, begin); err != nil {
		return state, a, err
	}
	defer func() {
		if err != nil {
			_, _ = x.file.session.exec(context.Background(), rollback)
		}
	}()
	if _, err := x.records.session.exec(ctx, beginRead); err != nil {
		return state, a, err
	}
	defer func() { _, _ = x.records.session.exec(context.Background(), rollback) }()
	if state, err = readSearchState(ctx, x.file.session); err != nil {
		return state, a, err
	}
	if a, err = readAnchor(ctx, x.records.session); err != nil {
		return state, a, err
	}
	if !state.fits(a) {
		return state, a, errUnfit
	}
	if err := x.fill(ctx, &state); err != nil {
		return state, a, err
	}
	state.horizon = a.last
	if err := state.write(ctx, x.file.session); err != nil {
		return state, a, err
	}
	_, err = x.file.session.exec(context.Background(), commit)
	return state, a, err
}

// fill puts a batch of records into the search file.
func (x *indexer) fill(ctx context.Context, state *searchState) (err error) {
	b := newSearchBatch(x.records, x.file)
	defer func() { err = errors.Join(err, b.close()) }()
	left, err := b.queued(ctx, state, x.pace.batch)
	if err != nil {
		return err
	}
	return b.scan(ctx, state, left)
}
