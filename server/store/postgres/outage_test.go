package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

const (
	patience = time.Second      // of a caller
	late     = time.Second      // by which an answer may be late on a busy machine
	recovery = 20 * time.Second // in which a database must be used again that is back
)

var now = time.Date(2026, 11, 24, 16, 5, 12, 345e6, time.UTC)

// outage is a store on a cluster of its own, with a company and an account.
type outage struct {
	*pgtest.Cluster
	store   *postgres.Store
	company identity.Company
	account account.Account
}

func newOutage(t *testing.T) *outage {
	t.Helper()
	o := &outage{Cluster: pgtest.New(t, pgtest.Options{Durable: true})}
	o.store = open(t, o.URL("postgres"))
	o.company, o.account = addCompany(t, o.store)
	if err := o.retitle(t.Context(), "At first"); err != nil {
		t.Fatal(err)
	}
	return o
}

// addCompany adds a company with an account.
func addCompany(t *testing.T, s store.Store) (identity.Company, account.Account) {
	t.Helper()
	company := identity.Company{Name: "Sunrise", CreatedAt: now}
	a := account.Account{Version: 1, Title: "Before", Address: []string{"1 Main St"}, Active: true, CreatedAt: now, UpdatedAt: now}
	err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		if err := tx.InsertCompany(ctx, &company); err != nil {
			return err
		}
		a.CompanyID = company.ID
		return tx.InsertAccount(ctx, &a)
	})
	if err != nil {
		t.Fatal(err)
	}
	a, err = s.Account(t.Context(), company.ID, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	return company, a
}

// retitling is a set that gives an account another title, as of its version.
func retitling(a account.Account, title string) *account.WriteSet {
	a.Title, a.Version = title, a.Version+1
	changes := patch.Changes{"title": {After: title}}
	return &account.WriteSet{CompanyID: a.CompanyID, Writes: []account.Write{{
		Account: a, Kind: account.ChangeUpdated, Changes: changes,
		Entry: account.HistoryEntry{CompanyID: a.CompanyID, AccountID: a.ID, Kind: account.ChangeUpdated, Version: a.Version, At: a.UpdatedAt, Fields: changes},
	}}}
}

// reads and writes are calls of a store, by name. The sets expect a version that the
// account never has, so that a commit that comes about writes nothing.
func (o *outage) reads() map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"Ping": o.store.Ping,
		"Account": func(ctx context.Context) error {
			_, err := o.store.Account(ctx, o.company.ID, o.account.ID)
			return err
		},
		"Look": func(ctx context.Context) error {
			return o.store.Look(ctx, func(ctx context.Context, tx store.Tx) error {
				_, err := tx.Account(ctx, o.company.ID, o.account.ID)
				return err
			})
		},
	}
}

func (o *outage) writes() map[string]func(context.Context) error {
	lock := func(ctx context.Context, tx store.Tx) error {
		_, err := tx.AccountForUpdate(ctx, o.company.ID, o.account.ID)
		return err
	}
	return map[string]func(context.Context) error{
		"Write":    func(ctx context.Context) error { return o.store.Write(ctx, lock) },
		"Rehearse": func(ctx context.Context) error { return o.store.Rehearse(ctx, lock) },
		"Commit":   func(ctx context.Context) error { return o.store.Commit(ctx, retitling(o.account, "During")) },
		"Add": func(ctx context.Context) error {
			return o.store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
				a := o.account
				a.Number, a.Title = 0, "During"
				return tx.InsertAccount(ctx, &a)
			})
		},
	}
}

// wantUnavailable makes calls at once that must be refused in time.
func wantUnavailable(t *testing.T, calls map[string]func(context.Context) error) {
	t.Helper()
	var group sync.WaitGroup
	for name, call := range calls {
		for range 3 { // more than there are connections
			group.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				began := time.Now()
				err := call(ctx)
				if err == nil || fault.KindOf(err) != fault.KindUnavailable {
					t.Errorf("%s answers %v", name, err)
				}
				if took := time.Since(began); took > patience+late {
					t.Errorf("%s answers after %s", name, took)
				}
			})
		}
	}
	group.Wait()
}

