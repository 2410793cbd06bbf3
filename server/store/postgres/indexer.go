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

const (
	// indexedAtOnce are the texts of one transaction. Who writes one of them waits for
	// it, so it is a short one.
	indexedAtOnce = 40
	// mergedAtOnce are the texts whose trigrams are looked for together. A search looks
	// through all that are not merged yet.
	mergedAtOnce = 1000
	// mergeEvery is how long parts are not merged. There are few trigrams in them.
	mergeEvery = time.Second
	// busy are the transactions in a second that leave little time to hand on whole texts
	// of which parts can be found: some of them each wholeEvery.
	busy       = 20
	wholeEvery = time.Second
)

// indexer hands texts to the indexes of trigrams, which only note them. That takes a
// tenth of a millisecond for each; to look for all their trigrams takes twenty times as
// long, and is done by merging, for which no writer waits. Neither has to be on the disk:
// it is done again else. Several servers do so at once.
type indexer struct {
	store        *Store
	fresh, parts textID    // where to go on among the texts, and among those with parts
	unmerged     bool      // parts were written here that are not merged
	merged       time.Time // when parts were merged last
	handed       time.Time // when whole texts were handed on last
}

// The limits are parts of the statements: for a parameter PostgreSQL supposes a tenth of
// the table, and reads all of it.
var (
	handTexts = fmt.Sprintf(`UPDATE search_texts SET indexed = true WHERE (company_id, kind, record_id) IN (
	SELECT company_id, kind, record_id FROM search_texts WHERE NOT indexed AND (company_id, kind, record_id) > ($1, $2, $3)
	ORDER BY company_id, kind, record_id LIMIT %d FOR UPDATE SKIP LOCKED)
RETURNING company_id, kind, record_id`, indexedAtOnce)

	// handWhole hands on the texts of which parts have changed. A part that is written
	// meanwhile may stay, and then leads to a text that is found without it.
	handWhole = fmt.Sprintf(`WITH changed AS (
	SELECT DISTINCT company_id, kind, record_id FROM search_parts WHERE (company_id, kind, record_id) > ($1, $2, $3)
	ORDER BY company_id, kind, record_id LIMIT %d
), handed AS (
	UPDATE search_texts SET words = coalesce(text, words), text = NULL, indexed = true WHERE (company_id, kind, record_id) IN (
		SELECT company_id, kind, record_id FROM search_texts WHERE (company_id, kind, record_id) IN (SELECT * FROM changed) FOR UPDATE SKIP LOCKED)
	RETURNING company_id, kind, record_id
), gone AS (
	DELETE FROM search_parts WHERE (company_id, kind, record_id) IN (SELECT * FROM handed)
)
SELECT * FROM handed`, indexedAtOnce)

	areBusy = fmt.Sprintf(`SELECT count(*) = %d FROM (SELECT FROM commits WHERE at > $1 LIMIT %[1]d) c`, busy)
)

const (
	mergeTexts = `SELECT gin_clean_pending_list('search_texts_trigrams')`
	mergeParts = `SELECT gin_clean_pending_list('search_parts_trigrams')`
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

// round hands on texts, and returns how many of them searches have to look through, and
// whether there is more to do.
func (i *indexer) round(ctx context.Context) (n int, more bool, err error) {
	i.unmerged = i.store.written.Swap(false) || i.unmerged
	n, whole, err := i.hand(ctx)
	if err == nil && n+whole > 0 {
		err = i.exec(ctx, mergeTexts)
	}
	if err == nil && i.unmerged && time.Since(i.merged) >= mergeEvery {
		i.unmerged, i.merged = false, time.Now()
		err = i.exec(ctx, mergeParts)
	}
	if err != nil {
		return n, false, fmt.Errorf("index texts: %w", err)
	}
	return n, whole > 0 || i.unmerged, nil
}

// exec runs a statement. A server that does not own the index leaves it to the database's
// own cleaning.
func (i *indexer) exec(ctx context.Context, text string) error {
	_, err := i.store.engine.Pool().Exec(ctx, text)
	if engine.IsRefused(err) {
		return nil
	}
	return err
}

// hand hands on texts that are not indexed, and if there is time for it those of which
// parts are.
func (i *indexer) hand(ctx context.Context) (n, whole int, err error) {
	if n, i.fresh, err = i.handMany(ctx, handTexts, i.fresh, mergedAtOnce); err != nil {
		return n, 0, err
	}
	var isBusy bool
	err = i.store.engine.Pool().QueryRow(ctx, areBusy, i.store.engine.Now().Add(-time.Second).UnixMilli()).Scan(&isBusy)
	if err != nil {
		return n, 0, err
	}
	most := mergedAtOnce
	if isBusy {
		most = 1 // transaction
		if time.Since(i.handed) < wholeEvery {
			return n, 0, nil
		}
	}
	i.handed = time.Now()
	whole, i.parts, err = i.handMany(ctx, handWhole, i.parts, most)
	return n, whole, err
}

// handMany hands on texts behind one, and behind the last from the first on, until there
// are so many, or none is left. It returns where to go on.
func (i *indexer) handMany(ctx context.Context, text string, from textID, most int) (handed int, next textID, err error) {
	first := textID{}
	for handed < most {
		done, err := i.handSome(ctx, text, from)
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

// handSome hands on some texts behind one, and returns which, in one round trip.
func (i *indexer) handSome(ctx context.Context, text string, from textID) (done []textID, err error) {
	batch := &pgx.Batch{}
	batch.Queue(leaveSoon)
	batch.Queue(text, from.Company, from.Kind, from.Record).Query(func(rows pgx.Rows) error {
		done, err = pgx.CollectRows(rows, pgx.RowToStructByPos[textID])
		return err
	})
	err = i.store.engine.Pool().SendBatch(ctx, batch).Close()
	return done, err
}
