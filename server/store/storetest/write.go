package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

// writeTests are the tests of transactions.
var writeTests = tests{
	"Write":        testWrite,
	"Isolate":      testIsolate,
	"Cancellation": testCancellation,
	"Concurrency":  testConcurrency,
	"Close":        testClose,
	"Commit":       testCommit,
	"CommitOwned":  testCommitOwned,
	"Look":         testLook,
	"LongReads":    testLongReads,
	"Rehearse":     testRehearse,
}

// What is rehearsed leaves nothing, and has the ids that the next write gives, however often
// it is rehearsed.
func testRehearse(t *testing.T, f *fixture) {
	var ids [3][]int64
	add := func(to *[]int64) func(ctx context.Context, tx store.Tx) error {
		return func(ctx context.Context, tx store.Tx) error {
			for i := range 3 {
				a := f.newAccount(fmt.Sprint("Rehearsed ", i))
				if err := tx.InsertAccount(ctx, &a); err != nil {
					return err
				}
				*to = append(*to, a.ID)
			}
			return nil
		}
	}
	for i := range 2 {
		if err := f.store.Rehearse(t.Context(), add(&ids[i])); err != nil {
			t.Fatal(err)
		}
		for _, id := range ids[i] {
			_, err := f.store.Account(t.Context(), f.company.ID, id)
			wantKind(t, err, fault.KindNotFound)
		}
	}
	f.write(t, add(&ids[2]))
	equal(t, ids[0], ids[2])
	equal(t, ids[1], ids[2])
}

func (f *fixture) testIsolation(t *testing.T) {
	wrote, looked := make(chan int64), make(chan error, 1)
	go func() {
		_, err := f.store.Account(t.Context(), f.company.ID, <-wrote)
		looked <- err
	}()
	a := f.newAccount("Not yet")
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		if err := tx.InsertAccount(ctx, &a); err != nil {
			return err
		}
		own, err := tx.Account(ctx, f.company.ID, a.ID)
		if err != nil || own.Title != a.Title {
			t.Errorf("the write sees %q, %v of its own", own.Title, err)
		}
		wrote <- a.ID
		if err := <-looked; !fault.IsNotFound(err) {
			t.Errorf("another reader got %v before the commit", err)
		}
		return nil
	})
	if _, err := f.store.Account(t.Context(), f.company.ID, a.ID); err != nil {
		t.Errorf("after the commit: %v", err)
	}
}

func testCancellation(t *testing.T, f *fixture) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	t.Run("before a write", func(t *testing.T) {
		err := f.store.Write(ended, func(context.Context, store.Tx) error {
			t.Error("fn has run")
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want a cancellation", err)
		}
	})
	t.Run("before a read", func(t *testing.T) {
		if _, err := f.store.Account(ended, f.company.ID, 1); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want a cancellation", err)
		}
	})
	t.Run("in a write", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		a := f.newAccount("Either way")
		err := f.store.Write(ctx, func(_ context.Context, tx store.Tx) error {
			cancel()
			return tx.InsertAccount(ctx, &a)
		})
		_, readErr := f.store.FindAccount(t.Context(), f.company.ID, account.MatchTitle, "either way")
		if (err == nil) != (readErr == nil) {
			t.Errorf("the write answered %v, but the read %v", err, readErr)
		}
	})
}

func testConcurrency(t *testing.T, f *fixture) {
	t.Run("no update of one account is lost", func(t *testing.T) {
		a := f.addAccount(t, f.newAccount("Shared"))
		const writers, rounds = 8, 5
		together(t, writers, func(i int) error {
			for round := range rounds {
				err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
					current, err := tx.AccountForUpdate(ctx, f.company.ID, a.ID)
					if err != nil {
						return err
					}
					current.Version++
					member := fmt.Sprintf("member_%d_%d", i, round)
					current.Custom[member] = json.Number("1.0")
					return tx.UpdateAccount(ctx, current, patch.Changes{account.CustomPrefix + member: {}})
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		got, err := f.store.Account(t.Context(), f.company.ID, a.ID)
		if err != nil || got.Version != 1+writers*rounds || len(got.Custom) != writers*rounds {
			t.Errorf("got version %d with %d members, %v, want %d with %d", got.Version, len(got.Custom), err, 1+writers*rounds, writers*rounds)
		}
	})
	t.Run("numbers are assigned once", func(t *testing.T) {
		const writers, each = 8, 5
		numbers := make(chan int64, writers*each)
		together(t, writers, func(int) error {
			for range each {
				a := f.newAccount("Numbered")
				a.CompanyID = f.other.ID
				err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
					a.Number = 0 // fn may run again
					return tx.InsertAccount(ctx, &a)
				})
				if err != nil {
					return err
				}
				numbers <- a.Number
			}
			return nil
		})
		seen := make(map[int64]bool)
		for range writers * each {
			n := <-numbers
			if seen[n] || n < 1 || n > writers*each {
				t.Errorf("number %d is assigned twice or out of turn", n)
			}
			seen[n] = true
		}
	})
	t.Run("a failing write takes no other along", f.testNeighbours)
}

// testNeighbours mixes writes that fail in every way with some that do not.
func (f *fixture) testNeighbours(t *testing.T) {
	failure := errors.New("no")
	together(t, 24, func(i int) error {
		a := f.newAccount(fmt.Sprintf("Neighbour %d", i))
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
			switch i % 4 {
			case 1:
				return failure
			case 2:
				panic("no")
			case 3:
				again := a
				return tx.InsertAccount(ctx, &again) // its number is taken
			}
			return nil
		})
		if (err == nil) != (i%4 == 0) {
			return fmt.Errorf("write %d: %w", i, err)
		}
		_, err = f.store.FindAccount(t.Context(), f.company.ID, account.MatchTitle, normal.Fold(a.Title))
		if (err == nil) != (i%4 == 0) {
			return fmt.Errorf("account of write %d: %w", i, err)
		}
		return nil
	})
}
