package sqlite_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// addAccounts adds n accounts in transactions of some thousand. Their order in
// lists has nothing to do with that of their ids.
func addAccounts(b *testing.B, s *sqlite.Store, n int, make func(i int) account.Account) (ids []int64) {
	b.Helper()
	for first := 0; first < n; first += 5000 {
		mustWrite(b, s, func(ctx context.Context, tx store.Tx) error {
			for i := first; i < min(first+5000, n); i++ {
				a := make(i)
				a.UpdatedAt = start.Add(time.Duration(i*7919%n) * time.Millisecond)
				if err := tx.InsertAccount(ctx, &a); err != nil {
					return err
				}
				ids = append(ids, a.ID)
			}
			return nil
		})
	}
	return ids
}

// BenchmarkSearchQueued searches for one account while others wait for the index,
// ten more with each search.
func BenchmarkSearchQueued(b *testing.B) {
	const queued = 4000
	path := newPath(b)
	s := open(b, path, sqlite.Limits{})
	company := addCompany(b, s, "Sunrise")
	ids := addAccounts(b, s, benchAccounts, func(i int) account.Account { return searchable(company, i) })
	waitQueue(b, s)
	defer pauseIndexer(b, path)()
	changed := 0
	retitle := func(n int) {
		mustWrite(b, s, func(ctx context.Context, tx store.Tx) error {
			for range n {
				changed++
				a, err := tx.Account(ctx, company, ids[changed*7919%queued])
				if err != nil {
					return err
				}
				a.Title, a.Version = fmt.Sprintf("Changed %d", changed), a.Version+1
				if err := tx.UpdateAccount(ctx, a, patch.Changes{"title": {}}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	retitle(queued)
	q := where(query.Condition{Member: query.MemberText, Contains: "owner12345@"})
	q.Page.Limit = 20
	var took []float64
	for b.Loop() {
		retitle(10)
		took = append(took, micros(b, func() error { _, err := s.Accounts(b.Context(), company, q); return err }))
	}
	slices.Sort(took)
	b.ReportMetric(median(took), "p50-µs")
	b.ReportMetric(took[len(took)*99/100], "p99-µs")
}

// BenchmarkSearchProperty searches by properties of which there is no index, and
// by one of which there is.
func BenchmarkSearchProperty(b *testing.B) {
	const accounts = 100_000
	s := open(b, newPath(b), sqlite.Limits{NoText: true})
	company := addCompany(b, s, "Sunrise")
	indexed := schema.Property{CompanyID: company, Key: "stage", Type: schema.Dropdown, Index: schema.IndexReady}
	mustWrite(b, s, func(ctx context.Context, tx store.Tx) error { return tx.InsertProperty(ctx, &indexed) })
	ids := addAccounts(b, s, accounts, func(i int) account.Account {
		a := searchable(company, i)
		a.Custom = account.Custom{"capacity": json.Number("12.50"), "remarks": fmt.Sprintf("Remark %d of no length to speak of", i), "roof_type": "Tile", "tags": []any{"Gold", "Silver"}}
		return a
	})
	for _, each := range []int{9, 90} {
		mustWrite(b, s, func(ctx context.Context, tx store.Tx) error {
			for i := 0; i < accounts; i += each {
				if err := tx.IndexCustom(ctx, indexed, ids[i], []string{"each 9", fmt.Sprint("each ", each)}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	text := schema.Property{Key: "remarks", Type: schema.Text}
	contains := custom(text, "", "")
	contains.Ranges, contains.Contains = nil, "mark 77777 of"
	for name, c := range map[string]query.Condition{
		"one equal":     custom(text, "remark 77777 of no length to speak of", "remark 77777 of no length to speak of"),
		"one with part": contains,
		"each":          custom(schema.Property{Key: "roof_type", Type: schema.Text}, "tile", "tile"),
		"absent":        custom(schema.Property{Key: "other", Type: schema.Text}, "tile", "tile"),
		"indexed 1111":  custom(indexed, "each 90", "each 90"),
		"indexed 11111": custom(indexed, "each 9", "each 9"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := lists(company, where(c))(b.Context(), s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkBuild tells how many records a second are put into the indexes of
// those that were there before.
func BenchmarkBuild(b *testing.B) {
	path := newPath(b)
	s := open(b, path, sqlite.Limits{NoText: true})
	company := addCompany(b, s, "Sunrise")
	p := schema.Property{CompanyID: company, Key: "stage", Type: schema.Dropdown, Index: schema.IndexBuilding}
	mustWrite(b, s, func(ctx context.Context, tx store.Tx) error { return tx.InsertProperty(ctx, &p) })
	addAccounts(b, s, benchAccounts, func(i int) account.Account {
		a := searchable(company, i)
		a.Custom = account.Custom{"stage": fmt.Sprint("Stage ", i%9)}
		return a
	})
	b.Run("text", func(b *testing.B) {
		for b.Loop() {
			for _, name := range []string{"-search", "-search-wal", "-search-shm"} {
				_ = os.Remove(path + name)
			}
			indexed, err := sqlite.OpenWith(b.Context(), path, sqlite.Limits{})
			if err != nil {
				b.Fatal(err)
			}
			waitFor(b, func() bool { ok, err := indexed.Searchable(b.Context(), company); return ok || err != nil })
			if err := indexed.Close(); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)*benchAccounts/b.Elapsed().Seconds(), "records/s")
	})
	b.Run("property", func(b *testing.B) {
		for b.Loop() {
			for after := int64(0); ; {
				accounts, err := s.AccountsWith(b.Context(), p, after, 500)
				if err != nil {
					b.Fatal(err)
				}
				if len(accounts) == 0 {
					break
				}
				after = accounts[len(accounts)-1].ID
				mustWrite(b, s, func(ctx context.Context, tx store.Tx) error { return tx.IndexAccounts(ctx, p, accountIDs(accounts)) })
			}
			mustWrite(b, s, func(ctx context.Context, tx store.Tx) error { return sqlite.Exec(ctx, tx, "DELETE FROM custom_index") })
		}
		b.ReportMetric(float64(b.N)*benchAccounts/b.Elapsed().Seconds(), "records/s")
	})
}

// BenchmarkDuplicates reads a page of groups, and finds that there are none.
func BenchmarkDuplicates(b *testing.B) {
	const accounts = 100_000
	s := open(b, newPath(b), sqlite.Limits{NoText: true})
	company := addCompany(b, s, "Sunrise")
	addAccounts(b, s, accounts, func(i int) account.Account {
		a := searchable(company, i)
		a.Title, a.Address = fmt.Sprint("Account ", i/2), []string{fmt.Sprint(i, " Elm Street, Springfield")}
		return a
	})
	records := account.NewService(account.NewWriter(store.For(s, func(tx store.Tx) account.Tx { return tx }), time.Now, "")).Records
	actor := identity.Actor{CompanyID: company}
	for name, reason := range map[string]account.DuplicateReason{"page": account.DuplicateTitle, "none": account.DuplicateAddress} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := records.Duplicates(b.Context(), actor, account.DuplicatesQuery{Reason: reason, Limit: 21}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
