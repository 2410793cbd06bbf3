// Package db is what SQL stores have in common: sessions and their statements,
// how values are stored, and the tables of records. It knows no database, and no
// table.
package db

import (
	"context"
	"errors"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
)

// Statement is an SQL statement and what errors say about it.
type Statement struct {
	Thing string // what it reads or writes
	Taken string // said of a unique value that another record has
	// Text has a parameter for each question mark, or for the number behind it,
	// and what databases say differently in braces: see Dialect.
	Text string
	// Once is set for texts of which there is no end: only the latest are kept.
	Once bool
	// Brief is set for reads that are over before anybody could give them up,
	// such as those of one record: a context is looked at only before.
	Brief bool
	// Late is set for writes of which nobody asks how many rows they wrote. A database at
	// the end of a wire may be sent them together with the next statement that is waited
	// for: see Runner.Flush.
	Late bool
}

// Verb is what errors say that the statement was to do.
func (st Statement) Verb() string {
	if strings.HasPrefix(st.Text, "SELECT") {
		return "load"
	}
	return "store"
}

// Changes tells whether the statement may change rows.
func (st Statement) Changes() bool {
	switch verb, _, _ := strings.Cut(st.Text, " "); verb {
	case "INSERT", "UPDATE", "DELETE":
		return true
	}
	return false
}

// Runner runs statements on a database: reads of their own, or those of one
// transaction. Errors are the domain's: KindConflict for a value that Taken is
// said of, KindUnavailable if the database cannot be reached or is busy,
// write.ErrReadOnly where nothing can be written, and else internal.
type Runner interface {
	// Run runs a statement, and calls scan, unless it is nil, for each row. An
	// error of scan ends it. It returns how many rows were written.
	Run(ctx context.Context, st Statement, args []any, scan func(*Row) error) (int64, error)

	// RunAll runs a statement once for each list of arguments, and returns how
	// many rows that wrote.
	RunAll(ctx context.Context, st Statement, lists [][]any) (int64, error)

	// Add runs a statement that adds a row, with an id that no row of its table
	// had before. It sets the id, which must be among the arguments as an ID.
	Add(ctx context.Context, st Statement, id *ID, args []any) error

	// Flush returns after all writes that are late, with the error of the one that
	// failed. All other statements flush first, as does the commit.
	Flush(ctx context.Context) error

	// Snapshot runs reads that together see one state.
	Snapshot(ctx context.Context, read func(Session) error) error

	// Lock keeps other transactions from writing records of the company until
	// this one ends, and those that lock it as well from reading on. Outside of a
	// transaction it does nothing.
	Lock(ctx context.Context, companyID int64) error

	// MaxKey is how many bytes of a text an index can have; 0: all.
	MaxKey() int

	// Dialect is what statements are written in.
	Dialect() Dialect
}

// Session is a Runner with what is often done.
type Session struct{ Runner }

// ErrEnough is returned by a scan that needs no more rows.
var ErrEnough = errors.New("no more rows are needed")

// Each calls scan for each row of a query.
func (s Session) Each(ctx context.Context, st Statement, args []any, scan func(*Row) error) error {
	_, err := s.Run(ctx, st, args, scan)
	if errors.Is(err, ErrEnough) {
		return nil
	}
	return err
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

// Exec runs a statement, whose rows are of no interest.
func (s Session) Exec(ctx context.Context, st Statement, args ...any) error {
	_, err := s.Run(ctx, st, args, nil)
	return err
}

// Insert runs a statement that adds a row, and sets the row's id.
func (s Session) Insert(ctx context.Context, st Statement, id *int64, args ...any) error {
	return s.Add(ctx, st, (*ID)(id), args)
}

// Change runs a statement, and returns the number of rows that it wrote.
func (s Session) Change(ctx context.Context, st Statement, args ...any) (int64, error) {
	return s.Run(ctx, st, args, nil)
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
