package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/commit"
)

// Bulk is a file that is copied from or to as a whole.
type Bulk struct{ store *Store }

var _ copying.Database = (*Bulk)(nil)

// OpenSource opens the file at path to be copied from, as OpenExisting does. Others
// may use it meanwhile.
func OpenSource(ctx context.Context, path string) (*Bulk, error) {
	return openBulk(ctx, path, false, limits{commit: commit.DefaultLimits, keep: true})
}

// OpenTarget opens the file at path to be copied to, as Open does. It may be one that
// a copy has left unfinished, or one that follows, which the others refuse.
func OpenTarget(ctx context.Context, path string) (*Bulk, error) {
	return openBulk(ctx, path, true, limits{commit: commit.DefaultLimits, filling: true, follows: true})
}

func openBulk(ctx context.Context, path string, create bool, limits limits) (*Bulk, error) {
	store, err := open(ctx, path, create, limits)
	if err != nil {
		return nil, err
	}
	return &Bulk{store}, nil
}

// Close releases the file.
func (b *Bulk) Close() error { return b.store.Close() }

var (
	selectColumns = db.Statement{Thing: "schema", Text: `SELECT m.name, c.name, c.type, c.pk
FROM sqlite_schema m JOIN pragma_table_xinfo(m.name) c
WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND c.hidden = 0 ORDER BY m.name, c.name`}
	selectReferences = db.Statement{Thing: "schema", Text: `SELECT m.name, f."table"
FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`}
	kinds = map[string]copying.Kind{"INTEGER": copying.Integer, "REAL": copying.Real, "TEXT": copying.Text, "BLOB": copying.Blob}
)

// Tables returns the tables of records: see copying.Database. What the file has
// beside them is about the file of the index of words.
func (b *Bulk) Tables(ctx context.Context) ([]copying.Table, error) {
	return describe(ctx, b.store.Session)
}

func describe(ctx context.Context, s db.Session) ([]copying.Table, error) {
	return copying.Describe(ctx, s, selectColumns, selectReferences, kinds, "search_queue", "search_state", records.Following)
}

// Look runs reads on one state of the file.
func (b *Bulk) Look(ctx context.Context, read func(db.Session) error) error {
	return b.store.Session.Snapshot(ctx, read)
}

// Write runs fn in a transaction.
func (b *Bulk) Write(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error {
	return b.store.writer.Write(ctx, fn)
}

// Load adds rows to a table.
func (b *Bulk) Load(ctx context.Context, s db.Session, table copying.Table, rows []copying.Row) error {
	lists := make([][]any, len(rows))
	for i, row := range rows {
		lists[i] = row.Args()
	}
	_, err := s.RunAll(ctx, table.Insert(), lists)
	return err
}

var (
	selectCounters = db.Statement{Thing: "counters", Text: `SELECT name, seq FROM sqlite_sequence`}
	dropCounter    = db.Statement{Thing: "counters", Text: `DELETE FROM sqlite_sequence WHERE name = ?`}
	insertCounter  = db.Statement{Thing: "counters", Text: `INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)`}
	newEpoch       = db.Statement{Thing: "search state", Text: `UPDATE search_state SET epoch = randomblob(16)`}
)

// Counters returns the last ids that were given out.
func (b *Bulk) Counters(ctx context.Context, s db.Session) (map[string]int64, error) {
	return copying.ReadCounters(ctx, s, selectCounters)
}

// Complete gives out no id again: see copying.Database. The index of words is made
// when the file is opened next, since none goes with its new epoch.
func (b *Bulk) Complete(ctx context.Context, counters map[string]int64, _ func(done, total int64)) error {
	return b.Write(ctx, func(ctx context.Context, s db.Session) error {
		for table, last := range counters {
			if err := s.Exec(ctx, dropCounter, table); err != nil {
				return err
			}
			if err := s.Exec(ctx, insertCounter, table, last); err != nil {
				return err
			}
		}
		return s.Exec(ctx, newEpoch)
	})
}
