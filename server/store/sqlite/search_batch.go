package sqlite

import (
	"context"
	"database/sql"
)

// searchBatch moves texts from records to a search file, within a transaction
// of each.
type searchBatch struct {
	records reader
	file    session // with statements of its own, since there are some for every company
	tables  map[recordID]bool
}

func newSearchBatch(records reader, file *searchFile) *searchBatch {
	return &searchBatch{
		records: records,
		file:    session{statements: newStatements(file.conn), gate: &gate{}},
		tables:  make(map[recordID]bool),
	}
}

func (b *searchBatch) close() error { return b.file.statements.close() }

var selectEntries = statement{thing: "search queue", text: `SELECT sequence, kind, company_id, record_id
FROM search_queue WHERE sequence > ? ORDER BY sequence LIMIT ?`}

// queued indexes the records of the queue's next entries, at most limit, and
// returns how many fewer there were.
func (b *searchBatch) queued(ctx context.Context, state *searchState, limit int) (left int, err error) {
	missing := make(map[recordID]bool) // those not found yet
	ids := make(map[string][]int64)
	left = limit
	err = b.records.session.each(ctx, selectEntries, []any{state.position, limit}, func(rows *sql.Rows) error {
		var r recordID
		if err := rows.Scan(&state.position, &r.kind, &r.companyID, &r.id); err != nil {
			return err
		}
		left--
		if !missing[r] {
			missing[r] = true
			ids[r.kind] = append(ids[r.kind], r.id)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	for _, kind := range searchKinds {
		texts, err := b.byID(ctx, kind, ids[kind.name])
		if err != nil {
			return 0, err
		}
		for _, text := range texts {
			delete(missing, text.recordID)
		}
		if err := b.put(ctx, kind, texts); err != nil {
			return 0, err
		}
	}
	return left, b.remove(ctx, missing)
}

// scan indexes more of the records that were there before the file, at most
// limit.
func (b *searchBatch) scan(ctx context.Context, state *searchState, limit int) error {
	for _, kind := range searchKinds {
		scanned := state.scanned[kind.name]
		if !scanned.Valid || limit <= 0 {
			continue
		}
		texts, err := b.read(ctx, kind, kind.from, scanned.V, limit)
		if err != nil {
			return err
		}
		if err := b.put(ctx, kind, texts); err != nil {
			return err
		}
		if len(texts) < limit {
			scanned = sql.Null[int64]{} // that was all
		} else {
			scanned.V = texts[len(texts)-1].id
		}
		state.scanned[kind.name] = scanned
		limit -= len(texts)
	}
	return nil
}

func (b *searchBatch) byID(ctx context.Context, kind searchKind, ids []int64) ([]recordText, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := toDBList(ids)
	if err != nil {
		return nil, err
	}
	return b.read(ctx, kind, kind.byID, list)
}

func (b *searchBatch) read(ctx context.Context, kind searchKind, st statement, args ...any) ([]recordText, error) {
	return collect(ctx, b.records.session, st, args, kind.scan)
}

func (b *searchBatch) put(ctx context.Context, kind searchKind, texts []recordText) error {
	for _, text := range texts {
		if err := b.makeTable(ctx, kind, text.companyID); err != nil {
			return err
		}
		args := []any{text.id}
		for _, column := range text.columns {
			args = append(args, column)
		}
		if _, err := b.file.exec(ctx, kind.put(text.companyID), args...); err != nil {
			return err
		}
	}
	return nil
}

// remove removes the texts of records that no longer exist.
func (b *searchBatch) remove(ctx context.Context, gone map[recordID]bool) error {
	for _, kind := range searchKinds {
		for r := range gone {
			if r.kind != kind.name {
				continue
			}
			if err := b.makeTable(ctx, kind, r.companyID); err != nil {
				return err
			}
			if _, err := b.file.exec(ctx, kind.remove(r.companyID), r.id); err != nil {
				return err
			}
		}
	}
	return nil
}

var noteTable = statement{thing: "search table", text: `INSERT INTO tables (kind, company_id) VALUES (?, ?) ON CONFLICT DO NOTHING`}

// makeTable makes the table for a company's texts, unless there is one.
func (b *searchBatch) makeTable(ctx context.Context, kind searchKind, companyID int64) error {
	table := recordID{kind: kind.name, companyID: companyID}
	if b.tables[table] {
		return nil
	}
	n, err := b.file.change(ctx, noteTable, kind.name, companyID)
	if err == nil && n > 0 {
		_, err = b.file.exec(ctx, kind.createTable(companyID))
	}
	b.tables[table] = true
	return err
}
