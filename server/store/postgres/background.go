package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/engine"
)

// The pauses of what runs in the background.
const (
	afterSome    = 200 * time.Millisecond // so that the next texts share a round
	afterNothing = 5 * time.Second        // unless texts are written here: those of a server that has gone are found nevertheless
	afterError   = time.Second
	dropEvery    = 10 * time.Minute
	measureEvery = time.Second
)

// unhurried are how many rounds that leave something may be followed by a pause. Then
// the index is falling behind, and searches have more and more to look through.
const unhurried = 2

// work does what answers do not wait for, until ctx ends. In quiet it only takes
// statistics, without which a file is not imported in time.
func (s *Store) work(ctx context.Context, quiet bool) {
	defer close(s.done)
	var dropped, measured time.Time
	full := 0 // rounds that left something, one after the other
	for {
		began := time.Now()
		var n int64
		var err error
		if !quiet {
			n, err = s.index(ctx)
		}
		pause := time.Since(began) // It takes at most half of a processor, while that is enough.
		if (n > 0 || quiet) && time.Since(measured) > measureEvery && err == nil {
			measured, err = time.Now(), s.takeStatistics(ctx)
		}
		if time.Since(dropped) > dropEvery && err == nil && !quiet {
			dropped, err = time.Now(), s.engine.DropNames(ctx)
		}
		isIdle := n == 0 && err == nil && !quiet
		switch {
		case err != nil:
			pause = afterError
		case n < mergedAtOnce:
			pause, full = afterSome, 0
		case full < unhurried:
			full++
		default:
			pause = 0
		}
		if !rest(ctx, pause, nil) || isIdle && !rest(ctx, afterNothing, s.woken) {
			return
		}
	}
}

// rest waits for a pause to be over, or to be woken. It is false if ctx has ended.
func rest(ctx context.Context, pause time.Duration, woken <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-woken:
	case <-time.After(pause):
	}
	return true
}

// wake has texts indexed that were written.
func (s *Store) wake() {
	select {
	case s.woken <- struct{}{}:
	default: // It is to look already.
	}
}

const (
	// indexedAtOnce are the texts of one transaction. Who writes one of them waits for
	// it, so it is a short one.
	indexedAtOnce = 200
	// mergedAtOnce are the texts whose trigrams are looked for together. A search looks
	// through all that are not merged yet.
	mergedAtOnce = 1000
)

// indexTexts hands texts to the index, which only notes them. That takes a tenth of a
// millisecond for each; to look for all their trigrams takes twenty times as long, and
// is done by mergeTexts, for which no writer waits. Neither has to be on the disk: it
// is done again else.
const (
	indexTexts = `UPDATE search_texts SET indexed = true WHERE (company_id, kind, record_id) IN (
	SELECT company_id, kind, record_id FROM search_texts WHERE NOT indexed
	ORDER BY company_id, kind, record_id LIMIT $1 FOR UPDATE SKIP LOCKED)`
	mergeTexts = `SELECT gin_clean_pending_list('search_texts_trigrams')`
	leaveSoon  = `SET LOCAL synchronous_commit = off`
)

// index puts texts into the index of trigrams, and returns how many. Several servers
// do so at once.
func (s *Store) index(ctx context.Context) (handed int64, err error) {
	for n := int64(indexedAtOnce); n == indexedAtOnce && handed < mergedAtOnce && err == nil; {
		n, err = s.hand(ctx)
		handed += n
	}
	if err == nil && handed > 0 {
		_, err = s.engine.Pool().Exec(ctx, mergeTexts)
	}
	// A server that does not own the index leaves it to the database's own cleaning.
	if err != nil && !engine.IsRefused(err) {
		return handed, fmt.Errorf("index texts: %w", err)
	}
	return handed, nil
}

// hand hands texts to the index, and returns how many.
func (s *Store) hand(ctx context.Context) (n int64, err error) {
	err = pgx.BeginFunc(ctx, s.engine.Pool(), func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, leaveSoon); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, indexTexts, indexedAtOnce)
		n = done.RowsAffected()
		return err
	})
	return n, err
}
