package textindex

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/accountsd/accountsd/server/store/records"
)

// entry is one of the queue, with the text of its record in the state that it stands
// for.
type entry struct {
	sequence, id int64
	columns      []string // nil: not known; none: the record is no more
}

// waiting are the entries of a company's records of a kind, in the newest state of the
// queue that was looked at. The next state takes only what has come since: the new
// entry of a record is in place of the one before, as it is in the queue.
type waiting struct {
	mu          sync.RWMutex
	after, last int64 // of the queue: the entries are those after one, up to its last
	entries     []entry
	places      map[int64]int // of the entries, by the ids of records; nil: they were not read
	bytes       atomic.Int64  // of the texts
}

// goesWith tells whether the entries are those of a view.
func (w *waiting) goesWith(v view) bool {
	return w.places != nil && w.after <= v.position && w.last == v.last
}

// find returns the records that pass in a view. Not ok: the entries are not the view's.
func (w *waiting) find(v view, passes func(columns []string) bool) (ids []int64, ok bool) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if !w.goesWith(v) {
		return nil, false
	}
	return passing(w.entries, v.position, passes), true
}

// passing are the records that pass, of entries after a position.
func passing(entries []entry, position int64, passes func(columns []string) bool) (ids []int64) {
	for _, e := range entries {
		if e.sequence > position && len(e.columns) > 0 && passes(e.columns) {
			ids = append(ids, e.id)
		}
	}
	return ids
}

// renew brings the entries to the state of a view, unless they are of a newer one, or
// would be too many.
func (w *waiting) renew(ctx context.Context, v view, kind records.Kind, companyID int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.goesWith(v) || w.places != nil && w.last > v.last {
		return nil
	}
	if w.places == nil || w.after > v.position {
		w.begin(v.position)
	}
	w.drop(v.position)
	switch came := v.last - w.last; {
	case came == 0:
		return nil
	case int64(len(w.entries))+came > maxRemembered || w.bytes.Load() > maxBytes:
		w.begin(v.position)
		w.places = nil
		return nil
	}
	came, err := v.entries(ctx, kind, companyID, w.last)
	if err != nil {
		return err
	}
	if err := v.read(ctx, kind, came); err != nil {
		return err
	}
	for _, e := range came {
		w.put(e)
	}
	w.last = v.last
	return nil
}

// begin makes the list one of no entries, after a position.
func (w *waiting) begin(position int64) {
	w.after, w.last, w.entries, w.places = position, position, nil, make(map[int64]int)
	w.bytes.Store(0)
}

// put puts an entry in place of the one before it of its record.
func (w *waiting) put(e entry) {
	w.bytes.Add(size(e.columns))
	if at, there := w.places[e.id]; there {
		w.bytes.Add(-size(w.entries[at].columns))
		w.entries[at] = e
		return
	}
	w.places[e.id] = len(w.entries)
	w.entries = append(w.entries, e)
}

// drop removes the entries up to a position.
func (w *waiting) drop(position int64) {
	if position == w.after {
		return
	}
	entries, last := w.entries, max(w.last, position)
	w.begin(position)
	w.last = last
	for _, e := range entries {
		if e.sequence > position {
			w.put(e)
		}
	}
}

// know gives those entries their texts that are known here.
func (w *waiting) know(entries []entry) {
	w.mu.RLock()
	defer w.mu.RUnlock()
	for i, e := range entries {
		if at, there := w.places[e.id]; there && w.entries[at].sequence == e.sequence {
			entries[i].columns = w.entries[at].columns
		}
	}
}

func size(columns []string) (bytes int64) {
	for _, text := range columns {
		bytes += int64(len(text))
	}
	return bytes
}
