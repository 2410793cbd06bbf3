package postgres_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
)

// laggard has a table, and statements about it that are sent late.
type laggard struct {
	*engine.Engine
	add db.Statement // a number, late; one that is there fails
	all db.Statement
}

func newLaggard(t *testing.T) *laggard {
	t.Helper()
	e, err := engine.Open(t.Context(), database(t), few.Config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	if _, err := e.Pool().Exec(t.Context(), "CREATE TABLE marks (mark bigint PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	return &laggard{e,
		db.Statement{Thing: "mark", Late: true, Text: "INSERT INTO marks (mark) VALUES (?)"},
		db.Statement{Thing: "marks", Text: "SELECT mark FROM marks ORDER BY mark"},
	}
}

func (l *laggard) want(t *testing.T, want ...int64) {
	t.Helper()
	got, err := db.Collect(t.Context(), l.Session(), l.all, nil, db.Scan[int64])
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("there are %v, %v, want %v", got, err, want)
	}
}

// A read of the transaction sees what is late, and so does the commit.
func TestLateIsSeen(t *testing.T) {
	t.Parallel()
	l := newLaggard(t)
	err := l.Write(t.Context(), func(ctx context.Context, s db.Session) error {
		for n := range int64(3) {
			if err := s.Exec(ctx, l.add, n); err != nil {
				return err
			}
		}
		seen, err := db.Collect(ctx, s, l.all, nil, db.Scan[int64])
		if len(seen) != 3 {
			t.Errorf("seen: %v", seen)
		}
		_, failed := s.RunAll(ctx, l.add, [][]any{{int64(3)}, {int64(4)}})
		return errors.Join(err, failed)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.want(t, 0, 1, 2, 3, 4)
}

// Many rows of a late statement are added by a few, whatever their number is.
func TestLateRows(t *testing.T) {
	t.Parallel()
	l := newLaggard(t)
	var want []int64
	err := l.Write(t.Context(), func(ctx context.Context, s db.Session) error {
		for _, n := range []int{0, 1, 2, 3, 31, 32, 33, 127} {
			rows := make([][]any, n)
			for i := range rows {
				want = append(want, int64(len(want)))
				rows[i] = []any{want[len(want)-1]}
			}
			if _, err := s.RunAll(ctx, l.add, rows); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	l.want(t, want...)
	kept := db.Statement{Thing: "mark", Late: true, Text: l.add.Text + " ON CONFLICT DO NOTHING"}
	chosen := db.Statement{Thing: "mark", Late: true, Text: "INSERT INTO marks (mark) SELECT CAST(?1 AS bigint) + 1 WHERE CAST(?2 AS bigint) > 0"}
	err = l.Write(t.Context(), func(ctx context.Context, s db.Session) error {
		_, err := s.RunAll(ctx, kept, [][]any{{int64(0)}, {int64(1000)}, {int64(1000)}})
		_, failed := s.RunAll(ctx, chosen, [][]any{{int64(1000), int64(1)}, {int64(1000), int64(0)}})
		return errors.Join(err, failed)
	})
	if err != nil {
		t.Fatal(err)
	}
	l.want(t, append(want, 1000, 1001)...)
}

// A late statement that fails is told by the next one that is waited for, or by the end;
// nothing of the transaction stays.
func TestLateFails(t *testing.T) {
	t.Parallel()
	l := newLaggard(t)
	twice := func(ctx context.Context, s db.Session) {
		for range 2 {
			if err := s.Exec(ctx, l.add, int64(1)); err != nil {
				t.Errorf("it is told at once: %v", err)
			}
		}
	}
	err := l.Write(t.Context(), func(ctx context.Context, s db.Session) error { twice(ctx, s); return nil })
	if !engine.IsTaken(err) {
		t.Errorf("at the end: %v", err)
	}
	l.want(t)
	err = l.Write(t.Context(), func(ctx context.Context, s db.Session) error {
		twice(ctx, s)
		if _, err := db.Collect(ctx, s, l.all, nil, db.Scan[int64]); !engine.IsTaken(err) {
			t.Errorf("a read: %v", err)
		}
		return nil // as of one who goes on
	})
	if err == nil {
		t.Error("the transaction was committed")
	}
	l.want(t)
}

// What fails in a part of a transaction undoes the part only, and what is late in a part
// that is undone is not sent.
func TestLatePart(t *testing.T) {
	t.Parallel()
	l := newLaggard(t)
	exec := func(ctx context.Context, s db.Session, text string) error {
		return s.Exec(ctx, db.Statement{Thing: "savepoint", Text: text})
	}
	err := l.Write(t.Context(), func(ctx context.Context, s db.Session) error {
		err := errors.Join(s.Exec(ctx, l.add, int64(1)), exec(ctx, s, "SAVEPOINT part"), s.Exec(ctx, l.add, int64(1)))
		if failed := s.Flush(ctx); !engine.IsTaken(failed) {
			t.Errorf("the part: %v", failed)
		}
		err = errors.Join(err, exec(ctx, s, "ROLLBACK TO SAVEPOINT part"), s.Exec(ctx, l.add, int64(2)))
		err = errors.Join(err, exec(ctx, s, "SAVEPOINT part"), s.Exec(ctx, l.add, int64(3)), exec(ctx, s, "ROLLBACK TO SAVEPOINT part"))
		return errors.Join(err, s.Exec(ctx, l.add, int64(4)))
	})
	if err != nil {
		t.Fatal(err)
	}
	l.want(t, 1, 2, 4)
}

// No text is kept of an account that was added in a part which was undone.
func TestTextsOfUndonePart(t *testing.T) {
	t.Parallel()
	url := database(t)
	s := open(t, url)
	_, first := addCompany(t, s)
	var kept account.Account
	err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		errUndone := errors.New("undone")
		err := tx.Isolate(ctx, func(ctx context.Context) error {
			gone := first
			gone.Number = 0
			return errors.Join(tx.InsertAccount(ctx, &gone), errUndone)
		})
		if !errors.Is(err, errUndone) {
			return err
		}
		kept = first
		kept.Number = 0
		return tx.InsertAccount(ctx, &kept)
	})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	got, err := pgx.CollectRows(mustQuery(t, conn, "SELECT record_id FROM search_texts WHERE kind = 'accounts' ORDER BY 1"), pgx.RowTo[int64])
	if want := []int64{first.ID, kept.ID}; err != nil || !slices.Equal(got, want) {
		t.Errorf("there are texts of %v, %v, want %v", got, err, want)
	}
}
