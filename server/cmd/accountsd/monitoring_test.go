package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/mail/mailtest"
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

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// The commands of the page do what it says, each block after the other.
func TestMonitoringPage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newCompanyIn(t, filepath.Join(dir, "accounts.db"))
	r := newReceiver(t)
	script := "trap 'kill $(jobs -p); wait' EXIT\naccountsd() { exec " + binary + " \"$@\"; }\n"
	blocks := shellBlock.FindAllStringSubmatch(monitoringPage(t), -1)
	for _, block := range blocks {
		text := block[1]
		if !strings.Contains(text, "&\n") {
			text = "( " + strings.TrimSpace(text) + " )\n" // accountsd ends the shell that runs it.
		}
		script += text
	}
	places := []string{"http://127.0.0.1:4318", r.url}
	for _, port := range []string{"8080", "8081", "8082", "9464", "6060"} {
		places = append(places, "127.0.0.1:"+port, mailtest.FreeAddr(t))
	}
	script = strings.NewReplacer(places...).Replace(script)
	cmd := exec.CommandContext(t.Context(), "bash", "-eu", "-c", script)
	cmd.Dir = dir
	log := &output{}
	cmd.Stderr = log
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s\n%s", err, script, said, log)
	}
	for _, want := range []string{"Nothing is wrong.\n", "\naccountsd_requests_under_way 0\n", "\nready\n"} {
		if !strings.Contains(string(said), want) {
			t.Errorf("the commands did not print %q:\n%s", want, said)
		}
	}
	if heap, err := os.Stat(filepath.Join(dir, "heap.pprof")); err != nil || heap.Size() == 0 {
		t.Errorf("there is no profile: %v", err)
	}
	mailtest.Eventually(t, "a trace arrives", func() bool { return len(r.named("/readyz")) > 0 })
	if len(blocks) != 4 {
		t.Errorf("the page has %d blocks of commands", len(blocks))
	}
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
