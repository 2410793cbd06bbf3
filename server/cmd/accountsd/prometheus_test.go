package main_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/mail/mailtest"
)

// requirePrometheus is set to 1 where Prometheus must be installed, as in CI.
const requirePrometheus = "ACCOUNTSD_REQUIRE_PROMETHEUS"

// prometheusProgram is the path of a program of Debian's package prometheus. Without it, the
// test is skipped.
func prometheusProgram(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err == nil {
		return path
	}
	message := name + " is not installed; on Debian: apt-get install -y prometheus"
	if os.Getenv(requirePrometheus) == "1" {
		t.Fatal(message)
	}
	t.Skip(message)
	return ""
}

// prometheus is a Prometheus that scrapes servers each second, and evaluates the alerts.
type prometheus struct{ url string }

const prometheusConfig = `global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: [%q]
scrape_configs:
  - job_name: accountsd
    static_configs: [{targets: [%q]}]
`

func startPrometheus(t *testing.T, alerts, target string) *prometheus {
	t.Helper()
	program, dir, addr := prometheusProgram(t, "prometheus"), t.TempDir(), mailtest.FreeAddr(t)
	config := filepath.Join(dir, "prometheus.yml")
	if err := os.WriteFile(config, fmt.Appendf(nil, prometheusConfig, alerts, target), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &output{}
	cmd := exec.CommandContext(t.Context(), program, "--config.file", config, "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", addr)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log)
		}
	})
	p := &prometheus{url: "http://" + addr}
	mailtest.Eventually(t, "Prometheus is ready", func() bool {
		resp, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	return p
}

// ask calls the HTTP API.
func (p *prometheus) ask(ctx context.Context, path string, data any) error {
	req, err := http.NewRequestWithContext(ctx, "GET", p.url+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer := struct {
		Status, Error string
		Data          any
	}{Data: data}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return err
	}
	if answer.Status != "success" {
		return errors.New(answer.Error)
	}
	return nil
}

// values are those that a query has now.
func (p *prometheus) values(ctx context.Context, query string) ([]string, error) {
	var data struct {
		Result []struct{ Value [2]any }
	}
	err := p.ask(ctx, "/api/v1/query?query="+url.QueryEscape(query), &data)
	var values []string
	for _, r := range data.Result {
		values = append(values, fmt.Sprint(r.Value[1]))
	}
	return values, err
}

// dashboardQueries are the queries of the dashboard as Grafana sends them, by panel.
func dashboardQueries(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/grafana-dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			ID      int
			Type    string
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil {
		t.Fatal(err)
	}
	queries, ids := make(map[string][]string), make(map[int]bool)
	for _, panel := range dashboard.Panels {
		if ids[panel.ID] || queries[panel.Title] != nil {
			t.Errorf("panel %d, %q, is there twice", panel.ID, panel.Title)
		}
		ids[panel.ID] = true
		for _, target := range panel.Targets {
			queries[panel.Title] = append(queries[panel.Title], strings.NewReplacer("$__rate_interval", "15s", "$instance", ".*").Replace(target.Expr))
		}
		if panel.Type != "row" && len(queries[panel.Title]) == 0 {
			t.Errorf("panel %q has no query", panel.Title)
		}
	}
	return queries
}

// condition is what an alert compares.
var condition = regexp.MustCompile(`^(.*) (==|>|<) ([0-9.]+)$`)

// alert is one as Prometheus has it.
type alert struct{ Name, Query, Health, LastError, State string }

func (p *prometheus) alerts(t *testing.T) []alert {
	t.Helper()
	var data struct {
		Groups []struct{ Rules []alert }
	}
	if err := p.ask(t.Context(), "/api/v1/rules", &data); err != nil {
		t.Fatal(err)
	}
	var found []alert
	for _, group := range data.Groups {
		found = append(found, group.Rules...)
	}
	return found
}

// load uses a server for a while, in every way that a metric tells of. The receiver of its
// webhooks takes nothing.
func load(t *testing.T, p *process, key string) {
	t.Helper()
	receiver := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(receiver.Close)
	for end := time.Now().Add(8 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for _, c := range []struct{ method, path, key, body string }{
			{"PATCH", "/v1/accounts/1", key, fmt.Sprintf(`{"title":"At %d"}`, time.Now().UnixNano())},
			{"GET", "/v1/accounts/1", key, ""},
			{"GET", "/v1/accounts?q=at", key, ""},
			{"GET", "/v1/clients/1", key, ""},
			{"GET", "/v1/accounts/1", "acc_nobody", ""},
			{"POST", "/v1/webhooks", key, fmt.Sprintf(`{"url":%q}`, receiver.URL)}, // 409 in the end
			{"PATCH", "/v1/webhooks/1", key, `{"state":"active"}`},                 // so that it is tried at once
			{"GET", "/v1/nowhere", key, ""},
			{"GET", "/readyz", "", ""},
		} {
			if _, _, err := call(t.Context(), c.method, p.url+c.path, c.key, c.body); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// Each query of the dashboard and of the alerts is one that a real Prometheus takes,
// and has an answer where a real server was scraped. The alerts are silent but for those
// of what load does, and one is not when the server is gone.
func TestPrometheus(t *testing.T) { onEachStore(t, testPrometheus) }

func testPrometheus(t *testing.T, db string) {
	alerts, err := filepath.Abs("../../../docs/prometheus-alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	if said, err := exec.CommandContext(t.Context(), prometheusProgram(t, "promtool"), "check", "rules", alerts).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, said)
	}
	key := newCompanyIn(t, db)
	p := start(t, serving(t, db, "--metrics-addr", "127.0.0.1:0", "--webhook-allow-private", "127.0.0.0/8"))
	prom := startPrometheus(t, alerts, strings.TrimSuffix(strings.TrimPrefix(metricsOf(t, p), "http://"), "/metrics"))
	load(t, p, key)

	panels := dashboardQueries(t)
	if len(panels) < 15 {
		t.Errorf("the dashboard has only %d panels with queries", len(panels))
	}
	for panel, queries := range panels {
		for _, query := range queries {
			wantValues(t, prom, panel, query)
		}
	}
	rules := prom.alerts(t)
	if len(rules) < 10 {
		t.Errorf("Prometheus has only the alerts %v", rules)
	}
	for _, a := range rules {
		parts := condition.FindStringSubmatch(a.Query)
		expected := map[string]string{"AccountsdKeysRefused": a.State, "AccountsdWebhooksFailing": "pending"}
		if a.Health != "ok" || a.State != cmp.Or(expected[a.Name], "inactive") || parts == nil {
			t.Errorf("alert %s is %s, %s: %s (%s)", a.Name, a.Health, a.State, a.Query, a.LastError)
			continue
		}
		wantValues(t, prom, a.Name, parts[1])
	}

	stopServer(t, p)
	mailtest.Eventually(t, "the alert of a server that is gone is on its way", func() bool {
		for _, a := range prom.alerts(t) {
			if a.Name == "AccountsdDown" && a.State == "pending" {
				return true
			}
		}
		return false
	})
}

// wantValues expects that a query has an answer, of numbers.
func wantValues(t *testing.T, prom *prometheus, of, query string) {
	t.Helper()
	values, err := prom.values(t.Context(), query)
	if err != nil || len(values) == 0 {
		t.Errorf("%s: %s: %v, %v", of, query, values, err)
	}
	for _, value := range values {
		if value == "NaN" {
			t.Errorf("%s: %s is %s", of, query, value)
		}
	}
}
