// Package write is the one way to write: a request runs in one transaction,
// which a dry run undoes, and which keeps the answer of a request that must be
// carried out once.
package write

import (
	"context"
	"errors"
	"time"
)

// Tx is the part of a transaction that every write needs.
type Tx interface {
	// Isolate runs fn as a part of the transaction that can fail alone: if fn
	// returns an error, nothing that it wrote stays, Isolate returns that very
	// error, and the transaction goes on. Parts may be nested. Where the store
	// cannot undo the part, the error is internal, and the transaction lost.
	Isolate(ctx context.Context, fn func(ctx context.Context) error) error

	// Answer returns what was answered under an idempotency key since a time,
	// or KindNotFound. Two transactions that look for the same one run one
	// after the other.
	Answer(ctx context.Context, id AnswerID, since time.Time) (Answer, error)

	// SaveAnswer keeps an answer, in place of an older one with the same id,
	// and drops some of those made before since.
	SaveAnswer(ctx context.Context, a Answer, since time.Time) error
}

// Transactor runs transactions.
type Transactor[T Tx] interface {
	// Write runs fn in a transaction of its own. When Write returns nil, all
	// that fn wrote is durable and visible; when it returns an error, which is
	// fn's own where fn failed, nothing of it is. fn may run again if the
	// store asks for it, and must use no other store method than tx's.
	//
	// A ctx that ends before fn has begun stops the write; after that Write
	// waits for the outcome, so that the caller always knows it.
	Write(ctx context.Context, fn func(ctx context.Context, tx T) error) error

	// Rehearse is Write, but leaves nothing of what fn wrote.
	Rehearse(ctx context.Context, fn func(ctx context.Context, tx T) error) error

	// Look runs fn on one state of the store, in which it can only read: what
	// would write returns ErrReadOnly. Writes need not wait for it. fn may run
	// again, on another state, if the store asks for it.
	Look(ctx context.Context, fn func(ctx context.Context, tx T) error) error
}

// ErrReadOnly is of a write in a transaction that can only read.
var ErrReadOnly = errors.New("a look at the store writes nothing")

// ErrStale is of a write that was decided on what has changed since.
var ErrStale = errors.New("what the write was decided on has changed")

// Mode says how a request is carried out. The zero value: as it is.
type Mode[R any] struct {
	DryRun bool   // check and answer, but write nothing
	Claim  *Claim // of a request that must be carried out once; nil: it need not
	Answer func(result R) (Answer, error)

	// Unsound is of a request of which something is known, or thought, to be
	// wrong. It is looked into first without a place among the writes, and
	// takes one only if nothing is found.
	Unsound bool
}

// Run runs fn in a transaction, and returns its result. A request that was
// carried out before is not run again: the error is a *Replay.
func Run[T Tx, R any](ctx context.Context, store Transactor[T], m Mode[R], fn func(ctx context.Context, tx T) (R, error)) (R, error) {
	var result R
	if m.Unsound {
		err := store.Look(ctx, func(ctx context.Context, tx T) error {
			_, err := fn(ctx, tx)
			return err
		})
		if err != nil && !errors.Is(err, ErrReadOnly) {
			return result, err
		}
	}
	carryOut := store.Write
	if m.DryRun {
		carryOut = store.Rehearse
	}
	err := carryOut(ctx, func(ctx context.Context, tx T) error {
		err := m.Check(ctx, tx)
		if err != nil {
			return err
		}
		if result, err = fn(ctx, tx); err != nil || m.DryRun {
			return err
		}
		return m.Keep(ctx, tx, result)
	})
	if err != nil {
		var none R
		return none, err
	}
	return result, nil
}

// Do is Run for a write without a result.
func Do[T Tx](ctx context.Context, store Transactor[T], fn func(ctx context.Context, tx T) error) error {
	_, err := Run(ctx, store, Mode[struct{}]{}, func(ctx context.Context, tx T) (struct{}, error) { return struct{}{}, fn(ctx, tx) })
	return err
}

// Clock tells the time.
type Clock func() time.Time

// Now returns the time in the form in which it is stored: UTC, whole
// milliseconds. A nil Clock is that of the machine.
func (c Clock) Now() time.Time {
	if c == nil {
		return time.Now().UTC().Truncate(time.Millisecond)
	}
	return c().UTC().Truncate(time.Millisecond)
}

// Since returns the time of a write of a record that was last written before.
// It is later, though the clock may have been set back or not have moved: who
// polls for what has changed since then must not miss it.
func (c Clock) Since(before time.Time) time.Time {
	if now := c.Now(); now.After(before) {
		return now
	}
	return before.Add(time.Millisecond)
}