// wantRecovery waits until all works again, on the store as it is, and checks that
// nothing was written that was refused.
func (o *outage) wantRecovery(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(recovery)
	var err error
	for round := 0; ; round++ {
		if err = o.retitle(t.Context(), fmt.Sprint("After ", round)); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s after it is back: %v", recovery, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	for name, call := range o.reads() {
		if err := call(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, err := o.store.CountAccounts(t.Context(), o.company.ID, account.Query{}); err != nil || n != 1 {
		t.Errorf("%d accounts (%v)", n, err)
	}
	entries, err := o.store.History(t.Context(), o.company.ID, o.account.ID, 0, 100)
	if err != nil || int64(len(entries)) != o.account.Version-1 {
		t.Errorf("version %d has %d entries (%v)", o.account.Version, len(entries), err)
	}
}

// retitle gives the account another title, and reads it.
func (o *outage) retitle(ctx context.Context, title string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := o.store.Commit(ctx, retitling(o.account, title)); err != nil {
		return err
	}
	a, err := o.store.Account(ctx, o.company.ID, o.account.ID)
	if err == nil && a.Title != title {
		err = fmt.Errorf("title %q, want %q", a.Title, title)
	}
	o.account = a
	return err
}

// A database that hangs keeps nobody waiting for longer than the caller would.
func TestDatabaseThatHangs(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	for range 2 {
		before := o.account.Version
		if err := o.Pause(); err != nil {
			t.Fatal(err)
		}
		calls := o.reads()
		for name, call := range o.writes() {
			if name != "Commit" { // It may be carried out later: nobody can know.
				calls[name] = call
			}
		}
		wantUnavailable(t, calls)
		if err := o.Resume(); err != nil {
			t.Fatal(err)
		}
		o.wantRecovery(t)
		if o.account.Version != before+1 {
			t.Errorf("version %d after %d", o.account.Version, before)
		}
	}
}

// Of a commit that a database was sent before it hung, nobody is told that it failed.
func TestCommitThatHangs(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	if err := o.Pause(); err != nil {
		t.Fatal(err)
	}
	calls := map[string]func(context.Context) error{"Commit": o.writes()["Commit"]}
	wantUnavailable(t, calls)
	if err := o.Resume(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(recovery); ; time.Sleep(10 * time.Millisecond) {
		a, err := o.store.Account(t.Context(), o.company.ID, o.account.ID)
		entries, failed := o.store.History(t.Context(), o.company.ID, o.account.ID, 0, 10)
		again, lost := o.store.Account(t.Context(), o.company.ID, o.account.ID)
		if err = errors.Join(err, failed, lost); err == nil && again.Version == a.Version { // It was not carried out between.
			if int64(len(entries)) != a.Version-1 || a.Version > o.account.Version+1 {
				t.Errorf("version %d has %d entries", a.Version, len(entries))
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// A database that is gone is missed at once, and used again when it is back.
func TestDatabaseThatIsGone(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	for range 2 {
		if err := o.Kill(); err != nil {
			t.Fatal(err)
		}
		calls := o.reads()
		maps.Copy(calls, o.writes())
		wantUnavailable(t, calls)
		if err := o.Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.wantRecovery(t)
	}
}

// A database that takes no writes is read meanwhile.
func TestDatabaseThatIsReadOnly(t *testing.T) {
	t.Parallel()
	o := newOutage(t)
	for range 2 {
		if err := o.SetReadOnly(t.Context(), true); err != nil {
			t.Fatal(err)
		}
		wantUnavailable(t, o.writes())
		for name, call := range o.reads() {
			if err := call(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := o.SetReadOnly(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		o.wantRecovery(t)
	}
}
