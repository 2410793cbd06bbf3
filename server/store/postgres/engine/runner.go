// Package engine runs statements on PostgreSQL: by a pool, in snapshots and in
// transactions, and says what its errors mean. It knows of the tables no more than
// the row of a company that writers lock, and the counters of ids.
package engine

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/write"
)

// querier is the pool, or a connection in a transaction.
type querier interface {
	Query(ctx context.Context, text string, args ...any) (pgx.Rows, error)
	SendBatch(ctx context.Context, batch *pgx.Batch) pgx.BatchResults
}

// runner runs statements: see db.Runner.
type runner struct {
	*Engine
	on       querier
	gate     *db.Gate
	readOnly bool
	writes   bool           // it is a transaction that may write
	locked   map[int64]bool // the companies that the transaction has
	begin    string         // what has to be said before the first statement
	late     []late         // what is sent with the next statement
	single   *single        // what became of the one read that it makes; nil: it makes any

	rehearsed map[string]int64 // in a rehearsal, the last id that it gave in each table
}

var _ db.Runner = (*runner)(nil)

// single is of a runner that makes one brief read only.
type single struct{ made, more bool }

// errMore is of reads that a single one cannot make.
var errMore = errors.New("this takes a snapshot")

// take lets the first one through, if it is brief.
func (s *single) take(ids []int64) error {
	if s.made || ids == nil {
		s.more = true
		return errMore
	}
	s.made = true
	return nil
}

// Dialect is PostgreSQL's.
func (r *runner) Dialect() db.Dialect { return dialect }

// MaxKey leaves room for what else is in an entry of an index, of 2704 bytes.
func (r *runner) MaxKey() int { return 2000 }

// Run runs a statement: see db.Runner.
func (r *runner) Run(ctx context.Context, st db.Statement, args []any, scan func(*db.Row) error) (int64, error) {
	if err := r.enter(st); err != nil {
		return 0, err
	}
	defer r.gate.Leave()
	bound, err := bind(args)
	if err != nil {
		return 0, err
	}
	changed, err := r.run(ctx, st, bound, scan)
	return changed, r.interpret(ctx, err, st)
}

// enter lets a statement run, unless the runner is of no use any more or the
// statement not one that it may run.
func (r *runner) enter(st db.Statement) error {
	if err := r.gate.Enter(); err != nil {
		return err
	}
	if r.readOnly && st.Changes() {
		r.gate.Leave()
		return write.ErrReadOnly
	}
	return nil
}

func (r *runner) interpret(ctx context.Context, err error, st db.Statement) error {
	if failure, ok := errors.AsType[scanError](err); ok {
		return failure.error
	}
	if failure, ok := errors.AsType[lateError](err); ok {
		st = failure.st
	}
	if !r.writes && isLost(err) {
		r.pool.Reset() // The others are of no use either.
	}
	return Interpret(ctx, err, st)
}

// scanError is of a scan, not of the database.
type scanError struct{ error }

func (e scanError) Unwrap() error { return e.error }

func (r *runner) run(ctx context.Context, st db.Statement, args arguments, scan func(*db.Row) error) (changed int64, err error) {
	if r.on == r.pool {
		ids := idsOf(st, args)
		if r.single != nil {
			if err := r.single.take(ids); err != nil {
				return 0, err
			}
		}
		if ids != nil {
			return 0, r.readTogether(ctx, st, ids, args, scan)
		}
		if !st.Brief {
			if err := db.Take(ctx, r.long); err != nil {
				return 0, err
			}
			defer func() { <-r.long }()
		}
	}
	switch {
	case undoes(st):
		clear(r.locked)
		r.late = nil
	case r.writes && st.Late && scan == nil:
		return 0, r.put(ctx, late{st, args})
	case r.writes && st.Taken != "":
		return r.runApart(ctx, st, args, scan)
	}
	if r.begin == "" && len(r.late) == 0 {
		rows, err := r.on.Query(ctx, textOf(st), args...)
		if err != nil {
			return 0, err
		}
		return read(rows, st, scan)
	}
	err = r.send(ctx, []late{{st, args}}, func(results pgx.BatchResults) (err error) {
		changed, err = readNext(results, st, scan)
		return err
	})
	return changed, err
}

// The statements around one that may fail.
var (
	saveApart    = db.Statement{Text: "SAVEPOINT apart"}
	releaseApart = db.Statement{Text: "RELEASE SAVEPOINT apart"}
	undoApart    = db.Statement{Text: "ROLLBACK TO SAVEPOINT apart"}
)

// runApart runs a statement that may find a value taken, so that the transaction can
// go on after it. It takes one way to the database and back.
func (r *runner) runApart(ctx context.Context, st db.Statement, args arguments, scan func(*db.Row) error) (changed int64, err error) {
	around := []late{{st: saveApart}, {st, args}, {st: releaseApart}}
	err = r.send(ctx, around, func(results pgx.BatchResults) (err error) {
		if _, err = results.Exec(); err == nil {
			changed, err = readNext(results, st, scan)
		}
		return err
	})
	if _, isLate := errors.AsType[lateError](err); !isLate && code(err) == uniqueViolation {
		if rows, failed := r.on.Query(ctx, undoApart.Text); failed != nil {
			err = errors.Join(failed, err)
		} else {
			rows.Close()
		}
	}
	return changed, err
}

