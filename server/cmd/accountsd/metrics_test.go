package main_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/accountsd/accountsd/server/mail/mailtest"
)

var metricsURL = regexp.MustCompile(`"msg":"showing metrics","at":"(http://[^"]+)"`)

// metricsOf is where a server that was told to shows its metrics.
func metricsOf(t *testing.T, p *process) string {
	t.Helper()
	found := metricsURL.FindStringSubmatch(p.log.String())
	if found == nil {
		t.Fatalf("no metrics are shown:\n%s", p.log)
	}
	return found[1]
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// scrape reads metrics, by name and labels.
func scrape(t *testing.T, url string) map[string]float64 {
	t.Helper()
	status, text := get(t, url)
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, text)
	}
	values := make(map[string]float64)
	for line := range strings.Lines(text) {
		if line[0] == '#' {
			continue
		}
		place := strings.LastIndexByte(strings.TrimSpace(line), ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line)[place+1:], 64)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		values[line[:place]] = value
	}
	return values
}

// What a store does is counted while it does it.
func TestMetrics(t *testing.T) { onEachStore(t, testMetrics) }

func testMetrics(t *testing.T, db string) {
	key := newCompanyIn(t, db)
	p := start(t, serving(t, db, "--metrics-addr", "127.0.0.1:0", "--rate-limit", "0"))
	at := metricsOf(t, p)
	kind := map[bool]string{false: "sqlite", true: "postgresql"}[onPostgres(db)]
	if got := scrape(t, at); got[fmt.Sprintf(`accountsd_database_info{kind="%s",schema="%d"}`, kind, known(db))] != 1 || got["go_goroutines"] == 0 || got["process_resident_memory_bytes"] == 0 {
		t.Errorf("%v", got)
	}
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for n := range 25 { // of one account, so that some miss
				status, body, err := call(t.Context(), "PATCH", p.url+"/v1/accounts/1", key, fmt.Sprintf(`{"value":%d,"title":"Title %d"}`, n, n))
				if err != nil || status != http.StatusOK {
					t.Errorf("%d %v %s", status, err, body)
				}
			}
		})
	}
	writers.Wait()
	got := scrape(t, at)
	if n := got[`accountsd_requests_total{operation="updateAccount",status="200"}`]; n != 200 {
		t.Errorf("%v updates are counted, want 200", n)
	}
	groups, writes := got["accountsd_store_group_writes_count"], got["accountsd_store_group_writes_sum"]
	if groups == 0 || writes < groups || got["accountsd_store_commit_seconds_count"] == 0 || got["accountsd_store_commit_seconds_sum"] == 0 {
		t.Errorf("%v groups of %v writes; %v", groups, writes, got)
	}
	if got["accountsd_store_writes_missed_total"] == 0 {
		t.Errorf("no write of an account that eight write has missed: %v", got)
	}
	for _, name := range []string{"accountsd_store_queue_length", "accountsd_property_index_backlog", "accountsd_text_index_backlog", "accountsd_store_questions_failed_total"} {
		if _, there := got[name]; !there {
			t.Errorf("there is no %s", name)
		}
	}
	mailtest.Eventually(t, "all texts are indexed", func() bool { return scrape(t, at)["accountsd_text_index_backlog"] == 0 })
	if status, _ := get(t, p.url+"/metrics"); status != http.StatusNotFound {
		t.Errorf("metrics are shown to callers of the API: %d", status)
	}
	stopServer(t, p)
}

// A database that is away makes no metric that looks as if all was well.
func TestMetricsWithoutDatabase(t *testing.T) {
	t.Parallel()
	c, db := newCluster(t)
	newCompanyIn(t, db("s3cret"))
	p := start(t, serving(t, db("s3cret"), "--metrics-addr", "127.0.0.1:0"))
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	got := scrape(t, metricsOf(t, p))
	if _, there := got["accountsd_text_index_backlog"]; there || got["accountsd_store_questions_failed_total"] == 0 {
		t.Errorf("%v", got)
	}
	mailtest.Eventually(t, "webhooks are looked for in vain", func() bool {
		return strings.Contains(p.log.String(), "looking for webhooks to deliver failed; trying again")
	})
	if strings.Contains(p.log.String(), "webhookId") {
		t.Errorf("the log names a webhook that there is not:\n%s", p.log)
	}
	if strings.Contains(p.log.String(), "s3cret") {
		t.Error("the log has the password")
	}
}

// Metrics and profiles may have one address, which may be taken, or be none.
func TestAddressOfMetrics(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	newCompanyIn(t, db)
	addr := mailtest.FreeAddr(t)
	p := start(t, serving(t, db, "--metrics-addr", addr, "--pprof", addr))
	for _, path := range []string{"/metrics", "/debug/pprof/heap"} {
		if status, _ := get(t, "http://"+addr+path); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
	stopServer(t, p)
	taken, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for given, want := range map[string]string{
		addr:        "accountsd: --metrics-addr: listen tcp " + addr + ": bind: address already in use\n(exit 1)",
		"127.0.0.1": `accountsd: --metrics-addr must be an address with a port, as 127.0.0.1:9464; got "127.0.0.1"; see accountsd serve --help` + "\n(exit 2)",
	} {
		if got := runIn(t, nil, "serve", "--db", db, "--addr", "127.0.0.1:0", "--metrics-addr", given); !strings.HasSuffix(got, want) {
			t.Errorf("%s: %s", given, got)
		}
	}
}
