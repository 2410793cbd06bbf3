package textindex

import (
	"context"
	"sync"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

const (
	// maxRemembered is how many texts are kept of a list: those of a queue as it is
	// while others write, with room. A longer one is of an import, and not looked
	// through.
	maxRemembered = 10_000
	maxBytes      = 16 << 20 // of all texts that are kept, most of which have some hundred
	maxLists      = 100
)

// memory keeps the texts of records that wait in the queue, so that searches
// need not read them again.
type memory struct {
	mu    sync.Mutex
	lists map[recordID]*waiting // by kind and company
}

// of returns the list of a company's records of a kind.
func (m *memory) of(of recordID) *waiting {
	m.mu.Lock()
	defer m.mu.Unlock()
	w := m.lists[of]
	if w == nil {
		if m.lists == nil || len(m.lists) == maxLists {
			m.lists = make(map[recordID]*waiting)
		}
		w = &waiting{}
		m.lists[of] = w
	}
	return w
}

// limit forgets the other lists when all together have too much.
func (m *memory) limit(of recordID, w *waiting) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var bytes int64
	for _, other := range m.lists {
		bytes += other.bytes.Load()
	}
	if bytes > maxBytes {
		m.lists = map[recordID]*waiting{of: w}
	}
}

// changed returns the ids of the records that the index does not have yet and
// that pass. If they are too many to look at, that is all of them.
func (v view) changed(ctx context.Context, kind records.Kind, companyID int64, passes func(columns []string) bool) (ids []int64, exact bool, err error) {
	of := recordID{kind: kind.Name, companyID: companyID}
	w := v.index.memory.of(of)
	if ids, ok := w.find(v, passes); ok {
		return ids, true, nil
	}
	if err := w.renew(ctx, v, kind, companyID); err != nil {
		return nil, false, err
	}
	v.index.memory.limit(of, w)
	if ids, ok := w.find(v, passes); ok {
		return ids, true, nil
	}
	return v.look(ctx, w, kind, companyID, passes)
}

// look is changed for a view that is older than the list, or of more than it keeps.
func (v view) look(ctx context.Context, w *waiting, kind records.Kind, companyID int64, passes func(columns []string) bool) (ids []int64, exact bool, err error) {
	entries, err := v.entries(ctx, kind, companyID, v.position)
	if err != nil {
		return nil, false, err
	}
	if len(entries) > maxRemembered {
		for _, e := range entries {
			ids = append(ids, e.id)
		}
		return ids, false, nil
	}
	w.know(entries)
	if err := v.read(ctx, kind, entries); err != nil {
		return nil, false, err
	}
	return passing(entries, v.position, passes), true, nil
}

var selectWaiting = db.Statement{Thing: "search queue", Text: `SELECT sequence, record_id FROM search_queue NOT INDEXED
WHERE sequence > ? AND kind = ? AND company_id = ?`}

// entries returns those of the queue after one, without texts.
func (v view) entries(ctx context.Context, kind records.Kind, companyID, after int64) ([]entry, error) {
	return db.Collect(ctx, v.session, selectWaiting, []any{after, kind.Name, companyID}, func(row *db.Row) (e entry, err error) {
		return e, row.Scan(&e.sequence, &e.id)
	})
}

// read reads the texts of those entries that have none.
func (v view) read(ctx context.Context, kind records.Kind, entries []entry) error {
	places := make(map[int64]int) // by the ids of records
	var ids db.List[int64]
	for i, e := range entries {
		if e.columns == nil {
			entries[i].columns, places[e.id] = []string{}, i
			ids = append(ids, e.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return v.session.Each(ctx, kind.ByID, []any{ids}, func(row *db.Row) error {
		text, err := kind.Scan(row)
		if err != nil {
			return err
		}
		e := &entries[places[text.ID]]
		for _, column := range text.Columns {
			e.columns = append(e.columns, apart(column))
		}
		return nil
	})
}
