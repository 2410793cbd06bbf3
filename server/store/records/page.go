package records

import (
	"strconv"

	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store/db"
)

// walk is the way through a list to a page. A page ahead of a place is walked
// to from there, against the list's order.
type walk struct {
	page      query.Page
	ascending bool
	back      bool
}

func walkTo(page query.Page, ascending bool) walk {
	back := page.Before != nil
	return walk{page: page, ascending: ascending != back, back: back}
}

// addStart adds the test that a row is behind where the walk starts. The two
// values are compared as one, so that an index leads there.
func (w walk) addStart(b *db.Builder, table string) {
	operator := " < "
	if w.ascending {
		operator = " > "
	}
	start := w.page.After
	if w.back {
		start = w.page.Before
	}
	if start != nil {
		b.Add(" AND ("+table+".updated_at, "+table+".place)"+operator+"(?, ?)", start.UpdatedAt.UnixMilli(), start.ID)
	}
}

func (w walk) addOrder(b *db.Builder, table string) {
	if w.ascending {
		b.Add(" ORDER BY " + table + ".updated_at, " + table + ".place")
	} else {
		b.Add(" ORDER BY " + table + ".updated_at DESC, " + table + ".place DESC")
	}
}

// addLimit adds the page's size, if every row is of the list.
func (w walk) addLimit(b *db.Builder) {
	addMost(b, int64(w.page.Limit))
	if w.page.Offset > 0 {
		b.Add(" OFFSET " + strconv.FormatInt(w.page.Offset, 10))
	}
}

// addReach adds how many rows the walk reads at the most.
func (w walk) addReach(b *db.Builder, inVain int64) { addMost(b, w.reach(inVain)) }

// addMost adds how many rows are read at the most. The number is in the text, for
// PostgreSQL plans a statement once for all arguments: it would expect a tenth of the
// company, and rather sort all of it than read so much in the list's order. So there is
// no end of such texts.
func addMost(b *db.Builder, rows int64) { b.Add(" LIMIT " + strconv.FormatInt(rows, 10)) }

// reach is how many rows are read until the page is full, or more than so many are
// read in vain.
func (w walk) reach(inVain int64) int64 { return w.page.Offset + int64(w.page.Limit) + inVain + 1 }

// picker takes the items of a page as the walk meets them.
type picker[T any] struct {
	skip  int64
	limit int
	items []T
}

func newPicker[T any](w walk) *picker[T] {
	return &picker[T]{skip: w.page.Offset, limit: w.page.Limit, items: []T{}}
}

func (p *picker[T]) take(item T) error {
	if p.skip > 0 {
		p.skip--
		return nil
	}
	p.items = append(p.items, item)
	if len(p.items) >= p.limit {
		return db.ErrEnough
	}
	return nil
}
