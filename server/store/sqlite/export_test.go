package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

// Limits are the limits of OpenWith; zero is the default.
type Limits struct {
	Batch                      int
	PassivePages, RestartPages int64
	Driven                     int
	NoSearch                   bool
	Eager                      bool // index at once
}

// OpenWith is Open with other limits. A batch takes all that wait.
func OpenWith(ctx context.Context, path string, l Limits) (*Store, error) {
	limits := defaultLimits
	limits.batchTime = time.Minute
	if l.Batch != 0 {
		limits.batch = l.Batch
	}
	if l.PassivePages != 0 {
		limits.passivePages, limits.restartPages = l.PassivePages, l.RestartPages
	}
	if l.Driven != 0 {
		limits.driven = l.Driven
	}
	limits.search = !l.NoSearch
	if l.Eager {
		limits.pace = pace{batch: 7, backlog: limits.pace.backlog, retry: time.Millisecond}
	}
	return open(ctx, path, limits)
}

// StopIndexer ends the indexer of the background, so that only IndexRound
// indexes.
func (s *Store) StopIndexer() { s.search.stop() }

// IndexRound indexes a batch. If it does not prune, it stops where a process
// may be killed.
func (s *Store) IndexRound(ctx context.Context, prune bool) error {
	if prune {
		_, err := s.search.round(ctx)
		return err
	}
	_, _, err := s.search.index(ctx)
	return err
}

// Searchable tells whether the index is used for a company's accounts, and the
// queue is empty.
func (s *Store) Searchable(ctx context.Context, companyID int64) (bool, error) {
	var usable, queued bool
	err := s.session.get(ctx, selectSearched, []any{kindAccounts, companyID}, &usable, &queued)
	return usable && !queued, err
}

// Queued returns how many entries wait in the queue.
func (s *Store) Queued(ctx context.Context) (n int, err error) {
	err = s.session.get(ctx, statement{thing: "search queue", text: "SELECT count(*) FROM search_queue WHERE sequence > (SELECT pruned FROM search_state)"}, nil, &n)
	return n, err
}

// Exec runs SQL in a transaction.
func Exec(ctx context.Context, tx account.Tx, text string) error {
	_, err := tx.(*transaction).session.exec(ctx, statement{thing: "test", text: text})
	return err
}

// Explain returns SQLite's plans of the statements that a read runs.
func (s *Store) Explain(ctx context.Context, read func(account.Reader) error) ([]string, error) {
	on := &explainer{queryer: s.session.statements.on}
	session := session{statements: newStatements(on), gate: &gate{}}
	err := read(reader{session, s.driven, s.search})
	return on.plans, errors.Join(err, session.statements.close())
}

// ExplainWrite returns SQLite's plans of the statements that a write runs.
func (s *Store) ExplainWrite(ctx context.Context, write func(context.Context, account.Tx) error) ([]string, error) {
	on := &explainer{queryer: s.writer.session.statements.on}
	err := s.Write(ctx, func(ctx context.Context, tx account.Tx) error {
		explained := tx.(*transaction)
		explained.session.statements = newStatements(on)
		return errors.Join(write(ctx, explained), explained.session.statements.close())
	})
	return on.plans, err
}

type explainer struct {
	queryer
	plans []string
}

func (e *explainer) PrepareContext(ctx context.Context, text string) (*sql.Stmt, error) {
	if err := e.explain(ctx, text); err != nil {
		return nil, err
	}
	return e.queryer.PrepareContext(ctx, text)
}

func (e *explainer) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := e.explain(ctx, text); err != nil {
		return nil, err
	}
	return e.queryer.QueryContext(ctx, text, args...)
}

func (e *explainer) explain(ctx context.Context, text string) error {
	rows, err := e.queryer.QueryContext(ctx, "EXPLAIN QUERY PLAN "+text, make([]any, 100)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			return err
		}
		e.plans = append(e.plans, step)
	}
	return rows.Err()
}

// Statements returns how many statements the readers keep.
func (s *Store) Statements() int {
	s.session.statements.mu.RLock()
	defer s.session.statements.mu.RUnlock()
	return len(s.session.statements.byText)
}

// PagesWritten returns the pages that were written to the log, ever.
func (s *Store) PagesWritten() int64 { return s.wal.written.Load() }

// Waiting returns how many writes wait for the writer.
func (s *Store) Waiting() int {
	s.writer.queue.mu.Lock()
	defer s.writer.queue.mu.Unlock()
	return len(s.writer.queue.waiting)
}

// IndexerEnded tells whether the indexer has given up.
func (s *Store) IndexerEnded() bool {
	select {
	case <-s.search.done:
		return true
	default:
		return false
	}
}

// FindAfter lists and counts accounts by a plan that is made before something
// happens.
func (s *Store) FindAfter(ctx context.Context, companyID int64, q account.AccountQuery, happens func()) ([]account.Account, int64, error) {
	p, err := s.plan(ctx, companyID, q.Filter, s.driven)
	if err != nil {
		return nil, 0, err
	}
	if !p.certain() {
		return nil, 0, errors.New("the plan does not use the index")
	}
	happens()
	list, err := s.filter(ctx, companyID, q, p, walkTo(q.Page, q.Ascending))
	if err != nil {
		return nil, 0, err
	}
	n, err := s.countFound(ctx, companyID, q, p)
	return list, n, err
}
