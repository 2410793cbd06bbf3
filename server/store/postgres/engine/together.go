package engine

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/accountsd/accountsd/server/store/db"
)

// Brief reads by ids that come at once are made together: what PostgreSQL and the way
// to it take for a statement is many times what a record takes. A read that finds no
// others under way is made at once and alone; those that come while others are under
// way are the next ones.
const (
	// flights are how many statements of one text are under way at once.
	flights = 2
	// maxFlight is how many reads are made by one statement.
	maxFlight = 128
)

// together are the reads that wait, by the text of their statement.
type together struct {
	mu    sync.Mutex
	lanes map[string]*lane
}

// lane is of the reads of one text.
type lane struct {
	alone, many string // the statement for one read, and for several
	under       int    // statements under way
	waiting     []*ask
}

// ask is a read that waits for others to end.
type ask struct {
	ctx    context.Context
	ids    []int64
	answer chan answer // holds one, since the caller may be gone
}

// answer is what a read found: rows of its own.
type answer struct {
	fields []pgconn.FieldDescription
	rows   [][][]byte
	err    error
}

// idsOf returns the arguments of a read that can be made together with others; nil:
// it cannot.
func idsOf(st db.Statement, args arguments) []int64 {
	if !st.Brief || len(args) == 0 {
		return nil
	}
	ids := make([]int64, len(args))
	for i, arg := range args {
		id, ok := arg.(int64)
		if !ok {
			return nil
		}
		ids[i] = id
	}
	return ids
}

// readTogether makes a read, with others if some are under way.
func (e *Engine) readTogether(ctx context.Context, st db.Statement, ids []int64, args arguments, scan func(*db.Row) error) error {
	l, a := e.together.join(ctx, st.Text, ids)
	if a == nil {
		defer e.leave(l)
		rows, err := e.pool.Query(ctx, l.alone, args...)
		if err != nil {
			return err
		}
		_, err = read(rows, st, scan)
		return err
	}
	select {
	case found := <-a.answer:
		return found.scan(scan)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// join returns the lane of a statement, and what to wait for: nil if the read is to
// be made at once.
func (t *together) join(ctx context.Context, text string, ids []int64) (*lane, *ask) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lanes[text]
	if l == nil {
		if t.lanes == nil {
			t.lanes = make(map[string]*lane)
		}
		expanded := dialect.Expand(text)
		l = &lane{alone: number(expanded, "$"), many: manyOf(expanded, len(ids))}
		t.lanes[text] = l
	}
	if l.under < flights {
		l.under++
		return l, nil
	}
	a := &ask{ctx: ctx, ids: ids, answer: make(chan answer, 1)}
	l.waiting = append(l.waiting, a)
	return l, a
}

// leave ends what was under way, and begins the next if some wait.
func (e *Engine) leave(l *lane) {
	if next := e.together.next(l); next != nil {
		go e.fly(l, next)
	}
}

// next takes the reads that are to be made; nil: there are none.
func (t *together) next(l *lane) []*ask {
	t.mu.Lock()
	defer t.mu.Unlock()
	l.waiting = slices.DeleteFunc(l.waiting, func(a *ask) bool { return a.ctx.Err() != nil })
	n := min(len(l.waiting), maxFlight)
	if n == 0 {
		l.under--
		return nil
	}
	next := slices.Clone(l.waiting[:n])
	l.waiting = slices.Delete(l.waiting, 0, n)
	return next
}

// fly makes reads that wait until none does.
func (e *Engine) fly(l *lane, next []*ask) {
	for ; next != nil; next = e.together.next(l) {
		found, err := e.readMany(l, next)
		for i, a := range next {
			if err != nil {
				a.answer <- answer{err: err}
			} else {
				a.answer <- found[i]
			}
		}
	}
}

// readMany makes several reads by one statement.
func (e *Engine) readMany(l *lane, asks []*ask) ([]answer, error) {
	ctx, cancel := e.untilLast(asks)
	defer cancel()
	lists := make([][]int64, len(asks[0].ids))
	for _, a := range asks {
		for i, id := range a.ids {
			lists[i] = append(lists[i], id)
		}
	}
	args := make([]any, len(lists))
	for i, list := range lists {
		args[i] = list
	}
	rows, err := e.pool.Query(ctx, l.many, args...)
	if err != nil {
		return nil, err
	}
	return deal(rows, len(asks))
}

// untilLast returns a context that ends when the last of the callers gives up.
func (e *Engine) untilLast(asks []*ask) (context.Context, context.CancelFunc) {
	var last time.Time
	for _, a := range asks {
		deadline, ok := a.ctx.Deadline()
		if !ok {
			deadline = time.Now().Add(e.config.Timeout)
		}
		if deadline.After(last) {
			last = deadline
		}
	}
	return context.WithDeadline(context.Background(), last)
}

// deal gives each read its rows, which are copied: the driver uses theirs again.
func deal(rows pgx.Rows, reads int) ([]answer, error) {
	defer rows.Close()
	answers := make([]answer, reads)
	fields := slices.Clone(rows.FieldDescriptions())
	for i := range answers {
		answers[i].fields = fields[1:]
	}
	for rows.Next() {
		raw := rows.RawValues()
		place, err := (&columns{fields: fields, values: raw}).Int(0)
		if err != nil {
			return nil, err
		}
		answers[place-1].rows = append(answers[place-1].rows, cloned(raw[1:]))
	}
	return answers, rows.Err()
}

// cloned are values of their own.
func cloned(values [][]byte) [][]byte {
	size := 0
	for _, value := range values {
		size += len(value)
	}
	clones, bytes := make([][]byte, len(values)), make([]byte, 0, size)
	for i, value := range values {
		if value != nil { // An empty text is not NULL.
			from := len(bytes)
			bytes = append(bytes, value...)
			clones[i] = bytes[from:len(bytes):len(bytes)]
		}
	}
	return clones
}

// scan calls scan for each row.
func (a answer) scan(scan func(*db.Row) error) error {
	current := &columns{fields: a.fields}
	row := db.NewRow(current)
	for _, values := range a.rows {
		current.values = values
		if err := scan(&row); err != nil {
			return scanError{err}
		}
	}
	return a.err
}

// manyOf makes of a statement by ids one by lists of them, whose rows begin with the
// place in the lists.
func manyOf(text string, ids int) string {
	var lists, names []string
	for i := range ids {
		lists = append(lists, "$"+strconv.Itoa(i+1)+"::bigint[]")
		names = append(names, "id"+strconv.Itoa(i+1))
	}
	return "SELECT asked.place, found.* FROM unnest(" + strings.Join(lists, ", ") + ") WITH ORDINALITY AS asked (" + strings.Join(names, ", ") + ", place), LATERAL (" +
		number(text, "asked.id") + ") AS found"
}
