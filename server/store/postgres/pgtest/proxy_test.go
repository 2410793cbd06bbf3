package pgtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// Many clients share the few sessions of PgBouncer.
func TestPgBouncer(t *testing.T) {
	t.Parallel()
	c := pgtest.New(t, pgtest.Options{})
	newTable(t, c)
	url := pgtest.PgBouncer(t, c.URL("postgres")) + "&default_query_exec_mode=exec"
	clients := make([]*pgx.Conn, 100)
	for i := range clients {
		clients[i] = connect(t, url)
	}
	var wait sync.WaitGroup
	for i, client := range clients {
		wait.Go(func() {
			if _, err := client.Exec(t.Context(), "INSERT INTO kept VALUES ($1)", 2+i); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if got := rows(t, c); got != 101 {
		t.Errorf("%d rows", got)
	}
	sessions := ask[int](t, c.URL("postgres"), "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'")
	if sessions > 21 {
		t.Errorf("100 clients of PgBouncer have %d sessions", sessions)
	}
}

// backend is a server that tells its name and whether it is ready.
type backend struct {
	*httptest.Server
	ready atomic.Bool
}

func newBackend(t *testing.T, name string) *backend {
	t.Helper()
	b := &backend{}
	b.ready.Store(true)
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/readyz" && !b.ready.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		fmt.Fprint(w, name)
	}))
	t.Cleanup(b.Close)
	return b
}

func (b *backend) addr() string { return strings.TrimPrefix(b.URL, "http://") }

// get makes a number of calls, all of which must succeed, and returns how many
// of them each server answered.
func get(t *testing.T, url string, calls int) map[string]int {
	t.Helper()
	answers := make(map[string]int)
	for range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader("{}"))
		must(t, err)
		resp, err := http.DefaultClient.Do(req)
		must(t, err)
		name := make([]byte, 10)
		n, _ := resp.Body.Read(name)
		must(t, resp.Body.Close())
		if resp.StatusCode != http.StatusOK {
			t.Fatalf("a call is answered %s", resp.Status)
		}
		answers[string(name[:n])]++
	}
	return answers
}

// With the configuration that is handed out, no call is lost when a server shuts
// down or dies.
func TestHAProxy(t *testing.T) {
	t.Parallel()
	config, err := os.ReadFile("../../../../docs/haproxy.cfg")
	must(t, err)
	first, second := newBackend(t, "first"), newBackend(t, "second")
	url := pgtest.HAProxy(t, string(config), first.addr(), second.addr())
	if answers := get(t, url, 20); answers["first"] == 0 || answers["second"] == 0 {
		t.Errorf("not every server has got calls: %v", answers)
	}
	first.ready.Store(false)
	eventually(t, "a server that is not ready gets no calls", func() bool { return get(t, url, 10)["first"] == 0 })
	first.ready.Store(true)
	eventually(t, "one that is ready again gets some", func() bool { return get(t, url, 10)["first"] > 0 })
	second.Close()
	if answers := get(t, url, 20); answers["first"] != 20 {
		t.Errorf("after a server has died: %v", answers)
	}
}
