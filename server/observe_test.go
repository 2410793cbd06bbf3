package server_test

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/metrics"
)

// counted are the metrics of accountsd that are not zero, by name and labels.
func counted(t *testing.T, m *metrics.Metrics) map[string]string {
	t.Helper()
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if recorder.Code != http.StatusOK {
		t.Fatalf("%d %s", recorder.Code, recorder.Body)
	}
	values := make(map[string]string)
	for line := range strings.Lines(recorder.Body.String()) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "} ")
		if ok {
			name += "}"
		} else {
			name, value, _ = strings.Cut(strings.TrimSpace(line), " ")
		}
		if strings.HasPrefix(name, "accountsd_") && value != "0" {
			values[name] = value
		}
	}
	return values
}

// Each request is counted once, under its operation and its status, and what was
// turned away under its reason. What callers think of makes no label.
func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Build{Version: "v1", Commit: "c", Go: "go"})
	f := newFixture(t, func(c *server.Config) { c.Requests, c.RateLimit, c.Clock = m, 3, nil })
	for _, r := range []request{
		{method: "GET", path: "/accounts/1", key: readKey},
		{method: "GET", path: "/accounts/999", key: readKey},
		{method: "PATCH", path: "/accounts/1", key: writeKey, body: `{"title":"Harbor"}`},
		{method: "PATCH", path: "/accounts/1", key: writeKey, body: `{"titel":"Harbor"}`},
		{method: "GET", path: "/clients/1", key: adminKey},
		{method: "GET", path: "/accounts", key: "acc_nobody"},
		{method: "GET", path: "/accounts", key: expiredKey},
	} {
		f.send(t, r)
	}
	for i := range 20 {
		f.serve(t, "GET", fmt.Sprintf("/v1/made/up/%d", i), "")
		f.serve(t, fmt.Sprintf("MADE%d", i), "/v1/accounts", "")
	}
	for range 9 { // 6 at once are free.
		f.serve(t, "GET", "/v1/users/me", "", "x-api-key", linKey)
	}
	f.loginFrom(t, "192.0.2.7", "ada@example.com", "not the password")
	f.serve(t, "GET", "/healthz", "")
	got := counted(t, m)
	for name, want := range map[string]string{
		`accountsd_requests_total{operation="getAccount",status="200"}`:           "2",
		`accountsd_requests_total{operation="getAccount",status="404"}`:           "1",
		`accountsd_requests_total{operation="updateAccount",status="200"}`:        "1",
		`accountsd_requests_total{operation="updateAccount",status="400"}`:        "1",
		`accountsd_requests_total{operation="listAccounts",status="401"}`:         "2",
		`accountsd_requests_total{operation="unmatched",status="404"}`:            "20",
		`accountsd_requests_total{operation="unmatched",status="405"}`:            "20",
		`accountsd_requests_total{operation="/healthz",status="200"}`:             "1",
		`accountsd_request_duration_seconds_count{operation="updateAccount"}`:     "2",
		`accountsd_alias_requests_total`:                                          "1",
		`accountsd_keys_refused_total`:                                            "2",
		`accountsd_logins_refused_total{reason="wrong"}`:                          "1",
		`accountsd_requests_over_limit_total`:                                     "3",
		`accountsd_build_info{commit="c",go_version="go",version="v1"}`:           "1",
		`accountsd_requests_under_way`:                                            "",
		`accountsd_request_duration_seconds_count{operation="unmatched"}`:         "40",
		`accountsd_request_duration_seconds_bucket{operation="/healthz",le="30"}`: "1",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, want %q", name, got[name], want)
		}
	}
	for name := range got {
		if strings.Contains(name, "acc_") || strings.Contains(name, "made") || strings.Contains(name, "example.com") {
			t.Errorf("%s tells what is nobody's to see", name)
		}
	}
}

// A request under way is seen as one, and one that panics is counted as what it is
// answered with.
func TestRequestsUnderWay(t *testing.T) {
	t.Parallel()
	m := metrics.New(metrics.Build{})
	f := newFixture(t, func(c *server.Config) { c.Requests = m })
	seen := ""
	f.services.Ping = nil // /readyz panics
	handler, err := server.New(server.Config{Logger: newLogger(f.log), Requests: m}, f.services)
	must(t, err)
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/readyz", nil))
	reader := readerFunc(func([]byte) (int, error) {
		seen = counted(t, m)["accountsd_requests_under_way"]
		return 0, http.ErrBodyReadAfterClose
	})
	req := httptest.NewRequest(http.MethodPatch, "/v1/accounts/1", reader)
	req.Header.Set("x-api-key", writeKey)
	req.Header.Set("Content-Type", "application/json")
	f.handler.ServeHTTP(httptest.NewRecorder(), req)
	got := counted(t, m)
	if got[`accountsd_requests_total{operation="/readyz",status="500"}`] != "1" {
		t.Errorf("the panic is not counted: %v", got)
	}
	if seen != "1" || got["accountsd_requests_under_way"] != "" {
		t.Errorf("under way: %q, and %q afterwards", seen, got["accountsd_requests_under_way"])
	}
}

type readerFunc func(p []byte) (int, error)

func (r readerFunc) Read(p []byte) (int, error) { return r(p) }

// Metrics cost a request next to nothing. The test is not parallel, since it counts
// what the whole process allocates.
func TestMetricsAreCheap(t *testing.T) {
	allocated := func(options ...func(*server.Config)) float64 {
		f := newFixture(t, options...)
		least := math.Inf(1)
		for range 5 { // What else the process does only adds to it.
			least = min(least, testing.AllocsPerRun(100, func() {
				f.handler.ServeHTTP(httptest.NewRecorder(), f.request(t.Context(), request{method: "GET", path: "/accounts/1", key: readKey}))
			}))
		}
		return least
	}
	without := allocated()
	with := allocated(func(c *server.Config) { c.Requests = metrics.New(metrics.Build{}) })
	t.Logf("%.0f allocations without, %.0f with metrics", without, with)
	if with > without+2 {
		t.Errorf("metrics make a GET allocate %.0f times instead of %.0f", with, without)
	}
}