// readNext is read of the next answer of some.
func readNext(results pgx.BatchResults, st db.Statement, scan func(*db.Row) error) (int64, error) {
	rows, err := results.Query()
	if err != nil {
		return 0, err
	}
	return read(rows, st, scan)
}

// read calls scan for each row, and returns how many were written.
func read(rows pgx.Rows, st db.Statement, scan func(*db.Row) error) (int64, error) {
	defer rows.Close()
	current := &columns{fields: rows.FieldDescriptions()}
	row := db.NewRow(current)
	for rows.Next() {
		if scan == nil {
			continue
		}
		current.values = rows.RawValues()
		if err := scan(&row); err != nil {
			return 0, scanError{err}
		}
	}
	if err := rows.Err(); err != nil || !st.Changes() {
		return 0, err
	}
	return rows.CommandTag().RowsAffected(), nil
}

// RunAll runs a statement for each list of arguments, all on one way to the database
// and back: see db.Runner.
func (r *runner) RunAll(ctx context.Context, st db.Statement, lists [][]any) (changed int64, err error) {
	if len(lists) == 0 {
		return 0, nil
	}
	if err := r.enter(st); err != nil {
		return 0, err
	}
	defer r.gate.Leave()
	all := make([]late, len(lists))
	for i, args := range lists {
		bound, err := bind(args)
		if err != nil {
			return 0, err
		}
		all[i] = late{st, bound}
	}
	if r.writes && st.Late {
		return 0, r.interpret(ctx, r.put(ctx, inRows(all)...), st)
	}
	err = r.send(ctx, all, func(results pgx.BatchResults) error {
		for range lists {
			done, err := results.Exec()
			if err != nil {
				return err
			}
			changed += done.RowsAffected()
		}
		return nil
	})
	return changed, r.interpret(ctx, err, st)
}

// Add runs a statement that adds a row, with an id of a counter: see db.Runner.
func (r *runner) Add(ctx context.Context, st db.Statement, id *db.ID, args []any) error {
	if r.readOnly {
		return write.ErrReadOnly
	}
	next, err := r.nextID(ctx, tableOf(st))
	if err != nil {
		return r.interpret(ctx, err, st)
	}
	*id = db.ID(next)
	if _, err = r.Run(ctx, st, args, nil); err != nil {
		*id = 0
	}
	return err
}

// nextID returns an id for a new row. Those of a rehearsal are not used up: the next write
// gets them, as long as no block of them ends.
func (r *runner) nextID(ctx context.Context, table string) (id int64, err error) {
	if r.rehearsed == nil {
		return r.ids.next(ctx, r.pool, table)
	}
	id, err = r.ids.peek(ctx, r.pool, table, r.rehearsed[table])
	r.rehearsed[table] = id
	return id, err
}

// tableOf is the table of a statement that inserts.
func tableOf(st db.Statement) string { return strings.Fields(st.Text)[2] }

// lockCompany locks a company's row as one that is written to, but not deleted, so
// that rows which refer to it can be added meanwhile.
var lockCompany = db.Statement{Thing: "company", Text: `SELECT id FROM companies WHERE id = ? FOR NO KEY UPDATE`}

// Lock makes the transactions that write a company's records take turns: see
// db.Runner.
func (r *runner) Lock(ctx context.Context, companyID int64) error {
	if !r.writes || r.locked[companyID] {
		return nil
	}
	if _, err := r.Run(ctx, lockCompany, []any{companyID}, nil); err != nil {
		return err
	}
	r.locked[companyID] = true
	return nil
}

// Snapshot runs reads that together see one state. A transaction sees what it
// has locked.
func (r *runner) Snapshot(ctx context.Context, read func(db.Session) error) error {
	if r.writes || r.readOnly {
		return read(db.Session{Runner: r})
	}
	if err := r.gate.Enter(); err != nil {
		return err
	}
	defer r.gate.Leave()
	return r.snapshot(ctx, read)
}

var beginSnapshot = db.Statement{Thing: "transaction", Text: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}

func (r *runner) snapshot(ctx context.Context, read func(db.Session) error) error {
	if err := db.Take(ctx, r.long); err != nil {
		return Interpret(ctx, err, beginSnapshot)
	}
	defer func() { <-r.long }()
	conn, err := r.pool.Acquire(ctx)
	if err != nil {
		return Interpret(ctx, err, beginSnapshot)
	}
	defer conn.Release()
	seen := &runner{Engine: r.Engine, on: conn.Conn(), gate: &db.Gate{}, readOnly: true, begin: beginSnapshot.Text}
	defer seen.gate.Close(errEnded)
	defer rollback(conn.Conn())
	return read(db.Session{Runner: seen})
}

// isCut tells whether a connection has ended in the middle of an answer.
func isCut(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }
