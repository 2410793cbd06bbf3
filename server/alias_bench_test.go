package server_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/identity"
)

// BenchmarkAliasCounting compares a PATCH by the alias on two servers over one
// store, one of which counts, in turns. "ratio" is the time with counting by the
// time without; "share" is what counting one call takes of a PATCH, measured
// by itself, since it is far below what a disk's moods do to the ratio.
func BenchmarkAliasCounting(b *testing.B) {
	f := newAliasFixture(b)
	services := server.NewServices(f.store, server.ServiceConfig{Clock: f.clock.Now, Region: "US"})
	without, err := server.New(server.Config{Logger: newLogger(f.log)}, services)
	must(b, err)
	const turn = 32
	var forWith, forWithout time.Duration
	patches := 0
	for b.Loop() {
		forWithout += f.patch(b, without, turn, patches)
		forWith += f.patch(b, f.handler, turn, patches+turn)
		must(b, f.counter.Flush(b.Context(), server.AliasStore(f.store))) // far more often than a server does
		patches += 2 * turn
	}
	const calls = 100_000
	start := time.Now()
	for range calls {
		f.counter.Count(identity.Actor{CompanyID: 1, KeyID: 1}, "PATCH /v1/accounts/{accountId}", "sync/2.4", start, false)
	}
	count := float64(time.Since(start)) / calls
	patch := float64(forWithout) / float64(patches/2)
	b.ReportMetric(float64(forWith)/float64(forWithout), "ratio")
	b.ReportMetric(100*count/patch, "share-%")
	b.ReportMetric(count, "count-ns")
	b.ReportMetric(patch/1e3, "patch-us")
	if share := count / patch; share >= 0.02 {
		b.Errorf("counting takes %.1f %% of a PATCH", 100*share)
	}
}

// patch returns how long n updates by the alias take.
func (f *aliasFixture) patch(b *testing.B, handler http.Handler, n, from int) time.Duration {
	requests := make([]*http.Request, n)
	for i := range requests {
		requests[i] = httptest.NewRequest("PATCH", "/v1/clients/1", strings.NewReader(fmt.Sprintf(`{"title":"Title %d"}`, from+i)))
		requests[i].Header.Set("Content-Type", "application/json")
		requests[i].Header.Set("x-api-key", linKey)
		requests[i].Header.Set("User-Agent", "sync/2.4")
	}
	start := time.Now()
	for _, r := range requests {
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, r)
		if recorder.Code != http.StatusOK {
			b.Fatalf("%d %s", recorder.Code, recorder.Body)
		}
	}
	return time.Since(start)
}
