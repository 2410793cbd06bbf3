package feed

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
)

// Reader follows the changes of a company. It is for one goroutine.
type Reader struct {
	feed  *Feed
	actor identity.Actor
	tail  *tail
	turn  *turn
	atEnd bool // there was no more when it read last
}

// Follow returns a reader of the changes of the actor's company. It must be closed.
func (f *Feed) Follow(actor identity.Actor) *Reader {
	t, now := f.join(actor.CompanyID)
	return &Reader{feed: f, actor: actor, tail: t, turn: now}
}

// Close ends following.
func (r *Reader) Close() { r.feed.leave(r.tail) }

// Next returns the changes after a sequence, at most limit, in order. If there are none
// yet it waits for one, and returns nothing if ctx ends before that. The entries may be
// others' too, and are not to be written to. Errors: those of account.Records.Changes.
func (r *Reader) Next(ctx context.Context, after int64, limit int) ([]account.HistoryEntry, error) {
	for {
		if r.atEnd && !r.wait(ctx) {
			return nil, nil
		}
		entries, err := r.read(ctx, after, limit)
		if err != nil && ctx.Err() != nil {
			return nil, nil
		}
		if err != nil || len(entries) > 0 {
			return entries, err
		}
	}
}

// wait waits for the end of the turn, and tells whether it came.
func (r *Reader) wait(ctx context.Context) bool {
	select {
	case <-r.turn.over:
		r.turn = r.feed.turnOf(r.tail)
		return true
	case <-ctx.Done():
		return false
	}
}

// read reads after a sequence: who has waited at the end with all others who have.
// Whoever writes wakes the readers after the commit, so that what is read in a turn has
// all that was committed before it began.
func (r *Reader) read(ctx context.Context, after int64, limit int) ([]account.HistoryEntry, error) {
	if r.atEnd {
		if entries, err, shared := r.readTogether(after); shared {
			r.atEnd = err == nil && len(entries) < min(limit, together)
			return entries[:min(len(entries), limit)], err
		}
	}
	entries, err := r.feed.records.Changes(ctx, r.actor, after, limit)
	r.atEnd = err == nil && len(entries) < limit // Who was given up does not know what there is.
	return entries, err
}

// readTogether reads once in a turn. Whoever waits elsewhere than the first one has to
// read for itself.
func (r *Reader) readTogether(after int64) (entries []account.HistoryEntry, err error, shared bool) {
	t := r.turn
	t.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), readTime)
		defer cancel()
		t.after = after
		t.entries, t.err = r.feed.records.Changes(ctx, r.actor, after, together)
	})
	return t.entries, t.err, t.after == after
}
