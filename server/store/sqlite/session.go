package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"sync"

	"github.com/accountsd/accountsd/server/account"
)

// statement is an SQL statement and what errors say about it.
type statement struct {
	thing string // what it reads or writes
	taken string // said of a unique value that another record has
	text  string
	// once is set for texts of which there is no end: they are not kept.
	once bool
}

func (st statement) verb() string {
	if strings.HasPrefix(st.text, "SELECT") {
		return "load"
	}
	return "store"
}

// session runs statements: reads of their own, or those of one transaction.
type session struct {
	statements *statements
	gate       *gate
	// whole keeps statements from being cancelled. SQLite ends a cancelled
	// one with the whole transaction, in which other callers' writes are.
	whole bool
}

// errEnough is returned by a scan that needs no more rows.
var errEnough = errors.New("no more rows are needed")

// each calls scan for each row of a query.
func (s session) each(ctx context.Context, st statement, args []any, scan func(*sql.Rows) error) error {
	if err := s.gate.enter(); err != nil {
		return err
	}
	defer s.gate.leave()
	rows, err := s.query(ctx, st, args)
	if err != nil {
		return interpretError(err, st)
	}
	defer rows.Close()
	for rows.Next() {
		err := scan(rows)
		if errors.Is(err, errEnough) {
			return nil
		}
		if err != nil {
			return interpretError(err, st)
		}
	}
	return interpretError(rows.Err(), st)
}

func (s session) query(ctx context.Context, st statement, args []any) (*sql.Rows, error) {
	if st.once {
		return s.statements.on.QueryContext(s.context(ctx), st.text, args...)
	}
	prepared, err := s.statements.prepare(st.text)
	if err != nil {
		return nil, err
	}
	return prepared.QueryContext(s.context(ctx), args...)
}

// collect returns what scan makes of each row of a query. It is never nil.
func collect[T any](ctx context.Context, s session, st statement, args []any, scan func(*sql.Rows) (T, error)) ([]T, error) {
	items := []T{}
	err := s.each(ctx, st, args, func(rows *sql.Rows) error {
		item, err := scan(rows)
		items = append(items, item)
		return err
	})
	if err != nil {
		return nil, err
	}
	return items, nil
}

// get reads the one row of a query. KindNotFound if there is none.
func (s session) get(ctx context.Context, st statement, args []any, dest ...any) error {
	found := false
	err := s.each(ctx, st, args, func(rows *sql.Rows) error {
		found = true
		return rows.Scan(dest...)
	})
	if err == nil && !found {
		return account.NotFound(st.thing)
	}
	return err
}

// exec runs a statement that returns no rows.
func (s session) exec(ctx context.Context, st statement, args ...any) (sql.Result, error) {
	if err := s.gate.enter(); err != nil {
		return nil, err
	}
	defer s.gate.leave()
	prepared, err := s.statements.prepare(st.text)
	if err != nil {
		return nil, interpretError(err, st)
	}
	result, err := prepared.ExecContext(s.context(ctx), args...)
	return result, interpretError(err, st)
}

// insert runs a statement that adds a row, and returns the row's id.
func (s session) insert(ctx context.Context, st statement, args ...any) (int64, error) {
	result, err := s.exec(ctx, st, args...)
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	return id, interpretError(err, st)
}

// change runs a statement, and returns the number of rows that it wrote.
func (s session) change(ctx context.Context, st statement, args ...any) (int64, error) {
	result, err := s.exec(ctx, st, args...)
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return n, interpretError(err, st)
}

// changeOne runs a statement that writes one record. KindNotFound if there is
// none.
func (s session) changeOne(ctx context.Context, st statement, args ...any) error {
	n, err := s.change(ctx, st, args...)
	if err == nil && n == 0 {
		return account.NotFound(st.thing)
	}
	return err
}

func (s session) context(ctx context.Context) context.Context {
	if s.whole {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

// statements prepares each text once; a pool does so once a connection.
type statements struct {
	on     queryer
	mu     sync.RWMutex
	byText map[string]*sql.Stmt
}

type queryer interface {
	PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
	QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error)
}

func newStatements(on queryer) *statements {
	return &statements{on: on, byText: make(map[string]*sql.Stmt)}
}

// prepare returns the statement of the text. It takes no context, since the
// next caller will use the same statement.
func (s *statements) prepare(text string) (*sql.Stmt, error) {
	s.mu.RLock()
	prepared := s.byText[text]
	s.mu.RUnlock()
	if prepared != nil {
		return prepared, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if prepared := s.byText[text]; prepared != nil {
		return prepared, nil
	}
	prepared, err := s.on.PrepareContext(context.Background(), text)
	if err != nil {
		return nil, err
	}
	s.byText[text] = prepared
	return prepared, nil
}

// close closes the statements. Those of a single connection would else keep it
// open, and the log with it.
func (s *statements) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var err error
	for _, prepared := range s.byText {
		err = errors.Join(err, prepared.Close())
	}
	return err
}

// gate lets callers in until it is closed.
type gate struct {
	mu  sync.RWMutex
	err error // why it is closed
}

func (g *gate) enter() error {
	g.mu.RLock()
	if err := g.err; err != nil {
		g.mu.RUnlock()
		return err
	}
	return nil
}

func (g *gate) leave() { g.mu.RUnlock() }

// close waits for those inside to leave.
func (g *gate) close(why error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.err = why
}
