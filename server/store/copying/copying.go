// Package copying copies all records from one database to another: from SQLite to
// PostgreSQL, and back. It knows no table: which there are, the catalogues say. What
// is made of records, such as an index, is made again and not copied.
package copying

import (
	"context"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
)

// Database is one that is copied from, or to.
type Database interface {
	// Tables returns the tables that are not the store's own, with Note if it is
	// there.
	Tables(ctx context.Context) ([]Table, error)

	// Look runs reads that together see one state.
	Look(ctx context.Context, read func(db.Session) error) error

	// Write runs fn in a transaction, and commits it unless fn fails. It may run it
	// again.
	Write(ctx context.Context, fn func(ctx context.Context, s db.Session) error) error

	// Load adds rows to a table in the transaction of a session.
	Load(ctx context.Context, s db.Session, table Table, rows []Row) error

	// Counters returns the last ids that were given out, by table.
	Counters(ctx context.Context, s db.Session) (map[string]int64, error)

	// Complete makes, once all records are there, what is made of them, and gives
	// out no id again up to the counters. It may be called again.
	Complete(ctx context.Context, counters map[string]int64, progress func(done, total int64)) error
}

// Progress hears how many rows of a step are done. A step begins with none done, or
// with those of an earlier run.
type Progress func(step Step, done, total int64)

// Step is a part of a copy.
type Step string

// The steps, in their order.
const (
	Rows   Step = "copying"
	Index  Step = "indexing"
	Verify Step = "verifying"
)

// Result is what became of a copy.
type Result struct {
	Tables  []Copied
	Resumed int64    // the rows that an earlier run had copied
	Changed []string // the tables of the source that were written to since the copy began
	Unknown []string // the tables that only one database has, which are none of the program's
	Took    time.Duration
}

// Copied is a table that was copied.
type Copied struct {
	Name string
	Checksum
}

// Options are how a copy is made.
type Options struct {
	Restart  bool // begin anew where an earlier copy was interrupted
	Progress Progress
}

// Copy copies one state of a database into one without records, and compares what is
// there in the end with what was read. A copy that was interrupted goes on where it
// was. What is wrong with the source or the target is a fault.Error.
func Copy(ctx context.Context, from, to Database, options Options) (Result, error) {
	r := &run{from: from, to: to, progress: options.Progress, ids: make(map[string]int64), began: time.Now()}
	err := r.prepare(ctx, options.Restart)
	if err == nil {
		err = from.Look(ctx, func(s db.Session) error { return r.copy(ctx, s) })
	}
	if err == nil {
		err = to.Complete(ctx, r.counters, func(done, total int64) { r.progress(Index, done, total) })
	}
	if err == nil {
		err = r.verify(ctx)
	}
	if err == nil {
		err = removeNotes(ctx, to)
	}
	r.result.Took = time.Since(r.began)
	return r.result, err
}

// run is one call of Copy.
type run struct {
	from, to Database
	progress Progress
	began    time.Time
	tables   []pair
	maxKey   int // of the target
	notes    notes
	counters map[string]int64
	ids      map[string]int64 // the greatest of a table
	done     int64            // rows
	total    int64
	result   Result
}

// prepare compares the tables, and makes sure that the target can be written to.
func (r *run) prepare(ctx context.Context, restart bool) error {
	from, err := r.from.Tables(ctx)
	if err != nil {
		return err
	}
	to, err := r.to.Tables(ctx)
	if err != nil {
		return err
	}
	interrupted := slices.ContainsFunc(to, named(Note))
	to = slices.DeleteFunc(to, named(Note))
	if r.tables, r.result.Unknown, err = match(from, to); err != nil {
		return err
	}
	begin := r.begin
	switch {
	case interrupted && restart:
		begin = r.restart
	case interrupted:
		begin = r.resume
	}
	return r.to.Write(ctx, func(ctx context.Context, s db.Session) error {
		r.maxKey = s.MaxKey()
		return begin(ctx, s)
	})
}

// begin begins a copy into a target without records.
func (r *run) begin(ctx context.Context, s db.Session) error {
	if err := r.refuseRecords(ctx, s); err != nil {
		return err
	}
	return r.makeNotes(ctx, s)
}

// resume goes on with a copy that was interrupted. It may have been one of a program
// that knew other tables.
func (r *run) resume(ctx context.Context, s db.Session) (err error) {
	r.notes, err = readNotes(ctx, s)
	for _, p := range r.tables {
		if _, ok := r.notes[p.to.Name]; !ok && err == nil {
			err = errChanged
		}
	}
	return err
}

// restart removes what a copy that was interrupted has left.
func (r *run) restart(ctx context.Context, s db.Session) error {
	for _, p := range slices.Backward(r.tables) {
		if len(p.to.Key) == 0 {
			continue
		}
		if err := s.Exec(ctx, p.to.empty()); err != nil {
			return err
		}
	}
	if err := s.Exec(ctx, dropNote); err != nil {
		return err
	}
	return r.makeNotes(ctx, s)
}

// refuseRecords returns an error if the target has any.
func (r *run) refuseRecords(ctx context.Context, s db.Session) error {
	for _, p := range r.tables {
		if len(p.to.Key) == 0 {
			continue
		}
		if has, err := p.to.hasRows(ctx, s); err != nil {
			return err
		} else if has {
			return fault.Errorf(fault.KindConflict, "the target has records already, in the table %s; copy into a new file or an empty database", p.to.Name)
		}
	}
	return nil
}

// copy copies what is in a state of the source.
func (r *run) copy(ctx context.Context, s db.Session) (err error) {
	for _, p := range r.tables {
		n, err := p.from.count(ctx, s)
		if err != nil {
			return err
		}
		r.total += n
	}
	for _, sum := range r.notes {
		r.result.Resumed += sum.Rows
	}
	r.done = r.result.Resumed
	r.progress(Rows, min(r.done, r.total), r.total)
	for _, p := range r.tables {
		sum, err := r.copyTable(ctx, s, p)
		if err != nil {
			return err
		}
		r.result.Tables = append(r.result.Tables, Copied{p.to.Name, sum})
	}
	r.counters, err = r.from.Counters(ctx, s)
	for table, greatest := range r.ids {
		if r.counters[table] < greatest && err == nil {
			r.counters[table] = greatest
		}
	}
	return err
}

// What is wrong with a target, for the one who wants to copy into it.
var (
	errChanged = fault.Errorf(fault.KindConflict, "what was copied before the interruption has changed in the source; begin anew with --restart")
	errShared  = fault.Errorf(fault.KindConflict, "another accountsd copy writes to the target")
)
