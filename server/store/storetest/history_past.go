package storetest

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

// testPast reads what was done to accounts since a time, and to one by its versions.
func testPast(t *testing.T, f *fixture) {
	var all []account.HistoryEntry
	for i := range 8 { // the accounts 3 and 2 by turns, a second each, and between them the other company's
		for _, company := range []int64{f.other.ID, f.company.ID} {
			e := account.HistoryEntry{
				CompanyID: company, AccountID: int64(3 - i%2), Kind: account.ChangeUpdated, Version: int64(1 + i/2),
				At: start.Add(time.Duration(i) * time.Second), Fields: patch.Changes{},
			}
			f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.AddHistory(ctx, &e) })
			if company == f.company.ID {
				all = append(all, e)
			}
		}
	}
	for _, c := range []struct {
		after, last, limit int64
		since              time.Time
		want               []account.HistoryEntry
	}{
		{0, math.MaxInt64, math.MaxInt64, time.Time{}, []account.HistoryEntry{all[1], all[3], all[5], all[7], all[0], all[2], all[4], all[6]}},
		{0, math.MaxInt64, 5, start.Add(time.Second), []account.HistoryEntry{all[3], all[5], all[7], all[2], all[4]}},
		{2, 3, 9, start.Add(3 * time.Second), []account.HistoryEntry{all[4], all[6]}},
		{1, 2, 9, start.Add(5*time.Second - time.Millisecond), []account.HistoryEntry{all[5], all[7]}},
		{0, 9, 9, start.Add(7 * time.Second), nil},
		{3, 9, 9, time.Time{}, nil},
	} {
		var got []account.HistoryEntry
		err := f.store.EachChangeSince(t.Context(), f.company.ID, c.after, c.last, c.since, c.limit, func(e account.HistoryEntry) error {
			got = append(got, e)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
	failure, seen := errors.New("enough"), 0
	err := f.store.EachChangeSince(t.Context(), f.company.ID, 0, 9, time.Time{}, 9, func(account.HistoryEntry) error { seen++; return failure })
	if !errors.Is(err, failure) || seen != 1 {
		t.Errorf("%v after %d", err, seen)
	}
	got, err := f.store.ChangeOfVersion(t.Context(), f.company.ID, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, all[5])
	for _, c := range [][3]int64{{f.company.ID, 2, 5}, {f.company.ID, 1, 1}, {f.company.ID + 1_000_000, 2, 3}} {
		_, err := f.store.ChangeOfVersion(t.Context(), c[0], c[1], c[2])
		wantKind(t, err, fault.KindNotFound)
	}
}
