package storetest

import (
	"context"
	"errors"
	"testing"

	"github.com/accountsd/accountsd/server/account"
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
}
