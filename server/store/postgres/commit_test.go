package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/write"
)

// lossy is a store behind a cutter.
type lossy struct {
	*cutter
	store  *postgres.Store
	direct *postgres.Store // which sees how it is
	all    []account.Account
}

func newLossy(t *testing.T, accounts int, settings ...string) *lossy {
	t.Helper()
	url := database(t)
	c, through := newCutter(t, url)
	for _, setting := range settings {
		through += "&" + setting
	}
	l := &lossy{cutter: c, store: open(t, through), direct: open(t, url)}
	company, first := addCompany(t, l.direct)
	l.all = append(l.all, first)
	for i := 1; i < accounts; i++ {
		a := first
		a.Number, a.Title, a.CompanyID = 0, fmt.Sprint("Account ", i), company.ID
		err := l.direct.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
		if err != nil {
			t.Fatal(err)
		}
		l.all = append(l.all, a)
	}
	// What is prepared, and the columns, are known from now on.
	for _, a := range l.all {
		if err := l.store.Commit(t.Context(), retitling(a, "At first")); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// titled is how many accounts have a title.
func (l *lossy) titled(t *testing.T, title string) int64 {
	t.Helper()
	same := query.Condition{Member: account.MemberTitle, Ranges: []query.Range{{From: normal.Fold(title), To: normal.Fold(title)}}}
	n, err := l.direct.CountAccounts(t.Context(), l.all[0].CompanyID, account.Query{Filter: query.Filter{Conditions: []query.Condition{same}}})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

var cuts = []cut{cutBefore, cutUnderWay, cutAfter}

// A transaction whose commit is not answered is carried out once: where the database
// has not heard of it, another time.
func TestCommitIsNotAnswered(t *testing.T) {
	t.Parallel()
	l := newLossy(t, 1)
	for round := range 30 {
		when := cuts[round%len(cuts)]
		l.cutNext(when)
		title := fmt.Sprint("Round ", round)
		runs := 0
		err := l.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			runs++
			a := l.all[0]
			a.Number, a.Title = 0, title
			return tx.InsertAccount(ctx, &a)
		})
		if most := map[cut]int{cutBefore: 2, cutUnderWay: 2, cutAfter: 1}; err != nil || runs > most[when] {
			t.Errorf("cut %d: it was run %d times, and answers %v", when, runs, err)
		}
		if n := l.titled(t, title); n != 1 {
			t.Errorf("cut %d: it was carried out %d times", when, n)
		}
	}
	if n := l.cuts.Load(); n != 30 {
		t.Errorf("%d connections were cut", n)
	}
}

// So is each of the sets that were committed together, but for one that is stale.
func TestCommitOfGroupIsNotAnswered(t *testing.T) {
	t.Parallel()
	const accounts = 8
	l := newLossy(t, accounts)
	for round := range 30 {
		when := cuts[round%len(cuts)]
		l.cutNext(when)
		title := fmt.Sprint("Round ", round)
		sets, errs := make([]*account.WriteSet, accounts), make([]error, accounts)
		for i, a := range l.all {
			current, err := l.direct.Account(t.Context(), a.CompanyID, a.ID)
			if err != nil {
				t.Fatal(err)
			}
			if i == accounts-1 {
				current.Version-- // This one is stale.
			}
			sets[i] = retitling(current, title)
		}
		var group sync.WaitGroup
		for i := range sets {
			group.Go(func() { errs[i] = l.store.Commit(t.Context(), sets[i]) })
		}
		group.Wait()
		for i, a := range l.all {
			got, err := l.direct.Account(t.Context(), a.CompanyID, a.ID)
			if err != nil {
				t.Fatal(err)
			}
			isStale := i == accounts-1
			if isStored := got.Title == title; isStored == isStale || errors.Is(errs[i], write.ErrStale) != isStale || errs[i] != nil && !isStale {
				t.Errorf("cut %d: account %d answers %v, and is stored: %t", when, i, errs[i], isStored)
			}
		}
	}
	if n := l.cuts.Load(); n != 30 {
		t.Errorf("%d connections were cut", n)
	}
	l.wantHistory(t)
}

// wantHistory checks that each version of each account has its one entry.
func (l *lossy) wantHistory(t *testing.T) {
	t.Helper()
	for _, a := range l.all {
		now, err := l.direct.Account(t.Context(), a.CompanyID, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		entries, err := l.direct.History(t.Context(), a.CompanyID, a.ID, 0, 1000)
		if err != nil || int64(len(entries)) != now.Version-a.Version {
			t.Errorf("account %d has version %d and %d entries (%v)", a.ID, now.Version, len(entries), err)
		}
	}
}

// Where nobody can find out whether it was carried out, nobody is told that it was
// not. A machine that is gone without a word does not keep the company for long.
func TestCommitIsNotHeardOf(t *testing.T) {
	t.Parallel()
	l := newLossy(t, 1, "idle_in_transaction_session_timeout=2000")
	l.cutNext(cutAndKeepUp)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	began := time.Now()
	err := l.store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		a, err := tx.AccountForUpdate(ctx, l.all[0].CompanyID, l.all[0].ID)
		a.Version++
		a.Title = "Unheard of"
		return errors.Join(err, tx.UpdateAccount(ctx, a, patch.Changes{"title": {}}))
	})
	if err == nil || fault.KindOf(err) != fault.KindUnavailable || time.Since(began) > patience+late {
		t.Errorf("after %s it answers %v", time.Since(began), err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), recovery)
	defer cancel()
	err = l.direct.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		a, err := tx.AccountForUpdate(ctx, l.all[0].CompanyID, l.all[0].ID)
		if a.Title != "At first" {
			t.Errorf("the title is %q", a.Title)
		}
		return err
	})
	if err != nil {
		t.Errorf("another write: %v", err)
	}
}
