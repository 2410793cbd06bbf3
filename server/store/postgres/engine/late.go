package engine

import (
	"bytes"
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/db"
)

// maxLate is how many statements wait to be sent: what they are bound to is kept in
// memory until then.
const maxLate = 500

// late is a statement that is sent with the next one that is waited for. Each one that
// is waited for by itself takes as long again as PostgreSQL takes to run it.
type late struct {
	st   db.Statement
	args arguments
}

// lateError is of a statement that was late.
type lateError struct {
	error
	st db.Statement
}

func (e lateError) Unwrap() error { return e.error }

// put keeps statements for later. What is bound as bytes may be used again by the caller.
func (r *runner) put(ctx context.Context, statements ...late) error {
	for _, l := range statements {
		for i, arg := range l.args {
			if b, ok := arg.([]byte); ok {
				l.args[i] = bytes.Clone(b)
			}
		}
	}
	if r.late = append(r.late, statements...); len(r.late) < maxLate {
		return nil
	}
	return r.flush(ctx)
}

// Flush sends what is late: see db.Runner.
func (r *runner) Flush(ctx context.Context) error {
	if len(r.late) == 0 {
		return nil
	}
	if err := r.gate.Enter(); err != nil {
		return err
	}
	defer r.gate.Leave()
	return r.interpret(ctx, r.flush(ctx), db.Statement{})
}

func (r *runner) flush(ctx context.Context) error {
	if len(r.late) == 0 {
		return nil
	}
	return r.send(ctx, nil, func(pgx.BatchResults) error { return nil })
}

// send sends what is to begin the transaction and what is late with more statements, on
// one way to the database and back, of which read reads what they answer.
func (r *runner) send(ctx context.Context, more []late, read func(pgx.BatchResults) error) error {
	var batch pgx.Batch
	if r.begin != "" {
		batch.Queue(r.begin)
	}
	for _, l := range r.late {
		batch.Queue(textOf(l.st), l.args...)
	}
	for _, l := range more {
		batch.Queue(textOf(l.st), l.args...)
	}
	begins, before := r.begin != "", r.late
	r.begin, r.late = "", nil
	results := r.on.SendBatch(ctx, &batch)
	err := readLate(results, begins, before)
	if err == nil {
		err = read(results)
	}
	return errors.Join(err, results.Close())
}

// readLate reads what a beginning and late statements have answered.
func readLate(results pgx.BatchResults, begins bool, before []late) error {
	if begins {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	for _, l := range before {
		if _, err := results.Exec(); err != nil {
			return lateError{err, l.st}
		}
	}
	return nil
}

// undoes tells whether a statement undoes a part of a transaction, with which PostgreSQL
// lets go of the rows that the part has locked. What is late belongs to the part.
func undoes(st db.Statement) bool { return strings.HasPrefix(st.Text, "ROLLBACK TO") }
