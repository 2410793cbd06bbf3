package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
	"github.com/accountsd/accountsd/server/store/storetest"
	"github.com/accountsd/accountsd/server/store/teststore"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, newFile(t), sqlite.Limits{}) })
}

// Several processes may have one file open.
func TestShared(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T) storetest.Opener {
		path := newFile(t)
		return func(t *testing.T) store.Store { return open(t, path, sqlite.Limits{}) }
	})
}

// With one account driven, lists read the company's accounts in order.
func TestStoreInOrder(t *testing.T) {
	t.Parallel()
	storetest.RunLists(t, func(t *testing.T) store.Store { return open(t, newFile(t), sqlite.Limits{Driven: 1}) })
}

func newPath(t testing.TB) string { return filepath.Join(t.TempDir(), "accounts.db") }

// newFile returns a file with the schema and no records.
func newFile(t testing.TB) string {
	t.Helper()
	path := newPath(t)
	if err := teststore.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string, limits sqlite.Limits) *sqlite.Store {
	t.Helper()
	s, err := sqlite.OpenWith(t.Context(), path, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// openFile opens a connection to a file, beside any store's.
func openFile(t testing.TB, path string) *engine.Conn {
	t.Helper()
	conn, err := engine.Open(t.Context(), engine.File(path, engine.LockTimeout))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// execFile runs SQL on a file, which is made if there is none.
func execFile(t testing.TB, path string, scripts ...string) {
	t.Helper()
	err := engine.CreateFile(path)
	if err != nil {
		t.Fatal(err)
	}
	conn := openFile(t, path)
	for _, script := range scripts {
		err = errors.Join(err, conn.Script(t.Context(), script))
	}
	if err := errors.Join(err, conn.Close()); err != nil {
		t.Fatal(err)
	}
}

// queryFile reads the one value of a query on a file.
func queryFile(t testing.TB, path, text string, value any, args ...any) {
	t.Helper()
	conn := openFile(t, path)
	if err := errors.Join(conn.Get(t.Context(), db.Statement{Text: text}, args, value), conn.Close()); err != nil {
		t.Fatal(err)
	}
}

// mustWrite runs fn in a Write that must succeed.
func mustWrite(t testing.TB, s *sqlite.Store, fn func(ctx context.Context, tx store.Tx) error) {
	t.Helper()
	if err := s.Write(t.Context(), fn); err != nil {
		t.Fatalf("write: %v", err)
	}
}

var start = time.Date(2026, 11, 24, 16, 5, 12, 345e6, time.UTC)

// addCompany returns the id of a new company.
func addCompany(t testing.TB, s *sqlite.Store, name string) int64 {
	t.Helper()
	company := identity.Company{Name: name, CreatedAt: start}
	mustWrite(t, s, func(ctx context.Context, tx store.Tx) error { return tx.InsertCompany(ctx, &company) })
	return company.ID
}

func newAccount(companyID int64, title string) account.Account {
	return account.Account{
		CompanyID: companyID, Version: 1, Title: title, Address: []string{"1 Main St"}, Active: true, CreatedAt: start, UpdatedAt: start,
	}
}

// insert returns a write that adds an account.
func insert(companyID int64, title string) func(ctx context.Context, tx store.Tx) error {
	return func(ctx context.Context, tx store.Tx) error {
		a := newAccount(companyID, title)
		return tx.InsertAccount(ctx, &a)
	}
}

func has(t testing.TB, s *sqlite.Store, companyID int64, title string) bool {
	t.Helper()
	_, err := s.FindAccount(t.Context(), companyID, account.MatchTitle, normal.Fold(title))
	if err != nil && !fault.IsNotFound(err) {
		t.Fatal(err)
	}
	return err == nil
}

// batch runs writes that share one transaction, and returns their errors.
func batch(t testing.TB, s *sqlite.Store, fns ...func(ctx context.Context, tx store.Tx) error) []error {
	t.Helper()
	started, goOn := make(chan struct{}), make(chan struct{})
	leader := make(chan error, 1)
	go func() {
		leader <- s.Write(t.Context(), func(context.Context, store.Tx) error {
			close(started)
			<-goOn
			return errors.New("the leader writes nothing")
		})
	}()
	<-started
	answers := make([]chan error, len(fns))
	for i, fn := range fns {
		answers[i] = make(chan error, 1)
		go func() { answers[i] <- s.Write(t.Context(), fn) }()
		waitFor(t, func() bool { return s.Waiting() == i+1 })
	}
	close(goOn)
	errs := make([]error, len(fns))
	for i, answer := range answers {
		errs[i] = <-answer
	}
	<-leader
	return errs
}

func waitFor(t testing.TB, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !condition(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

func wantKind(t testing.TB, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Fatalf("got %v, want an error of kind %d", err, want)
	}
}

func wantErrors(t testing.TB, got []error, want ...bool) {
	t.Helper()
	for i, err := range got {
		if (err != nil) != want[i] {
			t.Errorf("write %d: got %v, want an error: %t", i, err, want[i])
		}
	}
}

// title names the account of the i-th write.
func title(i int) string { return fmt.Sprintf("Account %d", i) }
