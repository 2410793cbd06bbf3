package textindex

import (
	"context"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

// batch moves texts from records to a search file: it reads all of them in a
// transaction of the one, and writes them in a transaction of the other.
type batch struct {
	kinds   []records.Kind
	records db.Session
	file    db.Session
	tables  map[recordID]db.Statement // that put a text

	found []texts           // to put
	gone  map[recordID]bool // to remove
}

// texts are those of records of a kind, in the order of ids: for one that is not behind
// the one before, FTS5 would write all that it has gathered.
type texts struct {
	kind records.Kind
	all  []records.Text
}

func newBatch(x *Index) *batch {
	return &batch{
		kinds:   x.kinds,
		records: x.records.Session,
		file:    x.file.Session,
		tables:  make(map[recordID]db.Statement),
		gone:    make(map[recordID]bool),
	}
}

var selectEntries = db.Statement{Thing: "search queue", Text: `SELECT sequence, kind, company_id, record_id
FROM search_queue WHERE sequence > ? ORDER BY sequence LIMIT ?`}

// queued reads the records of the queue's next entries, at most limit, and returns
// how many fewer there were.
func (b *batch) queued(ctx context.Context, state *fileState, limit int) (left int, err error) {
	ids := make(map[string][]int64)
	left = limit
	err = b.records.Each(ctx, selectEntries, []any{state.position, limit}, func(row *db.Row) error {
		var r recordID
		if err := row.Scan(&state.position, &r.kind, &r.companyID, &r.id); err != nil {
			return err
		}
		left--
		b.gone[r] = true // unless it is found
		ids[r.kind] = append(ids[r.kind], r.id)
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, kind := range b.kinds {
		if len(ids[kind.Name]) == 0 {
			continue
		}
		found, err := b.read(ctx, kind, kind.ByID, db.List[int64](ids[kind.Name]))
		if err != nil {
			return 0, err
		}
		for _, text := range found {
			delete(b.gone, recordID{kind.Name, text.CompanyID, text.ID})
		}
	}
	return left, nil
}

// scan reads more of the records that were there before the file, at most limit.
func (b *batch) scan(ctx context.Context, state *fileState, limit int) error {
	for _, kind := range b.kinds {
		scanned := state.scanned[kind.Name]
		if scanned == nil || limit <= 0 {
			continue
		}
		found, err := b.read(ctx, kind, kind.From, *scanned, limit)
		if err != nil {
			return err
		}
		if len(found) < limit {
			scanned = nil // that was all
		} else {
			scanned = &found[len(found)-1].ID
		}
		state.scanned[kind.Name] = scanned
		limit -= len(found)
	}
	return nil
}

func (b *batch) read(ctx context.Context, kind records.Kind, st db.Statement, args ...any) ([]records.Text, error) {
	found, err := db.Collect(ctx, b.records, st, args, kind.Scan)
	b.found = append(b.found, texts{kind, found})
	return found, err
}

// write writes all that was read.
func (b *batch) write(ctx context.Context) error {
	for _, t := range b.found {
		if err := b.put(ctx, t.kind, t.all); err != nil {
			return err
		}
	}
	return b.remove(ctx)
}

func (b *batch) put(ctx context.Context, kind records.Kind, texts []records.Text) error {
	var args []any
	for _, text := range texts {
		st, err := b.table(ctx, kind, text.CompanyID)
		if err != nil {
			return err
		}
		args = append(args[:0], text.ID)
		for _, column := range text.Columns {
			args = append(args, apart(column))
		}
		if err := b.file.Exec(ctx, st, args...); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the texts of records that are no more.
func (b *batch) remove(ctx context.Context) error {
	for _, kind := range b.kinds {
		for r := range b.gone {
			if r.kind != kind.Name {
				continue
			}
			if _, err := b.table(ctx, kind, r.companyID); err != nil {
				return err
			}
			if err := b.file.Exec(ctx, remove(kind, r.companyID), r.id); err != nil {
				return err
			}
		}
	}
	return nil
}

var noteTable = db.Statement{Thing: "search table", Text: `INSERT INTO tables (kind, company_id) VALUES (?, ?) ON CONFLICT DO NOTHING`}

// table returns the statement that puts a text into the table for a company's,
// which is made unless it is there.
func (b *batch) table(ctx context.Context, kind records.Kind, companyID int64) (db.Statement, error) {
	table := recordID{kind: kind.Name, companyID: companyID}
	if st, ok := b.tables[table]; ok {
		return st, nil
	}
	n, err := b.file.Change(ctx, noteTable, kind.Name, companyID)
	if err == nil && n > 0 {
		for _, st := range createTable(kind, companyID) {
			if err := b.file.Exec(ctx, st); err != nil {
				return st, err
			}
		}
	}
	b.tables[table] = put(kind, companyID)
	return b.tables[table], err
}
