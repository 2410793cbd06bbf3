package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// BenchmarkSearchUpdate compares updates with the index with those without, in
// turns of a second. Text is what the updates change of it. The ratio is
// the median of the turns', since disks have moods.
func BenchmarkSearchUpdate(b *testing.B) {
	path := newPath(b)
	with := newLoad(b, open(b, path, sqlite.Limits{}), benchAccounts, "none")
	without := newLoad(b, open(b, newPath(b), sqlite.Limits{NoText: true}), benchAccounts, "none")
	for _, text := range []string{"none", "title"} {
		for _, writers := range []int{1, 16, 64} {
			waitQueue(b, with.store)
			b.Run(fmt.Sprintf("text=%s/writers=%d", text, writers), func(b *testing.B) {
				var on, off, ratios []float64
				resume := pauseIndexer(b, path) // or it would catch up in the others' time
				turn := func() {
					resume()
					on = append(on, with.rate(b, writers, text == "title"))
					resume = pauseIndexer(b, path)
				}
				for b.Loop() {
					first := len(on)%2 == 0
					if first {
						turn()
					}
					off = append(off, without.rate(b, writers, text == "title"))
					if !first {
						turn()
					}
					ratios = append(ratios, on[len(on)-1]/off[len(off)-1])
				}
				resume()
				queued, err := with.store.Queued(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(median(on), "with/s")
				b.ReportMetric(median(off), "without/s")
				b.ReportMetric(median(ratios), "ratio")
				b.ReportMetric(float64(queued), "backlog")
			})
		}
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// rate returns how many updates a second the writers do.
func (l *load) rate(b *testing.B, writers int, retitle bool) float64 {
	update := l.update
	if retitle {
		update = l.retitle
	}
	begin, before := time.Now(), l.updates.Load()
	var group sync.WaitGroup
	for range writers {
		group.Go(func() {
			for time.Since(begin) < time.Second {
				if err := update(b.Context()); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	return float64(l.updates.Load()-before) / time.Since(begin).Seconds()
}

// pauseIndexer keeps the indexer from working until resume.
func pauseIndexer(b *testing.B, path string) (resume func()) {
	b.Helper()
	conn, err := engine.Open(b.Context(), engine.File(path+"-search", engine.LockTimeout))
	if err == nil {
		err = conn.Exec(b.Context(), engine.Begin)
	}
	if err != nil {
		b.Fatal(err)
	}
	return func() {
		err := conn.Exec(b.Context(), engine.Rollback)
		if err := errors.Join(err, conn.Close()); err != nil {
			b.Fatal(err)
		}
	}
}

// waitQueue waits until the queue is empty.
func waitQueue(b *testing.B, s *sqlite.Store) {
	b.Helper()
	for {
		n, err := s.Queued(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if n == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// BenchmarkSearch compares searches by the index with such that read the
// company's accounts.
func BenchmarkSearch(b *testing.B) {
	const accounts = 200_000
	path := newPath(b)
	s := open(b, path, sqlite.Limits{})
	company := addCompany(b, s, "Sunrise")
	for first := 0; first < accounts; first += 10_000 {
		mustWrite(b, s, func(ctx context.Context, tx store.Tx) error {
			for i := first; i < first+10_000; i++ {
				a := searchable(company, i)
				if err := tx.InsertAccount(ctx, &a); err != nil {
					return err
				}
			}
			return nil
		})
	}
	begin := time.Now()
	waitQueue(b, s)
	b.Logf("indexed %d accounts in %s", accounts, time.Since(begin))
	scans := open(b, path, sqlite.Limits{NoText: true})
	for name, q := range map[string]account.Query{
		"rare":       where(query.Condition{Member: query.MemberText, Contains: "owner123456@"}),
		"none":       where(query.Condition{Member: query.MemberText, Contains: "no such text"}),
		"title":      where(query.Condition{Member: account.MemberTitle, Contains: "cafe 1234"}),
		"two common": where(query.Condition{Member: query.MemberText, Contains: "harbor"}, query.Condition{Member: query.MemberText, Contains: "solar"}),
		"common":     where(query.Condition{Member: query.MemberText, Contains: "harbor"}),
		"old":        where(query.Condition{Member: query.MemberText, Contains: "before"}),
	} {
		q.Page.Limit = 20
		list := func(s *sqlite.Store) error { _, err := s.Accounts(b.Context(), company, q); return err }
		count := func(s *sqlite.Store) error { _, err := s.CountAccounts(b.Context(), company, q); return err }
		for what, read := range map[string]func(*sqlite.Store) error{"list": list, "count": count} {
			b.Run(name+"/"+what, func(b *testing.B) {
				var index, scan []float64
				for b.Loop() {
					index = append(index, micros(b, func() error { return read(s) }))
					if len(scan)*20 < len(index) { // they may take seconds
						scan = append(scan, micros(b, func() error { return read(scans) }))
					}
				}
				b.ReportMetric(median(index), "index-µs")
				b.ReportMetric(median(scan), "scan-µs")
				b.ReportMetric(median(scan)/median(index), "ratio")
			})
		}
	}
}

// micros returns how many microseconds a read takes.
func micros(b *testing.B, read func() error) float64 {
	begin := time.Now()
	if err := read(); err != nil {
		b.Fatal(err)
	}
	return float64(time.Since(begin).Microseconds())
}

var searchNouns = strings.Fields("Solar Roofing Cleaning Electric Plumbing Heating Market Cafe Bakery Garden Motors Dental Legal Travel Studio Print")

// searchable is an account with the texts that most have. One in ten is of the
// harbor; the first tenth, which are last in a list, were there before.
func searchable(company int64, i int) account.Account {
	a := newAccount(company, fmt.Sprintf("%s %d", searchNouns[i%len(searchNouns)], i))
	description := fmt.Sprintf("Customer since %d, %s and %s.", 1990+i%35, searchNouns[i/3%len(searchNouns)], searchNouns[i/7%len(searchNouns)])
	if i%10 == 3 {
		description += " Near the harbor."
	}
	if i < 20_000 {
		description += " Was with us before."
	}
	email, phone := fmt.Sprintf("owner%d@example.com", i), fmt.Sprintf("+1415%07d", i)
	a.Description, a.PrimaryEmail, a.PrimaryPhone = &description, &email, &phone
	a.Address = []string{fmt.Sprintf("%d Main Street", i%1000), "Springfield"}
	a.UpdatedAt = start.Add(time.Duration(i) * time.Second)
	return a
}
