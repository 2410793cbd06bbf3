package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// BenchmarkUpdate is a PATCH of three members, one of them custom, through the
// whole handler on a real SQLite file.
func BenchmarkUpdate(b *testing.B) {
	for _, writers := range []int{1, 64} {
		b.Run(fmt.Sprintf("writers=%d", writers), func(b *testing.B) {
			f := newFixture(b)
			b.ReportAllocs()
			var next atomic.Int64
			var running sync.WaitGroup
			b.ResetTimer()
			for range writers {
				running.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						body := fmt.Sprintf(`{"title":"Title %d","primaryPhone":"+1415555%04d","custom":{"capacity":%d}}`, n, n%10000, n)
						r := httptest.NewRequest(http.MethodPatch, "/v1/accounts/1", strings.NewReader(body))
						r.Header.Set("Content-Type", "application/json")
						r.Header.Set("x-api-key", writeKey)
						w := httptest.NewRecorder()
						f.handler.ServeHTTP(w, r)
						if w.Code != http.StatusOK {
							b.Errorf("%d %s", w.Code, w.Body)
							return
						}
					}
				})
			}
			running.Wait()
		})
	}
}
