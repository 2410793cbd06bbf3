package sqlite

import (
	"context"
	"errors"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
	"github.com/accountsd/accountsd/server/store/sqlite/textindex"
)

// Limits are the limits of OpenWith; zero is the default.
type Limits struct {
	Batch                      int
	PassivePages, RestartPages int64
	Driven                     int
	NoText                     bool
	Eager                      bool // index at once
	Weary                      bool // after a round, rest for weeks unless there are WearyBacklog entries
}

// WearyBacklog is how many entries wake an index that is weary.
const WearyBacklog = 10

// OpenWith is Open with other limits. A batch takes all that wait.
func OpenWith(ctx context.Context, path string, l Limits) (*Store, error) {
	limits := defaultLimits
	limits.commit.BatchTime = time.Minute
	if l.Batch != 0 {
		limits.commit.Batch = l.Batch
	}
	if l.PassivePages != 0 {
		limits.commit.PassivePages, limits.commit.RestartPages = l.PassivePages, l.RestartPages
	}
	if l.Driven != 0 {
		limits.driven = l.Driven
	}
	limits.text = !l.NoText
	if l.Eager {
		limits.pace = textindex.Pace{Batch: 7, Backlog: limits.pace.Backlog, Retry: time.Millisecond}
	}
	if l.Weary {
		limits.pace.Busy, limits.pace.Backlog = 1_000_000_000, WearyBacklog
	}
	return open(ctx, path, true, limits)
}

// MakeOld makes a file with the schema of an older program.
func MakeOld(ctx context.Context, path string, version int) error {
	if err := engine.CreateFile(path); err != nil {
		return err
	}
	conn, err := engine.Open(ctx, engine.File(path, engine.LockTimeout))
	if err != nil {
		return err
	}
	return errors.Join(migrate(ctx, conn, migrations.To(version)), conn.Exec(ctx, mark), conn.Close())
}

// StopIndexer ends the text index's work in the background, so that only IndexRound
// indexes.
func (s *Store) StopIndexer() { s.text.Stop() }

// IndexRound indexes a batch. If it does not prune, it stops where a process
// may be killed.
func (s *Store) IndexRound(ctx context.Context, prune bool) error {
	if prune {
		return s.text.Round(ctx)
	}
	return s.text.Fill(ctx)
}

// Searchable tells whether the index is used for a company's accounts, and the
// queue is empty.
func (s *Store) Searchable(ctx context.Context, companyID int64) (bool, error) {
	queued, err := s.Queued(ctx)
	if err != nil || queued > 0 {
		return false, err
	}
	found := false
	err = s.text.Read(ctx, s.Session, func(_ db.Session, finder records.Finder) error {
		if finder == nil {
			return nil
		}
		f, err := finder.Find(ctx, records.AccountTexts, companyID, []records.Word{{Text: "any"}}, func([]string) bool { return false })
		found = f.IDs.Text != ""
		return err
	})
	return found, err
}

// Queued returns how many entries wait in the queue.
func (s *Store) Queued(ctx context.Context) (n int, err error) {
	err = s.Session.Get(ctx, db.Statement{Thing: "search queue", Text: "SELECT count(*) FROM search_queue WHERE sequence > (SELECT pruned FROM search_state)"}, nil, &n)
	return n, err
}

// Exec runs SQL in a transaction.
func Exec(ctx context.Context, tx store.Tx, text string) error {
	return tx.(*records.Tx).Session.Exec(ctx, db.Statement{Thing: "test", Text: text})
}

// Explain returns SQLite's plans of the statements that a read runs.
func (s *Store) Explain(ctx context.Context, read func(store.Reader) error) (plans []string, err error) {
	err = s.Session.Snapshot(ctx, func(session db.Session) error {
		return read(records.Reader{Session: explained(ctx, session, &plans), Driven: s.Driven, Texts: s.Texts})
	})
	return plans, err
}

// ExplainWrite returns SQLite's plans of the statements that a write runs.
func (s *Store) ExplainWrite(ctx context.Context, write func(context.Context, store.Tx) error) ([]string, error) {
	return explainTx(ctx, s.Write, write)
}

// ExplainLook returns SQLite's plans of the statements by which a write is decided.
func (s *Store) ExplainLook(ctx context.Context, decide func(context.Context, store.Tx) error) ([]string, error) {
	return explainTx(ctx, s.Look, decide)
}

func explainTx(
	ctx context.Context, run func(context.Context, func(context.Context, store.Tx) error) error, fn func(context.Context, store.Tx) error,
) (plans []string, err error) {
	err = run(ctx, func(ctx context.Context, tx store.Tx) error {
		plans = nil // of the try before
		t := *tx.(*records.Tx)
		t.Session = explained(ctx, t.Session, &plans)
		return fn(ctx, &t)
	})
	return plans, err
}

// explained is a session that adds the steps of each statement to the plans.
func explained(ctx context.Context, session db.Session, plans *[]string) db.Session {
	runner := *session.Runner.(*engine.Runner)
	runner.Trace = explainStatements(ctx, session, plans)
	return db.Session{Runner: &runner}
}

// explainStatements adds the steps of each statement to the plans.
func explainStatements(ctx context.Context, session db.Session, plans *[]string) func(string, int) {
	return func(text string, parameters int) {
		st := db.Statement{Thing: "plan", Text: "EXPLAIN QUERY PLAN " + text, Once: true}
		err := session.Each(ctx, st, make([]any, parameters), func(row *db.Row) error {
			var id, parent, unused int
			var step string
			err := row.Scan(&id, &parent, &unused, &step)
			*plans = append(*plans, step)
			return err
		})
		if err != nil {
			*plans = append(*plans, err.Error())
		}
	}
}

// Statements returns how many statements a reader keeps.
func (s *Store) Statements() int { return s.readers.Kept() }

// PagesWritten returns the pages that were written to the log, ever.
func (s *Store) PagesWritten() int64 { return s.writer.PagesWritten() }

// IndexerEnded tells whether the text index has given up.
func (s *Store) IndexerEnded() bool {
	select {
	case <-s.text.Ended():
		return true
	default:
		return false
	}
}

// FindAfter lists and counts accounts after something happens that the snapshot
// does not see, in which it began.
func (s *Store) FindAfter(ctx context.Context, companyID int64, q account.Query, happens func()) (list []account.Account, n int64, err error) {
	err = s.text.Read(ctx, s.Session, func(session db.Session, finder records.Finder) error {
		if finder == nil {
			return errors.New("the index is not used")
		}
		happens()
		r := records.Reader{Session: session, Driven: s.Driven, Texts: seen{s.text, finder}}
		if list, err = r.Accounts(ctx, companyID, q); err == nil {
			n, err = r.CountAccounts(ctx, companyID, q)
		}
		return err
	})
	return list, n, err
}

// seen is an index as it was seen in a snapshot.
type seen struct {
	*textindex.Index
	finder records.Finder
}

func (s seen) Read(_ context.Context, session db.Session, read func(db.Session, records.Finder) error) error {
	return read(session, s.finder)
}
