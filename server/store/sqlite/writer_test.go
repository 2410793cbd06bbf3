package sqlite_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

func TestBatchIsolatesFailures(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	failure := errors.New("changed my mind")
	after := func(i int, end func() error) func(ctx context.Context, tx store.Tx) error {
		return func(ctx context.Context, tx store.Tx) error {
			if err := insert(company, title(i))(ctx, tx); err != nil {
				return err
			}
			return end()
		}
	}
	errs := batch(t, s,
		insert(company, title(0)),
		after(1, func() error { return failure }),
		insert(company, title(2)),
		after(3, func() error { panic("at the worst moment") }),
		insert(company, title(4)),
	)
	wantErrors(t, errs, false, true, false, true, false)
	for i := range errs {
		if has(t, s, company, title(i)) != (errs[i] == nil) {
			t.Errorf("account %d is there though its write answered %v, or the other way round", i, errs[i])
		}
	}
	if !errors.Is(errs[1], failure) {
		t.Errorf("got %v, want fn's own error", errs[1])
	}
	wantKind(t, errs[3], fault.KindInternal)
	if text := errs[3].Error(); !strings.Contains(text, "at the worst moment") || !strings.Contains(text, "writer_test.go") {
		t.Errorf("the panic's error tells neither what nor where: %v", text)
	}
}

// A cancelled statement would make SQLite roll back the whole transaction.
func TestCancellationInBatch(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	cancelled, cancel := context.WithCancel(t.Context())
	errs := batch(t, s,
		insert(company, title(0)),
		func(_ context.Context, tx store.Tx) error {
			cancel()
			return insert(company, title(1))(cancelled, tx)
		},
		func(ctx context.Context, tx store.Tx) error {
			// It ends while the statement runs.
			ctx, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
			defer cancel()
			return sqlite.Exec(ctx, tx, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT max(i) FROM n`)
		},
		insert(company, title(3)),
	)
	wantErrors(t, errs, false, false, false, false)
	for _, i := range []int{0, 1, 3} {
		if !has(t, s, company, title(i)) {
			t.Errorf("account %d is lost", i)
		}
	}
}

func TestCancellationWhileWaiting(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	ctx, cancel := context.WithCancel(t.Context())
	answers := make(chan error, 1)
	errs := batch(t, s,
		insert(company, title(0)),
		func(context.Context, store.Tx) error {
			go func() { answers <- s.Write(ctx, insert(company, title(9))) }()
			waitFor(t, func() bool { return s.Waiting() > 0 })
			cancel()
			if err := <-answers; !errors.Is(err, context.Canceled) {
				t.Errorf("a waiting write answered %v, want a cancellation", err)
			}
			return nil
		},
	)
	wantErrors(t, errs, false, false)
	if !has(t, s, company, title(0)) || has(t, s, company, title(9)) {
		t.Error("the cancelled write was done, or its neighbour was not")
	}
}

// When the transaction itself fails, all of its writes do, and the next one
// finds the connection clean.
func TestTransactionFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sql  []string
		kind fault.Kind
	}{
		"commit":   {[]string{"PRAGMA defer_foreign_keys = 1", "INSERT INTO property_options VALUES (1, 99, 0, 'x', 'x')"}, fault.KindInternal},
		"rollback": {[]string{"ROLLBACK"}, fault.KindInternal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, newFile(t), sqlite.Limits{})
			company := addCompany(t, s, "Sunrise")
			errs := batch(t, s,
				insert(company, title(0)),
				func(ctx context.Context, tx store.Tx) error {
					var err error
					for _, sql := range c.sql {
						err = errors.Join(err, sqlite.Exec(ctx, tx, sql))
					}
					return err
				},
			)
			for i, err := range errs {
				wantKind(t, err, c.kind)
				if has(t, s, company, title(i)) {
					t.Errorf("account %d is stored", i)
				}
			}
			mustWrite(t, s, insert(company, "Afterwards"))
		})
	}
}

func TestDatabaseFull(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	pages := func(n string) {
		mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
			return sqlite.Exec(ctx, tx, "PRAGMA max_page_count = "+n)
		})
	}
	pages("1") // which SQLite takes for the pages there are
	errs := batch(t, s,
		insert(company, title(0)),
		func(ctx context.Context, tx store.Tx) error {
			a := newAccount(company, title(1))
			a.Custom = account.Custom{"large": strings.Repeat("x", 100_000)}
			_ = tx.InsertAccount(ctx, &a) // a caller that does not care
			return nil
		},
	)
	for _, err := range errs {
		if err == nil {
			t.Error("a write was answered that is not stored")
		}
	}
	err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		a := newAccount(company, title(1))
		a.Custom = account.Custom{"large": strings.Repeat("x", 100_000)}
		return tx.InsertAccount(ctx, &a)
	})
	wantKind(t, err, fault.KindUnavailable)
	pages("1000000")
	mustWrite(t, s, insert(company, title(2)))
	if has(t, s, company, title(0)) || !has(t, s, company, title(2)) {
		t.Error("a refused write is there, or an answered one is not")
	}
}

func TestWriteEndsGoroutine(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	errs := batch(t, s, insert(company, title(0)), func(context.Context, store.Tx) error {
		runtime.Goexit()
		return nil
	})
	wantErrors(t, errs, true, true)
	mustWrite(t, s, insert(company, title(1)))
	if has(t, s, company, title(0)) {
		t.Error("a write that was answered with an error is stored")
	}
}

func TestTransactionEnds(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	company := addCompany(t, s, "Sunrise")
	var kept store.Tx
	mustWrite(t, s, func(_ context.Context, tx store.Tx) error {
		kept = tx
		return nil
	})
	if err := insert(company, title(0))(t.Context(), kept); err == nil || has(t, s, company, title(0)) {
		t.Errorf("a transaction was of use after its end: %v", err)
	}
}

// Not parallel, since it counts goroutines.
func TestCloseEndsGoroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	s, err := sqlite.Open(t.Context(), newPath(t))
	if err != nil {
		t.Fatal(err)
	}
	company := addCompany(t, s, "Sunrise")
	started, goOn, answered := make(chan struct{}), make(chan struct{}), make(chan error, 2)
	go func() {
		answered <- s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			close(started)
			<-goOn
			return insert(company, title(0))(ctx, tx)
		})
	}()
	<-started
	go func() { answered <- s.Close() }()
	waitFor(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		err := s.Write(ctx, insert(company, title(1)))
		return fault.KindOf(err) == fault.KindUnavailable
	})
	close(goOn) // only now, so Close has waited for the write
	for range cap(answered) {
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before })
}

func TestReadIsCancelled(t *testing.T) {
	t.Parallel()
	s := open(t, newFile(t), sqlite.Limits{})
	addCompany(t, s, "Sunrise")
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error {
		for range 3000 {
			if err := tx.AddHistory(ctx, &account.HistoryEntry{CompanyID: 1, AccountID: 1, At: start}); err != nil {
				return err
			}
		}
		return nil
	})
	cancelled := 0
	for i := range 100 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*100*time.Microsecond)
		entries, err := s.History(ctx, 1, 1, 0, 3000)
		cancel()
		switch {
		case err == nil && len(entries) != 3000:
			t.Fatalf("got %d entries and no error", len(entries))
		case err != nil && !errors.Is(err, context.DeadlineExceeded):
			t.Fatalf("got %v, want the context's error", err)
		case err != nil:
			cancelled++
		}
	}
	if cancelled == 0 {
		t.Error("no read was cancelled")
	}
}
