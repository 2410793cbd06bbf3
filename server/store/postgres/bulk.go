package postgres

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/records"
)

// Bulk is a database that is copied from or to as a whole.
type Bulk struct{ store *Store }

var _ copying.Database = (*Bulk)(nil)

// bulkTimeout is for transactions that no request waits for, such as one that makes
// an index of everything.
const bulkTimeout = 24 * time.Hour

// bulkConns are more than a copy ever takes at once.
const bulkConns = 4

// OpenSource opens the database of a URL to be copied from, with the schema that it
// must have. Others may use it meanwhile.
func OpenSource(ctx context.Context, url string) (*Bulk, error) {
	return openBulk(ctx, url, Config{KeepSchema: true})
}

// OpenVerified opens the database of a URL to be verified, as OpenSource does. It may be
// one that follows.
func OpenVerified(ctx context.Context, url string) (*Bulk, error) {
	return openBulk(ctx, url, Config{KeepSchema: true, Follows: true})
}

// OpenTarget opens the database of a URL to be copied to, as Open does. It may be one
// that a copy has left unfinished, or one that follows, which Open refuses.
func OpenTarget(ctx context.Context, url string) (*Bulk, error) {
	return openBulk(ctx, url, Config{filling: true, Follows: true})
}

func openBulk(ctx context.Context, url string, config Config) (*Bulk, error) {
	config.Config, config.Quiet = engine.Config{Timeout: bulkTimeout, MaxConns: bulkConns, Patient: true}, true
	store, err := Open(ctx, url, config)
	if err != nil {
		return nil, err
	}
	return &Bulk{store}, nil
}

// Close ends the connections.
func (b *Bulk) Close() error { return b.store.Close() }

const ofSchema = ` c.relnamespace = current_schema()::text::regnamespace AND c.relkind IN ('r', 'p') `

var (
	selectColumns = db.Statement{Thing: "schema", Text: `SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL),
	coalesce(array_position(i.indkey::int2[], a.attnum) + 1, 0)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
WHERE ` + ofSchema + `AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
ORDER BY c.relname::text COLLATE "C", a.attname::text COLLATE "C"`}
	selectReferences = db.Statement{Thing: "schema", Text: `SELECT c.relname::text, p.relname::text
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
WHERE f.contype = 'f' AND ` + ofSchema}
	kinds = map[string]copying.Kind{
		"bigint": copying.Integer, "boolean": copying.Boolean, "double precision": copying.Real, "text": copying.Text, "bytea": copying.Blob,
	}
)

// Tables returns the tables of records: see copying.Database. What the database has
// beside them is about itself, and the index of words.
func (b *Bulk) Tables(ctx context.Context) ([]copying.Table, error) {
	return copying.Describe(ctx, b.store.Session, selectColumns, selectReferences, kinds, "commits", "counters", "schema_version", "search_parts", "search_texts", records.Following)
}

// Look runs reads on one state of the database.
func (b *Bulk) Look(ctx context.Context, read func(db.Session) error) error {
	return b.store.Session.Snapshot(ctx, read)
}

// Write runs fn in a transaction, which is undone if ctx ends before it is to be
// committed.
func (b *Bulk) Write(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return b.store.engine.Write(ctx, func(_ context.Context, s db.Session) error { return fn(ctx, s) })
}

// Load adds rows to a table.
func (b *Bulk) Load(ctx context.Context, s db.Session, table copying.Table, rows []copying.Row) error {
	lists := make([][]any, len(rows))
	for i, row := range rows {
		lists[i] = row.Args()
	}
	err := engine.CopyIn(ctx, s, table.Name, table.ColumnNames(), lists)
	if engine.IsNotText(err) {
		return &fault.Error{Kind: fault.KindInvalid, Err: err, Message: table.NotText(rows) + " is not UTF-8, which PostgreSQL does not keep; correct it in the source, and copy again"}
	}
	return err
}

var (
	selectCounters = db.Statement{Thing: "counters", Text: `SELECT name, last FROM counters`}
	raiseCounter   = db.Statement{Thing: "counters", Text: `INSERT INTO counters AS c (name, last) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET last = greatest(c.last, excluded.last)`}
	analyze = db.Statement{Thing: "statistics", Text: `ANALYZE`}
)

// Counters returns the last ids that were given out.
func (b *Bulk) Counters(ctx context.Context, s db.Session) (map[string]int64, error) {
	return copying.ReadCounters(ctx, s, selectCounters)
}

// Complete writes the index of words, and gives out no id again: see
// copying.Database. Without new statistics the first queries would be planned as
// those of empty tables.
func (b *Bulk) Complete(ctx context.Context, counters map[string]int64, progress func(done, total int64)) error {
	err := b.Write(ctx, func(ctx context.Context, s db.Session) error {
		for table, last := range counters {
			if err := s.Exec(ctx, raiseCounter, table, last); err != nil {
				return err
			}
		}
		return (&indexing{session: s, progress: progress}).run(ctx)
	})
	if err == nil {
		err = b.store.Session.Exec(ctx, analyze)
	}
	return err
}

// A copy notes in the database that it has not ended, and a follower that it is one.
var (
	selectUnfinished = db.Statement{Thing: "schema", Brief: true, Text: `SELECT to_regclass('` + copying.Note + `') IS NOT NULL, to_regclass('` + records.Following + `') IS NOT NULL`}
	selectFollowing  = db.Statement{Thing: "schema", Text: `SELECT to_regclass('` + records.Following + `') IS NOT NULL`}
)

// Follows tells whether the database follows another installation.
func (s *Store) Follows(ctx context.Context) (follows bool, err error) {
	err = s.Session.Get(ctx, selectFollowing, nil, &follows)
	return follows, err
}

// Follows tells whether the database follows another installation.
func (b *Bulk) Follows(ctx context.Context) (bool, error) { return b.store.Follows(ctx) }

// checkWhole returns an error if the database is only a part of a copy, or follows
// another installation and was not opened for that.
func (s *Store) checkWhole(ctx context.Context) error {
	var unfinished, follows bool
	err := s.Session.Get(ctx, selectUnfinished, nil, &unfinished, &follows)
	if err == nil && follows && !s.follows {
		err = fault.Errorf(fault.KindConflict, "the database follows another installation; make it one of its own with accountsd promote once that is gone")
	}
	if err == nil && unfinished {
		err = fault.Errorf(fault.KindUnavailable, "the database is only a part of a copy; give the accountsd copy that makes it again to complete it")
	}
	return err
}
