package main_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// serving is a command that serves a database on a port of its choice.
func serving(t *testing.T, db string, flags ...string) *exec.Cmd {
	t.Helper()
	return exec.CommandContext(t.Context(), binary, append([]string{"serve", "--db", db, "--addr", "127.0.0.1:0"}, flags...)...)
}

// Ten servers that are started at once on an empty database all come up, and serve
// one company.
func TestManyServersStartAtOnce(t *testing.T) {
	t.Parallel()
	db := stores["PostgreSQL"](t)
	servers := make([]*process, 10)
	var group sync.WaitGroup
	for i := range servers {
		group.Go(func() { servers[i] = start(t, serving(t, db, "--db-connections", "4")) })
	}
	group.Wait()
	if t.Failed() {
		return
	}
	key := newCompanyIn(t, db)
	for i, p := range servers {
		ready(t, p.url, 200, "ready")
		status, body, err := call(t.Context(), "PATCH", p.url+"/v1/accounts/1", key, fmt.Sprintf(`{"value":%d}`, i))
		if err != nil || status != 200 {
			t.Errorf("server %d: %d %v %s", i, status, err, body)
		}
	}
	wantSchema(t, db, "current", known(db))
}

// newCluster starts a PostgreSQL of the test's own, on which roles need passwords,
// with a database of a role.
func newCluster(t *testing.T) (c *pgtest.Cluster, db func(password string) string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "accountsd-hba-") // which the server may enter, unlike that of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	rules := filepath.Join(dir, "pg_hba.conf")
	if err := os.WriteFile(rules, []byte("host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{dir, rules} {
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	c = pgtest.New(t, pgtest.Options{Durable: true, Settings: map[string]string{"hba_file": rules}})
	execute(t, c.URL("postgres"), "CREATE ROLE ada LOGIN PASSWORD 's3cret'")
	execute(t, c.URL("postgres"), "CREATE DATABASE accounts OWNER ada")
	return c, func(password string) string {
		user := url.User("ada")
		if password != "" {
			user = url.UserPassword("ada", password)
		}
		return "postgres://" + user.String() + "@" + c.Addr() + "/accounts?sslmode=disable"
	}
}

// runIn is run with variables.
func runIn(t *testing.T, variables []string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), variables...)
	output, _ := cmd.CombinedOutput()
	return fmt.Sprintf("%s(exit %d)", output, cmd.ProcessState.ExitCode())
}

