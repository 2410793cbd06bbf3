package server_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/store"
)

// The benchmarks are of the whole handler on a real SQLite file. What they count
// includes the request and the recorder.

// BenchmarkUpdate is a PATCH of three members, one of them custom: of one
// account for all writers, or of an account for each.
func BenchmarkUpdate(b *testing.B) {
	for _, c := range []struct{ writers, accounts int }{{1, 1}, {64, 1}, {64, 64}} {
		b.Run(fmt.Sprintf("writers=%d/accounts=%d", c.writers, c.accounts), func(b *testing.B) {
			f := newFixture(b)
			ids := f.addAccounts(b, c.accounts)
			b.ReportAllocs()
			var next atomic.Int64
			var running sync.WaitGroup
			b.ResetTimer()
			for writer := range c.writers {
				path := fmt.Sprintf("/v1/accounts/%d", ids[writer%len(ids)])
				running.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						body := fmt.Sprintf(`{"title":"Title %d","primaryPhone":"+1415555%04d","custom":{"capacity":%d}}`, n, n%10000, n)
						f.expectOK(b, http.MethodPatch, path, body)
					}
				})
			}
			running.Wait()
		})
	}
}

// BenchmarkGet is a GET of one account.
func BenchmarkGet(b *testing.B) {
	for _, query := range []string{"", "?include_contacts=true"} {
		b.Run("query="+query, func(b *testing.B) {
			f := newFixture(b)
			for b.Loop() {
				f.expectOK(b, http.MethodGet, "/v1/accounts/1"+query, "")
			}
		})
	}
}

// BenchmarkList is a GET of the default page, of 20 accounts.
func BenchmarkList(b *testing.B) {
	for _, query := range []string{"", "?include_contacts=true"} {
		b.Run("query="+query, func(b *testing.B) {
			f := newFixture(b)
			f.addAccounts(b, 50)
			for b.Loop() {
				f.expectOK(b, http.MethodGet, "/v1/accounts"+query, "")
			}
		})
	}
}

// addAccounts adds accounts like that of the fixture, and returns their ids.
func (f *fixture) addAccounts(b *testing.B, n int) []int64 {
	b.Helper()
	ids := make([]int64, n)
	must(b, f.store.Write(b.Context(), func(ctx context.Context, tx store.Tx) error {
		for i := range ids {
			a := f.newAccount()
			must(b, tx.InsertAccount(ctx, &a))
			ids[i] = a.ID
		}
		return nil
	}))
	return ids
}

// expectOK answers a request that must succeed.
func (f *fixture) expectOK(b *testing.B, method, path, body string) {
	r, err := http.NewRequestWithContext(b.Context(), method, path, strings.NewReader(body))
	must(b, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("x-api-key", writeKey)
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(connection{w}, r)
	if w.Code != http.StatusOK {
		b.Errorf("%d %s", w.Code, w.Body)
	}
}

// connection is a recorder with the deadlines that a connection has.
type connection struct{ *httptest.ResponseRecorder }

// SetReadDeadline does nothing.
func (connection) SetReadDeadline(time.Time) error { return nil }
