package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
)

func TestRateLimitPerSecond(t *testing.T) {
	t.Parallel()
	clock := &clock{now: time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC)}
	f := newFixture(t, func(c *server.Config) { c.RateLimit, c.Clock = 2, clock.Now })
	read := request{method: "GET", path: "/accounts/1"}
	wantLimits := func(a answer, status int, remaining, reset, retry string) {
		t.Helper()
		h := a.Header()
		if a.Code != status || h.Get("X-RateLimit-Limit") != "4" || h.Get("X-RateLimit-Remaining") != remaining ||
			h.Get("X-RateLimit-Reset") != reset || h.Get("Retry-After") != retry {
			t.Errorf("%d %v", a.Code, h)
		}
	}
	wantLimits(f.send(t, read), 200, "3", "1", "")
	f.send(t, read)
	wantLimits(f.send(t, request{method: "GET", path: "/accounts/999"}), 404, "1", "2", "")
	wantLimits(f.send(t, read), 200, "0", "2", "")

	refused := f.send(t, patch(`{"title":"Too much"}`))
	wantLimits(refused, http.StatusTooManyRequests, "0", "2", "1")
	if refused.json["code"] != "RATE_LIMIT_EXCEEDED" {
		t.Errorf("%s", refused.Body)
	}
	checkProblem(t, refused)
	if a, err := f.store.Account(t.Context(), f.company.ID, 1); err != nil || a.Version != 1 {
		t.Errorf("version %d, %v", a.Version, err)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts/1", key: readKey}); a.Code != 200 {
		t.Errorf("another key: %d", a.Code)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts/1", key: noKey}); a.Code != 401 || a.Header().Get("X-RateLimit-Limit") != "" {
		t.Errorf("no key: %d %v", a.Code, a.Header())
	}
	clock.advance(500 * time.Millisecond)
	wantLimits(f.send(t, read), 200, "0", "2", "")
}

func TestRateLimitPerDay(t *testing.T) {
	t.Parallel()
	clock := &clock{now: time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)}
	f := newFixture(t, func(c *server.Config) { c.RateLimit, c.DailyLimit, c.Clock = 100, 2, clock.Now })
	read := request{method: "GET", path: "/accounts/1"}
	f.send(t, read)
	if a := f.send(t, read); a.Code != 200 || a.Header().Get("X-RateLimit-Limit") != "2" || a.Header().Get("X-RateLimit-Remaining") != "0" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	if a := f.send(t, read); a.Code != 429 || !strings.Contains(a.Body.String(), "may send 2 requests per day") || a.Header().Get("Retry-After") != "3600" || a.Header().Get("X-RateLimit-Reset") != "3600" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	clock.advance(time.Hour)
	if a := f.send(t, read); a.Code != 200 {
		t.Errorf("the next day: %d", a.Code)
	}
}

// One request is told as one.
func TestRateLimitOfOne(t *testing.T) {
	t.Parallel()
	clock := &clock{now: time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)}
	f := newFixture(t, func(c *server.Config) { c.DailyLimit, c.Clock = 1, clock.Now })
	f.send(t, request{method: "GET", path: "/accounts/1"})
	if a := f.send(t, request{method: "GET", path: "/accounts/1"}); a.json["detail"] != "this key may send 1 request per day; try again in 3600 s" {
		t.Errorf("%s", a.Body)
	}
}

// What a key may do in a day is the same however many servers there are, and
// whichever of them starts again.
func TestRateLimitPerDayOfSeveralServers(t *testing.T) {
	t.Parallel()
	clock := &clock{now: time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)}
	config := server.Config{RateLimit: 1000, DailyLimit: 250, Clock: clock.Now, Logger: newLogger(io.Discard)}
	f := newFixture(t)
	servers := make([]http.Handler, 3)
	for i := range servers {
		var err error
		servers[i], err = server.New(config, f.services)
		must(t, err)
	}
	passed := 0
	for i := range 300 {
		f.handler = servers[i%3]
		if i%50 == 49 { // One share of what was left at its start is lost.
			var err error
			servers[i%3], err = server.New(config, f.services)
			must(t, err)
		}
		a := f.send(t, request{method: "GET", path: "/accounts/1"})
		if a.Code == http.StatusOK {
			passed++
		} else if a.Code != http.StatusTooManyRequests {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
	if passed > 250 || passed < 240 {
		t.Errorf("%d requests passed of 250", passed)
	}
	clock.advance(time.Hour)
	for range 3 {
		if a := f.send(t, request{method: "GET", path: "/accounts/1"}); a.Code != http.StatusOK {
			t.Errorf("the next day: %d", a.Code)
		}
	}
}

func TestNoRateLimit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if a := f.send(t, request{method: "GET", path: "/accounts/1"}); a.Code != 200 || a.Header().Get("X-RateLimit-Limit") != "" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}
