package storetest

import (
	"context"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

// historyTests are the tests of history.
var historyTests = tests{
	"History": testHistory,
	"Changes": testChanges,
	"Past":    testPast,
}

func testHistory(t *testing.T, f *fixture) {
	a := f.addAccount(t, f.newAccount("Watched"))
	noise := f.addAccount(t, f.newAccount("Noise"))
	want := []account.HistoryEntry{
		{
			Kind: account.ChangeUpdated, Version: 2, At: start.Add(time.Millisecond), UserID: f.ada.ID, KeyID: 12, Email: "ada@sunrise.example",
			Reason: "told \ue0000 by \"phone\" 🏠",
			Cause:  &account.Cause{Kind: account.CauseUndelete, Sequence: math.MaxInt64, CreatedAt: new(start), CreatedBy: 7},
			Fields: patch.Changes{
				"title":        {Before: "Wätched", After: nil},
				"isActive":     {Before: true, After: false},
				"number":       {Before: json.Number("1"), After: json.Number("9007199254740991")},
				"custom.price": {Before: json.Number("1.10"), After: []any{json.Number("1e2"), "x"}},
				"contacts":     {Before: []any{}, After: []any{json.Number("3"), json.Number("1")}},
			},
		},
		{Kind: account.ChangeCreated, Version: 1, At: start, Fields: patch.Changes{}},
	}
	var last int64
	for i := len(want) - 1; i >= 0; i-- {
		e := &want[i]
		e.CompanyID, e.AccountID = f.company.ID, a.ID
		other := account.HistoryEntry{CompanyID: f.company.ID, AccountID: noise.ID, Kind: account.ChangeCreated, At: start}
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			if err := tx.AddHistory(ctx, e); err != nil {
				return err
			}
			return tx.AddHistory(ctx, &other)
		})
		if e.Sequence <= last || other.Sequence <= e.Sequence {
			t.Errorf("sequences %d, %d, %d do not grow", last, e.Sequence, other.Sequence)
		}
		last = other.Sequence
	}
	for _, c := range []struct {
		company, account int64
		want             []account.HistoryEntry
	}{
		{f.company.ID, a.ID, want},
		{f.other.ID, a.ID, []account.HistoryEntry{}},
		{f.company.ID, a.ID + 1_000_000, []account.HistoryEntry{}},
	} {
		got, err := f.store.History(t.Context(), c.company, c.account, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
}
