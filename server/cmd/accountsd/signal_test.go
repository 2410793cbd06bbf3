//go:build unix

package main_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/accountsd/accountsd/server/mail/mailtest"
)

// The end of a terminal ends a command as Ctrl-C does, but not one of nohup.
func TestHangup(t *testing.T) {
	t.Parallel()
	db, key := newCompany(t)
	p := serve(t, db)
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t); err != nil || !strings.Contains(p.log.String(), `"stopping"`) {
		t.Errorf("ended with %v\n%s", err, p.log)
	}
	p = start(t, exec.CommandContext(t.Context(), "nohup", binary, "serve", "--db", db, "--addr", "127.0.0.1:0"))
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if status, body, err := call(t.Context(), "GET", p.url+"/v1/accounts", key, ""); err != nil || status != 200 {
		t.Errorf("after a hangup: %d %s %v", status, body, err)
	}
	stopServer(t, p)
}

// An export that is interrupted says so, and leaves nothing.
func TestInterruptedExport(t *testing.T) {
	t.Parallel()
	db, _ := newCompany(t)
	file := filepath.Join(t.TempDir(), "many.csv")
	write(t, file, "title,address\n"+strings.Repeat("A,1 Main St\n", 20_000))
	mustRun(t, "import", file, "--db", db, "--email", "a@example.com", "--match-by", "none")
	for target, want := range map[string]string{filepath.Join(t.TempDir(), "all.csv"): "interrupted; no file was made", "-": "interrupted"} {
		cmd := exec.CommandContext(t.Context(), binary, "export", "--db", db, "--company", "C", "--output", target, "--progress", "1ns")
		log := &output{}
		cmd.Stderr = log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		mailtest.Eventually(t, "accounts are exported", func() bool { return strings.Contains(log.String(), `"msg":"exporting"`) })
		if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil || !strings.HasSuffix(log.String(), "accountsd: "+want+"\n") {
			t.Errorf("%s: ended with %v: %.300s", target, err, log)
		}
		if left, err := filepath.Glob(filepath.Dir(target) + "/all*"); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v %v", left, err)
		}
	}
}
