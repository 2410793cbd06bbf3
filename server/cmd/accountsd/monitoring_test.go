//go:build unix

package main_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// monitoringPage is docs/monitoring.md.
func monitoringPage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// onWatchedMachine is a folder that "make run" is at work in, with a collector of
// traces, at which those of the page arrive.
func onWatchedMachine(t *testing.T) *stage {
	t.Helper()
	r := newReceiver(t)
	t.Cleanup(func() { // when all that the page has started has ended
		if len(r.named("/readyz")) == 0 {
			t.Error("no trace has arrived")
		}
	})
	names := map[string]string{"127.0.0.1:4318": strings.TrimPrefix(r.url, "http://")}
	for _, port := range []string{"8080", "8081", "8082", "8083", "9464", "6060"} {
		names["127.0.0.1:"+port] = spareAddress(t)
	}
	s := newStage(t, t.TempDir(), names)
	s.env = append(s.env, "OTEL_BSP_SCHEDULE_DELAY=50")
	s.serveSample(t, names["127.0.0.1:8080"])
	return s
}

// The page lists the metrics that there are, and no others.
func TestMonitoringPageListsMetrics(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	key := newCompanyIn(t, db)
	p := start(t, serving(t, db, "--metrics-addr", "127.0.0.1:0"))
	if _, _, err := call(t.Context(), "GET", p.url+"/v1/accounts/1", key, ""); err != nil {
		t.Fatal(err)
	}
	_, text := get(t, metricsOf(t, p))
	shown := make(map[string]bool)
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (accountsd_\w+) `).FindAllStringSubmatch(text, -1) {
		shown[found[1]] = true
	}
	listed := make(map[string]bool)
	for _, found := range regexp.MustCompile("`(accountsd_\\w+)`").FindAllStringSubmatch(monitoringPage(t), -1) {
		listed[found[1]] = true
		if !shown[found[1]] {
			t.Errorf("docs/monitoring.md lists %s, which there is not", found[1])
		}
	}
	for name := range shown {
		if !listed[name] {
			t.Errorf("docs/monitoring.md does not list %s", name)
		}
	}
}

// What the page lists can be seen on the dashboard, or an alert watches it.
func TestDashboardShowsMetrics(t *testing.T) {
	t.Parallel()
	watched, err := os.ReadFile("../../../docs/prometheus-alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(watched)
	for _, queries := range dashboardQueries(t) {
		text += strings.Join(queries, "\n")
	}
	for _, found := range regexp.MustCompile("`(accountsd_\\w+)`").FindAllStringSubmatch(monitoringPage(t), -1) {
		if name := found[1]; name != "accountsd_webhooks_paused_total" && !strings.Contains(text, name) { // whose gauge is shown
			t.Errorf("%s is neither on the dashboard nor in an alert", name)
		}
	}
}

// The manual page and the completions have the doctor, with the flags of serve.
func TestDoctorIsInManual(t *testing.T) {
	t.Parallel()
	page := mustRun(t, "man")
	_, after, found := strings.Cut(page, ".SS accountsd doctor\n")
	section, _, _ := strings.Cut(after, "\n.SS ")
	if !found || !strings.Contains(section, "metrics\\-addr") || !strings.Contains(section, "tell what is wrong with a set\\-up") {
		t.Errorf("the manual page lacks the doctor:\n%s", section)
	}
	if said := mustRun(t, "--generate-shell-completion"); !slices.ContainsFunc(strings.Split(said, "\n"), func(line string) bool { return strings.HasPrefix(line, "doctor") }) {
		t.Errorf("the completions lack the doctor:\n%s", said)
	}
}