// The password of a database comes from where PostgreSQL's own programs have it, and
// never gets into what people see.
func TestPasswordOfDatabase(t *testing.T) {
	t.Parallel()
	c, db := newCluster(t)
	made := runIn(t, nil, "init", "--db", db("s3cret"), "--company", "C", "--email", "a@example.com")
	if !strings.Contains(made, "Made the company C with the admin a@example.com in postgres://ada@"+c.Addr()+"/accounts.\n") || strings.Contains(made, "s3cret") {
		t.Fatal(made)
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".pgpass"), []byte("*:*:accounts:ada:s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := "accountsd: the database server at " + c.Addr() + " refuses the password of the role ada; set the right one by PGPASSWORD, in ~/.pgpass or in the URL\n(exit 1)"
	for name, c := range map[string]struct {
		variables []string
		db, want  string
	}{
		"in the URL":      {nil, db("s3cret"), "ID  NAME"},
		"in PGPASSWORD":   {[]string{"PGPASSWORD=s3cret"}, db(""), "ID  NAME"},
		"in ~/.pgpass":    {[]string{"HOME=" + home}, db(""), "ID  NAME"},
		"in the variable": {[]string{"ACCOUNTSD_DB=" + db("s3cret")}, "", "ID  NAME"},
		"none":            {[]string{"HOME=/absent"}, db(""), wrong},
		"a wrong one":     {nil, db("s3cret?"), wrong},
	} {
		args := []string{"company", "list"}
		if c.db != "" {
			args = append(args, "--db", c.db)
		}
		if got := runIn(t, c.variables, args...); !strings.HasPrefix(got, c.want) || strings.Contains(got, "s3cret") {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"man"}, {"completion", "bash"}, {"migrate", "status"}, {"serve", "--addr", "256.0.0.1:1"}} {
		if got := runIn(t, []string{"ACCOUNTSD_DB=" + db("s3cret")}, args...); strings.Contains(got, "s3cret") {
			t.Errorf("%v shows the password: %s", args, got)
		}
	}
}

// A server waits at its start for a database that is down, and goes on by itself
// after one that was away or has hung. Meanwhile it says that it is not ready, but
// not where the database is.
func TestDatabaseThatComesAndGoes(t *testing.T) {
	t.Parallel()
	c, db := newCluster(t)
	if err := c.Kill(); err != nil {
		t.Fatal(err)
	}
	down := "accountsd: the database server at " + c.Addr() + " cannot be reached: connection refused\n"
	if _, stderr, code := run(t, "", "serve", "--db", db("s3cret"), "--addr", "127.0.0.1:0", "--db-wait", "0s"); code != 1 || stderr != down {
		t.Errorf("without a wait: exit %d, %s", code, stderr)
	}
	if _, stderr, code := run(t, "", "migrate", "status", "--db", db("s3cret")); code != 1 || stderr != down {
		t.Errorf("status: exit %d, %s", code, stderr)
	}
	again := make(chan error, 1)
	go func() {
		time.Sleep(time.Second) // the server is waiting by then
		again <- c.Restart(context.WithoutCancel(t.Context()))
	}()
	p := start(t, serving(t, db("s3cret"), "--db-wait", "1m"))
	if err := <-again; err != nil {
		t.Fatal(err)
	}
	if log := p.log.String(); !strings.Contains(log, `"level":"WARN","msg":"waiting for the database","error":"the database server at `+c.Addr()) || strings.Contains(log, "s3cret") {
		t.Errorf("the log of its wait: %s", log)
	}
	ready(t, p.url, 200, "ready")
	key := newCompanyIn(t, db("s3cret"))
	for _, away := range []struct {
		name, says  string
		leave, back func() error
	}{
		{"hangs", "the database did not answer in time", c.Pause, c.Resume},
		{"is killed", "the database cannot be reached", c.Kill, func() error { return c.Restart(t.Context()) }},
	} {
		if err := away.leave(); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		status, body, err := call(t.Context(), "GET", p.url+"/readyz", "", "")
		if took := time.Since(begin); err != nil || status != 503 || !strings.Contains(body, `"detail":"`+away.says+`"`) || strings.Contains(body, "127.0.0.1") || took > 5*time.Second {
			t.Errorf("a database that %s: %d %v after %s\n%s", away.name, status, err, took, body)
		}
		if err := away.back(); err != nil {
			t.Fatal(err)
		}
		ready(t, p.url, 200, "ready")
		if status, body, err := call(t.Context(), "GET", p.url+"/v1/accounts/1", key, ""); err != nil || status != 200 {
			t.Errorf("after one that %s: %d %v %s", away.name, status, err, body)
		}
	}
	if strings.Contains(p.log.String(), "s3cret") {
		t.Errorf("the log has the password:\n%s", p.log)
	}
}

// A signal ends a server that waits.
func TestSignalEndsTheWait(t *testing.T) {
	t.Parallel()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	cmd := serving(t, "postgres://ada:s3cret@"+closed.Addr().String()+"/accounts", "--db-wait", "1h")
	log := &output{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	mailtest.Eventually(t, "it waits", func() bool { return strings.Contains(log.String(), "waiting for the database") })
	begin := time.Now()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	err = cmd.Wait()
	if took := time.Since(begin); err == nil || took > 5*time.Second || strings.Count(log.String(), "waiting for the database") != 1 || strings.Contains(log.String(), "s3cret") {
		t.Errorf("%v after %s\n%s", err, took, log)
	}
}

// A server opens no more connections than it is told.
func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	db := stores["PostgreSQL"](t)
	if got := runIn(t, nil, "serve", "--db", db, "--db-connections", "3"); got != "accountsd: --db-connections must be 4 or more; got 3; see accountsd serve --help\n(exit 2)" {
		t.Errorf("too few: %s", got)
	}
	key := newCompanyIn(t, db)
	p := start(t, serving(t, db, "--db-connections", "5", "--rate-limit", "0"))
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			for range 10 {
				if status, body, err := call(t.Context(), "GET", p.url+"/v1/accounts?title=o", key, ""); err != nil || status != 200 {
					t.Errorf("%d %v %s", status, err, body)
				}
			}
		})
	}
	most := 0
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	for under := true; under; {
		most = max(most, sessions(t, db))
		select {
		case <-done:
			under = false
		default:
		}
	}
	if most < 2 || most > 5 {
		t.Errorf("%d connections at once", most)
	}
}
