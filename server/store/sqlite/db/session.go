// Package db runs SQL on SQLite: sessions, the statements that they keep, the
// connections below them, and what errors mean. It knows no tables.
package db

import (
	"context"
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
	// Once is set for texts of which there is no end: only the latest are kept.
	Once bool
	// Brief is set for reads that are over before anybody could give them up,
	// such as those of one record: a context is looked at only before.
	Brief bool
}

// The statements around a transaction.
var (
	Begin     = Statement{Thing: "transaction", Text: "BEGIN IMMEDIATE"}
	BeginRead = Statement{Thing: "transaction", Text: "BEGIN", Brief: true}
	Commit    = Statement{Thing: "transaction", Text: "COMMIT"}
	Rollback  = Statement{Thing: "transaction", Text: "ROLLBACK"}
)

func (st Statement) verb() string {
	if strings.HasPrefix(st.Text, "SELECT") {
		return "load"
	}
	return "store"
}

// changes tells whether the statement may change rows.
func (st Statement) changes() bool {
	switch verb, _, _ := strings.Cut(st.Text, " "); verb {
	case "INSERT", "UPDATE", "DELETE":
		return true
	}
	return false
}

// Session runs statements: reads of their own, or those of one transaction.
type Session struct {
	on   lender
	Gate *Gate
	// Whole keeps statements from being cancelled. SQLite ends a cancelled
	// one with the whole transaction, in which other callers' writes are.
	Whole bool
	// Damage is set for good by the first statement that finds the file
	// malformed. Sessions on one file share it.
	Damage *atomic.Bool
	// Trace hears of each text before it runs, and how many parameters it has.
	Trace func(text string, parameters int)
}

// lender lends the connection for a statement: a pool, or one that is lent.
type lender interface {
	lend(ctx context.Context) (*Conn, error)
	giveBack(*Conn)
}

// NewSession returns a session for reads, each by a connection of the pool, with
// an open gate.
func NewSession(pool *Pool) Session { return newSession(pool) }

func newSession(on lender) Session {
	return Session{on: on, Gate: &Gate{}, Damage: new(atomic.Bool)}
}

// ErrEnough is returned by a scan that needs no more rows.
var ErrEnough = errors.New("no more rows are needed")

// Each calls scan for each row of a query.
func (s Session) Each(ctx context.Context, st Statement, args []any, scan func(*Row) error) error {
	_, err := s.run(ctx, st, args, scan)
	if errors.Is(err, ErrEnough) {
		return nil
	}
	return err
}

// Result is what a statement has done.
type Result struct {
	ID      int64 // of the last row that the connection added
	Changed int64 // rows
}

func (s Session) run(ctx context.Context, st Statement, args []any, scan func(*Row) error) (done Result, err error) {
	if err := s.Gate.Enter(); err != nil {
		return done, err
	}
	defer s.Gate.Leave()
	if s.Trace != nil {
		s.Trace(st.Text, len(args))
	}
	if s.Whole {
		ctx = context.Background()
	}
	conn, err := s.on.lend(ctx)
	if err != nil {
		return done, s.interpret(err, st)
	}
	defer s.on.giveBack(conn)
	if err := conn.run(ctx, st, args, scan); err != nil {
		return done, s.interpret(err, st)
	}
	done = Result{conn.conn.LastInsertRowID(), int64(conn.conn.Changes())}
	if done.Changed > 0 && st.changes() {
		conn.writes++
	}
	return done, nil
}

// Collect returns what scan makes of each row of a query. It is never nil.
func Collect[T any](ctx context.Context, s Session, st Statement, args []any, scan func(*Row) (T, error)) ([]T, error) {
	items := []T{}
	err := s.Each(ctx, st, args, func(row *Row) error {
		item, err := scan(row)
		items = append(items, item)
		return err
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// Scan reads the one column of a row.
func Scan[T any](row *Row) (v T, err error) { return v, row.Scan(&v) }

// First returns what scan makes of the first row of a query. KindNotFound if
// there is none.
func First[T any](ctx context.Context, s Session, st Statement, args []any, scan func(*Row) (T, error)) (T, error) {
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
	err := s.Each(ctx, st, args, func(row *Row) error {
		found = true
		return row.Scan(dest...)
	})
	if err == nil && !found {
		return fault.NotFound(st.Thing)
	}
	return err
}

// Exec runs a statement, whose rows are of no interest.
func (s Session) Exec(ctx context.Context, st Statement, args ...any) (Result, error) {
	return s.run(ctx, st, args, nil)
}

// Insert runs a statement that adds a row, and sets the row's id.
func (s Session) Insert(ctx context.Context, st Statement, id *int64, args ...any) error {
	done, err := s.run(ctx, st, args, nil)
	if err == nil {
		*id = done.ID
	}
	return err
}

// Change runs a statement, and returns the number of rows that it wrote.
func (s Session) Change(ctx context.Context, st Statement, args ...any) (int64, error) {
	done, err := s.run(ctx, st, args, nil)
	return done.Changed, err
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
