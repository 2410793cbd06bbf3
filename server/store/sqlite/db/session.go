// Package db runs SQL on SQLite: sessions, the statements that they keep, the
// connections below them, and what errors mean. It knows no tables.
package db

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync/atomic"

	"github.com/accountsd/accountsd/server/fault"
)

// Statement is an SQL statement and what errors say about it.
type Statement struct {
	Thing string // what it reads or writes
	Taken string // said of a unique value that another record has
	Text  string
	// Once is set for texts of which there is no end: they are not kept.
	Once bool
}

// The statements around a transaction.
var (
	Begin     = Statement{Thing: "transaction", Text: "BEGIN IMMEDIATE"}
	BeginRead = Statement{Thing: "transaction", Text: "BEGIN"}
	Commit    = Statement{Thing: "transaction", Text: "COMMIT"}
	Rollback  = Statement{Thing: "transaction", Text: "ROLLBACK"}
)

func (st Statement) verb() string {
	if strings.HasPrefix(st.Text, "SELECT") {
		return "load"
	}
	return "store"
}

// Session runs statements: reads of their own, or those of one transaction.
type Session struct {
	Statements *Statements
	Gate       *Gate
	// Whole keeps statements from being cancelled. SQLite ends a cancelled
	// one with the whole transaction, in which other callers' writes are.
	Whole bool
	// Damage is set for good by the first statement that finds the file
	// malformed. Sessions on one file share it.
	Damage *atomic.Bool
}

// NewSession returns a session with statements of its own and an open gate.
func NewSession(on Queryer) Session {
	return Session{Statements: NewStatements(on), Gate: &Gate{}, Damage: new(atomic.Bool)}
}

// ErrEnough is returned by a scan that needs no more rows.
var ErrEnough = errors.New("no more rows are needed")

// Each calls scan for each row of a query.
func (s Session) Each(ctx context.Context, st Statement, args []any, scan func(*sql.Rows) error) error {
	if err := s.Gate.Enter(); err != nil {
		return err
	}
	defer s.Gate.Leave()
	rows, err := s.query(ctx, st, args)
	if err != nil {
		return s.interpret(err, st)
	}
	defer rows.Close()
	for rows.Next() {
		err := scan(rows)
		if errors.Is(err, ErrEnough) {
			return nil
		}
		if err != nil {
			return s.interpret(err, st)
		}
	}
	return s.interpret(rows.Err(), st)
}

func (s Session) query(ctx context.Context, st Statement, args []any) (*sql.Rows, error) {
	if st.Once {
		return s.Statements.on.QueryContext(s.context(ctx), st.Text, args...)
	}
	prepared, err := s.Statements.prepare(st.Text)
	if err != nil {
		return nil, err
	}
	return prepared.QueryContext(s.context(ctx), args...)
}

// Collect returns what scan makes of each row of a query. It is never nil.
func Collect[T any](ctx context.Context, s Session, st Statement, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	items := []T{}
	err := s.Each(ctx, st, args, func(rows *sql.Rows) error {
		item, err := scan(rows)
		items = append(items, item)
		return err
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// Scan reads the one column of a row.
func Scan[T any](rows *sql.Rows) (v T, err error) { return v, rows.Scan(&v) }

// First returns what scan makes of the first row of a query. KindNotFound if
// there is none.
func First[T any](ctx context.Context, s Session, st Statement, args []any, scan func(*sql.Rows) (T, error)) (T, error) {
	items, err := Collect(ctx, s, st, args, scan)
	if err == nil && len(items) == 0 {
		err = fault.NotFound(st.Thing)
	}
	if err != nil {
		var none T
		return none, err
	}
	return items[0], nil
}

// Get reads the one row of a query. KindNotFound if there is none.
func (s Session) Get(ctx context.Context, st Statement, args []any, dest ...any) error {
	found := false
	err := s.Each(ctx, st, args, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(dest...)
	})
	if err == nil && !found {
		return fault.NotFound(st.Thing)
	}
	return err
}

// Exec runs a statement that returns no rows.
func (s Session) Exec(ctx context.Context, st Statement, args ...any) (sql.Result, error) {
	if err := s.Gate.Enter(); err != nil {
		return nil, err
	}
	defer s.Gate.Leave()
	prepared, err := s.Statements.prepare(st.Text)
	if err != nil {
		return nil, s.interpret(err, st)
	}
	result, err := prepared.ExecContext(s.context(ctx), args...)
	return result, s.interpret(err, st)
}

// Insert runs a statement that adds a row, and sets the row's id.
func (s Session) Insert(ctx context.Context, st Statement, id *int64, args ...any) error {
	result, err := s.Exec(ctx, st, args...)
	if err == nil {
		*id, err = result.LastInsertId()
	}
	return err
}

// Change runs a statement, and returns the number of rows that it wrote.
func (s Session) Change(ctx context.Context, st Statement, args ...any) (int64, error) {
	result, err := s.Exec(ctx, st, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// ChangeOne runs a statement that writes one record. KindNotFound if there is
// none.
func (s Session) ChangeOne(ctx context.Context, st Statement, args ...any) error {
	n, err := s.Change(ctx, st, args...)
	if err == nil && n == 0 {
		return fault.NotFound(st.Thing)
	}
	return err
}

// interpret is Interpret, and takes note of damage.
func (s Session) interpret(err error, st Statement) error {
	if IsDamage(err) && s.Damage != nil {
		s.Damage.Store(true)
	}
	return Interpret(err, st)
}

func (s Session) context(ctx context.Context) context.Context {
	if s.Whole {
		return context.WithoutCancel(ctx)
	}
	return ctx
}
