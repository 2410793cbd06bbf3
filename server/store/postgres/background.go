package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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
	var dropped, measured time.Time
	var from textID
	full := 0 // rounds that left something, one after the other
	for {
		began := time.Now()
		var n int
		var err error
		if !quiet {
			n, from, err = s.index(ctx, from)
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
	indexedAtOnce = 40
	// mergedAtOnce are the texts whose trigrams are looked for together. A search looks
	// through all that are not merged yet.
	mergedAtOnce = 1000
)

// indexTexts hands texts to the index, which only notes them. That takes a tenth of a
// millisecond for each; to look for all their trigrams takes twenty times as long, and
// is done by mergeTexts, for which no writer waits. Neither has to be on the disk: it
// is done again else. The limit is a part of the statement: for a parameter PostgreSQL
// supposes a tenth of the table, and reads all of it.
var indexTexts = fmt.Sprintf(`UPDATE search_texts SET indexed = true WHERE (company_id, kind, record_id) IN (
	SELECT company_id, kind, record_id FROM search_texts WHERE NOT indexed AND (company_id, kind, record_id) > ($1, $2, $3)
	ORDER BY company_id, kind, record_id LIMIT %d FOR UPDATE SKIP LOCKED)
RETURNING company_id, kind, record_id`, indexedAtOnce)

const (
	mergeTexts = `SELECT gin_clean_pending_list('search_texts_trigrams')`
	leaveSoon  = `SELECT set_config('synchronous_commit', 'off', true)`
)

// textID names a text. What was handed to the index stays among those that wait until
// the database clears it away, so that to begin with the first one each time would be
// to look through all that again.
type textID struct {
	Company int64
	Kind    string
	Record  int64
}

func (p textID) compare(q textID) int {
	return cmp.Or(cmp.Compare(p.Company, q.Company), cmp.Compare(p.Kind, q.Kind), cmp.Compare(p.Record, q.Record))
}

// index puts texts into the index of trigrams, from one on, and returns how many, and
// where to go on. Several servers do so at once.
func (s *Store) index(ctx context.Context, from textID) (handed int, next textID, err error) {
	if handed, next, err = s.handMany(ctx, from); err == nil && handed > 0 {
		_, err = s.engine.Pool().Exec(ctx, mergeTexts)
	}
	// A server that does not own the index leaves it to the database's own cleaning.
	if err != nil && !engine.IsRefused(err) {
		return handed, next, fmt.Errorf("index texts: %w", err)
	}
	return handed, next, nil
}

// handMany hands texts to the index, from one on and behind the last from the first on,
// until they are to be merged, or none is left.
func (s *Store) handMany(ctx context.Context, from textID) (handed int, next textID, err error) {
	first := textID{}
	for handed < mergedAtOnce {
		done, err := s.hand(ctx, from)
		if err != nil {
			return handed, from, err
		}
		handed += len(done)
		switch {
		case len(done) == indexedAtOnce:
			from = slices.MaxFunc(done, textID.compare)
		case from == first:
			return handed, first, nil
		default:
			from = first
		}
	}
	return handed, from, nil
}

// hand hands texts behind one to the index, and returns which, in one round trip.
func (s *Store) hand(ctx context.Context, from textID) (done []textID, err error) {
	batch := &pgx.Batch{}
	batch.Queue(leaveSoon)
	batch.Queue(indexTexts, from.Company, from.Kind, from.Record).Query(func(rows pgx.Rows) error {
		done, err = pgx.CollectRows(rows, pgx.RowToStructByPos[textID])
		return err
	})
	err = s.engine.Pool().SendBatch(ctx, batch).Close()
	return done, err
}
