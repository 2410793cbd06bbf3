package sqlite_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// BenchmarkRow reads and writes one row after the other, by one caller, and the
// writes in one transaction: what remains is the statements.
func BenchmarkRow(b *testing.B) {
	s := open(b, newPath(b), sqlite.Limits{NoText: true})
	l := newLoad(b, s, benchAccounts, "none")
	b.Run("bare account", func(b *testing.B) {
		a := newAccount(l.company, "Bare")
		mustWrite(b, s, func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Account(b.Context(), l.company, a.ID); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("account", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Account(b.Context(), l.company, l.id()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("update", func(b *testing.B) {
		a, err := s.Account(b.Context(), l.company, l.ids[0])
		if err != nil {
			b.Fatal(err)
		}
		changes := patch.Changes{"isActive": {}, "primaryPhone": {}, "custom.capacity": {}}
		versions := make(map[int64]int64)
		benchWrites(b, s, func(ctx context.Context, tx store.Tx, _ int) error {
			a.ID = l.id()
			versions[a.ID]++
			a.Version = 1 + versions[a.ID]
			return tx.UpdateAccount(ctx, a, changes)
		})
	})
	b.Run("history", func(b *testing.B) {
		entry := account.HistoryEntry{
			CompanyID: l.company, AccountID: l.ids[0], Kind: account.ChangeUpdated, At: start, UserID: l.user.ID, Email: l.user.Email,
			Fields: patch.Changes{"custom.capacity": {Before: json.Number("12.50"), After: json.Number("13")}},
		}
		benchWrites(b, s, func(ctx context.Context, tx store.Tx, i int) error {
			entry.Version = int64(i)
			return tx.AddHistory(ctx, &entry)
		})
	})
}

// benchWrites runs a write again and again in one transaction.
func benchWrites(b *testing.B, s *sqlite.Store, write func(context.Context, store.Tx, int) error) {
	b.Helper()
	b.ReportAllocs()
	err := s.Write(b.Context(), func(ctx context.Context, tx store.Tx) error {
		for i := 0; b.Loop(); i++ {
			if err := write(ctx, tx, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}
