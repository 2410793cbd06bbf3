package main_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// Profiles are shown on a listener of their own, and only if that is asked for.
func TestPprof(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "accounts.db")
	run(t, "", "init", "--db", db, "--company", "Sunrise", "--email", "ada@example.com")
	p := start(t, exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", "127.0.0.1:0", "--pprof", "127.0.0.1:0"))
	at := regexp.MustCompile(`http://127\.0\.0\.1:\d+/debug/pprof/`).FindString(p.log.String())
	for url, want := range map[string]int{
		at:                        http.StatusOK,
		at + "heap":               http.StatusOK,
		at + "cmdline":            http.StatusNotFound,
		p.url + "/debug/pprof/":   http.StatusNotFound,
		p.url + "/v1/debug/pprof": http.StatusNotFound,
	} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, not %d", url, resp.StatusCode, want)
		}
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t); err != nil {
		t.Errorf("%v\n%s", err, p.log)
	}
}

func TestPprofIsOfThisMachineOnly(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"0.0.0.0:6060", ":6060", "192.0.2.1:6060", "localhost:6060", "[::]:6060", "127.0.0.1", "6060"} {
		output, err := exec.CommandContext(t.Context(), binary, "serve", "--db", "none.db", "--pprof", addr).CombinedOutput()
		if err == nil || !strings.Contains(string(output), "must be an IP address of the loopback interface") {
			t.Errorf("%s: %v %s", addr, err, output)
		}
	}
}
