package textindex

import (
	"context"
	"sync"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
)

const (
	// maxRemembered is how many texts are kept in memory, at most twice: those of
	// a queue as it is while others write, with room. A longer one is of an
	// import, and not looked through.
	maxRemembered = 10_000
	maxBytes      = 16 << 20 // of those that are kept, most of which have some hundred
)

// entry is one of the queue.
type entry struct{ sequence, id int64 }

// memory keeps the texts of records that wait in the queue, so that searches
// need not read them again. An entry is of one state of a text, for good.
type memory struct {
	mu    sync.Mutex
	texts map[int64][]string // columns by sequence; none: the record is no more
	bytes int
}

// get returns the texts that are known of entries, nil for the others.
func (m *memory) get(entries []entry) (texts [][]string) {
	texts = make([][]string, len(entries))
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, e := range entries {
		texts[i] = m.texts[e.sequence]
	}
	return texts
}

// put keeps texts, as far as there is room. Those up to the position are of no
// use any more.
func (m *memory) put(entries []entry, texts [][]string, position int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.texts)+len(entries) > 2*maxRemembered || m.bytes > maxBytes {
		for sequence, columns := range m.texts {
			if sequence <= position {
				delete(m.texts, sequence)
				m.bytes -= size(columns)
			}
		}
	}
	if m.texts == nil || len(m.texts)+len(entries) > 2*maxRemembered {
		m.texts, m.bytes = make(map[int64][]string), 0
	}
	for i, e := range entries {
		if _, known := m.texts[e.sequence]; !known && m.bytes < maxBytes {
			m.texts[e.sequence] = texts[i]
			m.bytes += size(texts[i])
		}
	}
}

func size(columns []string) (bytes int) {
	for _, text := range columns {
		bytes += len(text)
	}
	return bytes
}

var selectWaiting = db.Statement{Thing: "search queue", Text: `SELECT sequence, record_id FROM search_queue NOT INDEXED
WHERE sequence > ? AND kind = ? AND company_id = ?`}

// changed returns the ids of the records that the index does not have yet and
// that pass. If they are too many to look at, that is all of them.
func (v view) changed(ctx context.Context, kind records.Kind, companyID int64, passes func(columns []string) bool) (ids []int64, exact bool, err error) {
	entries, err := db.Collect(ctx, v.session, selectWaiting, []any{v.position, kind.Name, companyID}, func(row *db.Row) (e entry, err error) {
		return e, row.Scan(&e.sequence, &e.id)
	})
	if err != nil {
		return nil, false, err
	}
	var texts [][]string
	exact = len(entries) <= maxRemembered
	if exact {
		if texts, err = v.texts(ctx, kind, entries); err != nil {
			return nil, false, err
		}
	}
	for i, e := range entries {
		if !exact || len(texts[i]) > 0 && passes(texts[i]) {
			ids = append(ids, e.id)
		}
	}
	return ids, exact, nil
}

// texts returns the texts of entries, and reads those that nobody has before.
func (v view) texts(ctx context.Context, kind records.Kind, entries []entry) ([][]string, error) {
	texts := v.index.memory.get(entries)
	missing := make(map[int64]int) // places by id
	var ids db.List[int64]
	for i, text := range texts {
		if text == nil {
			missing[entries[i].id], texts[i] = i, []string{}
			ids = append(ids, entries[i].id)
		}
	}
	if len(ids) == 0 {
		return texts, nil
	}
	err := v.session.Each(ctx, kind.ByID, []any{ids}, func(row *db.Row) error {
		text, err := kind.Scan(row)
		if err != nil {
			return err
		}
		i := missing[text.ID]
		for _, column := range text.Columns {
			texts[i] = append(texts[i], apart(column))
		}
		return nil
	})
	if err == nil {
		v.index.memory.put(entries, texts, v.position)
	}
	return texts, err
}
