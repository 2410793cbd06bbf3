package storetest

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

var errInVain = errors.New("written in vain")

func (f *fixture) addHistory(t *testing.T, companyID, accountID int64) account.HistoryEntry {
	t.Helper()
	e := account.HistoryEntry{CompanyID: companyID, AccountID: accountID, Kind: account.ChangeUpdated, At: start, Fields: patch.Changes{}}
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.AddHistory(ctx, &e) })
	return e
}

func testChanges(t *testing.T, f *fixture) {
	var of1, all []account.HistoryEntry
	for i := range 6 {
		f.addHistory(t, f.other.ID, 1) // the other company's account of the same id
		e := f.addHistory(t, f.company.ID, int64(1+i%2))
		if all = append(all, e); i%2 == 0 {
			of1 = append(of1, e)
		}
	}
	for _, c := range []struct {
		company, after int64
		limit          int
		want           []account.HistoryEntry
	}{
		{f.company.ID, 0, 10, all},
		{f.company.ID, 0, 2, all[:2]},
		{f.company.ID, all[1].Sequence, 2, all[2:4]},
		{f.company.ID, all[5].Sequence, 2, []account.HistoryEntry{}},
		{f.other.ID + 1_000_000, 0, 2, []account.HistoryEntry{}},
	} {
		got, err := f.store.Changes(t.Context(), c.company, c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
	for company, want := range map[int64]int64{f.company.ID: all[5].Sequence, f.other.ID + 1_000_000: 0} {
		if last, err := f.store.LastChange(t.Context(), company); err != nil || last != want {
			t.Errorf("LastChange: %d, %v, want %d", last, err, want)
		}
	}
	slices.Reverse(of1)
	for _, c := range []struct {
		before int64
		limit  int
		want   []account.HistoryEntry
	}{
		{0, 10, of1},
		{0, 2, of1[:2]},
		{of1[0].Sequence, 10, of1[1:]},
		{of1[0].Sequence + 1, 1, of1[:1]},
		{of1[2].Sequence, 10, []account.HistoryEntry{}},
	} {
		got, err := f.store.History(t.Context(), f.company.ID, 1, c.before, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
	t.Run("a follower misses nothing", f.testFollower)
}

// testFollower reads the feed while many write, some of them long, some in
// vain, and expects every entry once.
func (f *fixture) testFollower(t *testing.T) {
	const writers, rounds = 8, 20
	first := f.addHistory(t, f.company.ID, 1).Sequence
	wrote := make(chan error, 1)
	go func() { wrote <- f.writeHistory(t.Context(), writers, rounds) }()
	seen, done := map[int64]bool{}, false
	for after := first; ; {
		entries, err := f.store.Changes(t.Context(), f.company.ID, after, 7)
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) == 0 && done {
			break
		}
		for _, e := range entries {
			if e.Sequence <= after {
				t.Fatalf("sequence %d follows %d", e.Sequence, after)
			}
			after = e.Sequence
			seen[e.AccountID] = true
		}
		select {
		case err := <-wrote:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		default:
		}
	}
	if len(seen) != writers*rounds {
		t.Errorf("the follower saw %d changes, want %d", len(seen), writers*rounds)
	}
}

// writeHistory adds entries of as many accounts, each in two writes, one of
// which fails.
func (f *fixture) writeHistory(ctx context.Context, writers, rounds int) error {
	errs := make(chan error, writers)
	for i := range writers {
		go func() {
			var failed error
			for round := range rounds {
				for _, end := range []error{errInVain, nil} {
					err := f.store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
						e := account.HistoryEntry{CompanyID: f.company.ID, AccountID: int64(100 + i*rounds + round), Kind: account.ChangeUpdated, At: start}
						if err := tx.AddHistory(ctx, &e); err != nil {
							return err
						}
						return end
					})
					if !errors.Is(err, end) {
						failed = err
					}
				}
			}
			errs <- failed
		}()
	}
	var failed error
	for range writers {
		if err := <-errs; err != nil {
			failed = err
		}
	}
	return failed
}
