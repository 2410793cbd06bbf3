package sqlite_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

const benchAccounts = 20_000

// BenchmarkUpdate compares commits of many updates with commits of one each,
// in turns, since disks have moods.
func BenchmarkUpdate(b *testing.B) {
	grouped := newLoad(b, open(b, newPath(b), sqlite.Limits{}), benchAccounts, "none")
	single := newLoad(b, open(b, newPath(b), sqlite.Limits{Batch: 1}), benchAccounts, "none")
	for _, writers := range []int{1, 16, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			const turn = 256
			var forGrouped, forSingle time.Duration
			for left := b.N; left > 0; left -= turn {
				n := min(left, turn)
				forGrouped += grouped.time(b, writers, n)
				b.StopTimer()
				forSingle += single.time(b, writers, n)
				b.StartTimer()
			}
			b.ReportMetric(float64(b.N)/forGrouped.Seconds(), "grouped/s")
			b.ReportMetric(float64(b.N)/forSingle.Seconds(), "single/s")
			b.ReportMetric(forSingle.Seconds()/forGrouped.Seconds(), "ratio")
		})
	}
}

// time returns how long n updates by the writers take.
func (l *load) time(b *testing.B, writers, n int) time.Duration {
	begin := time.Now()
	var group sync.WaitGroup
	for i := range writers {
		group.Go(func() {
			for range (n + i) / writers {
				if err := l.update(b.Context()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	group.Wait()
	return time.Since(begin)
}

// BenchmarkLog tells how large the log grows with the real limits, with
// readers, for as long as -benchtime says.
func BenchmarkLog(b *testing.B) {
	path := newPath(b)
	s := open(b, path, sqlite.Limits{})
	l := newLoad(b, s, benchAccounts, "none")
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
		largest := l.run(ctx, b, path, 64, 4)
		cancel()
		b.ReportMetric(float64(largest)/(1<<20), "largest-MB")
		b.ReportMetric(float64(s.PagesWritten()*walFrame)/(1<<20), "written-MB")
		b.ReportMetric(float64(l.updates.Load())/b.Elapsed().Seconds(), "updates/s")
	}
}

// BenchmarkList reads pages of 20 in the ways of which there are plans.
func BenchmarkList(b *testing.B) {
	l := newLoad(b, open(b, newPath(b), sqlite.Limits{}), benchAccounts, "none")
	text := func(member query.Member, value string) query.Condition { return ranges(member, value, value) }
	for name, q := range map[string]account.Query{
		"all":       {},
		"offset":    {Page: query.Page{Offset: benchAccounts / 2}},
		"after":     {Page: query.Page{After: &query.Cursor{UpdatedAt: start, ID: l.ids[benchAccounts/2]}}},
		"by index":  where(text(account.MemberTitle, "account 77"), ranges(account.MemberValue, 1.0, nil)),
		"in order":  where(text(account.MemberType, "COMMERCIAL"), ranges(account.MemberTitle, "a", nil)),
		"with rest": where(custom(schema.Property{Key: "roof_type", Type: schema.Text}, "tile", "tile")),
		"not found": where(custom(schema.Property{Key: "roof_type", Type: schema.Text}, "slate", "slate")),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if err := lists(l.company, q)(b.Context(), l.store); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAccount reads accounts with two contacts and two users each.
func BenchmarkAccount(b *testing.B) {
	l := newLoad(b, open(b, newPath(b), sqlite.Limits{}), benchAccounts, "none")
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := l.store.Account(b.Context(), l.company, l.id()); err != nil {
				b.Error(err)
			}
		}
	})
}
