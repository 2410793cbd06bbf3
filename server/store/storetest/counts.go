package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

var countTests = tests{
	"Sequences": testSequences,
	"Numbers":   testNumbers,
}

var errUndone = errors.New("this part is undone")

// The entries of a company have sequences without a gap, however many a transaction
// adds, and whatever is undone or is another company's.
func testSequences(t *testing.T, f *fixture) {
	add := func(ctx context.Context, tx store.Tx, companyID int64, n int) error {
		for range n {
			if err := tx.AddHistory(ctx, &account.HistoryEntry{CompanyID: companyID, AccountID: 1, Kind: account.ChangeUpdated, At: start}); err != nil {
				return err
			}
		}
		return nil
	}
	before, err := f.store.LastChange(t.Context(), f.company.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 3, 100} {
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			err := tx.Isolate(ctx, func(ctx context.Context) error { return errors.Join(add(ctx, tx, f.company.ID, n), errUndone) })
			if !errors.Is(err, errUndone) {
				return err
			}
			if err := errors.Join(add(ctx, tx, f.company.ID, n), add(ctx, tx, f.other.ID, 2)); err != nil {
				return err
			}
			last, err := tx.LastChange(ctx, f.company.ID)
			if want := before + int64(n); err == nil && last != want {
				t.Errorf("the transaction sees %d entries, want %d", last, want)
			}
			return err
		})
		before += int64(n)
		_ = f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			return errors.Join(add(ctx, tx, f.company.ID, n), errUndone)
		})
		last, err := f.store.LastChange(t.Context(), f.company.ID)
		if err != nil || last != before {
			t.Errorf("after %d entries: the last one is %d, %v, want %d", n, last, err, before)
		}
	}
	entries, err := f.store.Changes(t.Context(), f.company.ID, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if e.Sequence != int64(i+1) {
			t.Fatalf("entry %d has the sequence %d", i+1, e.Sequence)
		}
	}
}

// Accounts have numbers one after the other, past those that are taken, whatever is
// undone.
func testNumbers(t *testing.T, f *fixture) {
	taken := f.newAccount("Taken")
	taken.Number = 4
	f.addAccount(t, taken)
	insert := func(ctx context.Context, tx store.Tx, want int64) error {
		a := f.newAccount("Any")
		err := tx.InsertAccount(ctx, &a)
		if err == nil && a.Number != want {
			t.Errorf("got the number %d, want %d", a.Number, want)
		}
		return err
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		if err := insert(ctx, tx, 1); err != nil {
			return err
		}
		err := tx.Isolate(ctx, func(ctx context.Context) error { return errors.Join(insert(ctx, tx, 2), errUndone) })
		if !errors.Is(err, errUndone) {
			return err
		}
		return errors.Join(insert(ctx, tx, 2), insert(ctx, tx, 3), insert(ctx, tx, 5))
	})
	f.write(t, func(ctx context.Context, tx store.Tx) error { return insert(ctx, tx, 6) })
	t.Run("between others", func(t *testing.T) { f.testNumbersBetween(t, insert) })
	t.Run("found free", f.testFreeNumber)
}

// Numbers that are given by hand in the same transaction are passed as well.
func (f *fixture) testNumbersBetween(t *testing.T, insert func(ctx context.Context, tx store.Tx, want int64) error) {
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		chosen := f.newAccount("Chosen")
		chosen.Number = 9
		err := errors.Join(insert(ctx, tx, 7), insert(ctx, tx, 8), tx.InsertAccount(ctx, &chosen), insert(ctx, tx, 10), insert(ctx, tx, 11))
		chosen.Number, chosen.Version = 12, chosen.Version+1
		change := patch.Changes{string(account.MemberNumber): {Before: int64(9), After: int64(12)}}
		return errors.Join(err, tx.UpdateAccount(ctx, chosen, change), insert(ctx, tx, 13), insert(ctx, tx, 14))
	})
}

// A number that a transaction has found to be free is so once, and what is undone is not
// remembered.
func (f *fixture) testFreeNumber(t *testing.T) {
	holder := f.newAccount("Holder")
	holder.Number = 100
	holder = f.addAccount(t, holder)
	numbered := func(number int64) account.Account {
		a := f.newAccount("Numbered")
		a.Number = number
		return a
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		if owner, err := tx.NumberOwner(ctx, f.company.ID, 200); err != nil || owner != 0 {
			t.Errorf("before: %d %v", owner, err)
		}
		first, second, third := numbered(200), numbered(200), numbered(100)
		if err := tx.InsertAccount(ctx, &first); err != nil {
			return err
		}
		wantKind(t, tx.InsertAccount(ctx, &second), fault.KindConflict)
		if owner, err := tx.NumberOwner(ctx, f.company.ID, 200); err != nil || owner != first.ID {
			t.Errorf("after: %d %v, want %d", owner, err, first.ID)
		}
		err := tx.Isolate(ctx, func(ctx context.Context) error {
			err := tx.DeleteAccount(ctx, f.company.ID, holder.ID)
			owner, failed := tx.NumberOwner(ctx, f.company.ID, 100)
			if owner != 0 {
				t.Errorf("deleted: %d", owner)
			}
			return errors.Join(err, failed, errUndone)
		})
		if !errors.Is(err, errUndone) {
			return err
		}
		wantKind(t, tx.InsertAccount(ctx, &third), fault.KindConflict)
		return nil
	})
}
