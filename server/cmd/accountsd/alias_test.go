package main_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server/mail/mailtest"
)

// newCompany makes a database with a company, and returns its path and a key of
// its admin, a@example.com.
func newCompany(t *testing.T) (db, key string) {
	t.Helper()
	db = filepath.Join(t.TempDir(), "accounts.db")
	return db, newCompanyIn(t, db)
}

// newCompanyIn is newCompany in a new database.
func newCompanyIn(t *testing.T, db string) (key string) {
	t.Helper()
	key = mustRun(t, "init", "--db", db, "--company", "C", "--email", "a@example.com")
	// Its one account. The sample company has users who call the alias.
	file := filepath.Join(t.TempDir(), "one.csv")
	if err := os.WriteFile(file, []byte("title,address\nOne,1 Main St\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "import", file, "--db", db, "--email", "a@example.com")
	return key
}

// callAlias calls the alias so often, and returns the last status.
func (p *process) callAlias(t *testing.T, key string, times int) (status int) {
	t.Helper()
	for range times {
		var err error
		if status, _, err = call(t.Context(), "GET", p.url+"/v1/clients/1", key, ""); err != nil {
			t.Fatal(err)
		}
	}
	return status
}

// reported are the users of "alias report".
func reported(t *testing.T, db string, args ...string) api.AliasMigrationList {
	t.Helper()
	text := mustRun(t, append([]string{"alias", "report", "--db", db, "--company", "C", "--format", "json"}, args...)...)
	var list api.AliasMigrationList
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return list
}

// What two runs of the server counted adds up.
func TestCleanStopLosesNoCount(t *testing.T) { onEachStore(t, testCleanStopLosesNoCount) }

func testCleanStopLosesNoCount(t *testing.T, db string) {
	key := newCompanyIn(t, db)
	total := int64(0)
	for _, calls := range []int{57, 3} {
		p := serve(t, db)
		p.callAlias(t, key, calls)
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.wait(t); err != nil {
			t.Errorf("%v\n%s", err, p.log)
		}
		total += int64(calls)
		list := reported(t, db)
		if len(list) != 1 || list[0].Calls.Today != total || list[0].Keys[0].Calls != total || list[0].UserAgents[0].UserAgent != "Go-http-client/1.1" {
			t.Errorf("%d calls: %+v", total, list)
		}
	}
}

// A kill loses no count that is older than the time between two writes.
func TestKillLosesAtMostTheLastCounts(t *testing.T) { onEachStore(t, testKillLosesAtMostTheLastCounts) }

func testKillLosesAtMostTheLastCounts(t *testing.T, db string) {
	key := newCompanyIn(t, db)
	p := serve(t, db)
	p.callAlias(t, key, 20)
	mailtest.Eventually(t, "the first calls are written", func() bool {
		list := reported(t, db)
		return len(list) == 1 && list[0].Calls.Today == 20
	})
	p.callAlias(t, key, 15)
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.wait(t)
	list := reported(t, db)
	if len(list) != 1 || list[0].Calls.Today < 20 || list[0].Calls.Today > 35 {
		t.Errorf("%+v", list)
	}
	t.Logf("%d of 35 calls were counted", list[0].Calls.Today)
}

// The commands take effect on a server that runs, within seconds.
func TestAliasCommands(t *testing.T) { onEachStore(t, testAliasCommands) }

func testAliasCommands(t *testing.T, db string) {
	key := newCompanyIn(t, db)
	p := serve(t, db)
	p.callAlias(t, key, 3)
	step := func(name string, args ...string) string {
		return mustRun(t, append([]string{"alias", name, "--db", db, "--as", "A@example.com", "--user", "a@example.com"}, args...)...)
	}
	answers := func(status int) {
		t.Helper()
		mailtest.Eventually(t, fmt.Sprintf("the alias answers %d", status), func() bool { return p.callAlias(t, key, 1) == status })
	}
	answers(http.StatusOK)
	if got := step("notify", "--message", "Please move.", "--sunset", "2999-03-01"); got != "a@example.com is notified, sunset 2999-03-01T00:00:00Z, mail not sent: there is no mail server" {
		t.Errorf("%q", got)
	}
	if got := step("rehearse", "--for", "1h"); !strings.Contains(got, "is notified, sunset 2999-03-01T00:00:00Z, rehearsal from ") {
		t.Errorf("%q", got)
	}
	answers(http.StatusGone)
	step("rollback")
	answers(http.StatusOK)
	mailtest.Eventually(t, "calls are counted, so that the user is not quiet", func() bool { return reported(t, db)[0].Calls.Today > 0 })
	if _, stderr, code := run(t, "", "alias", "migrate", "--db", db, "--as", "a@example.com", "--user", "a@example.com"); code == 0 || !strings.Contains(stderr, "force") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if got := step("migrate", "--force"); got != "a@example.com is migrated, sunset 2999-03-01T00:00:00Z" {
		t.Errorf("%q", got)
	}
	answers(http.StatusGone)

	mailtest.Eventually(t, "refused calls are counted", func() bool { return reported(t, db)[0].Calls.RefusedLast30Days > 0 })
	if got := len(reported(t, db, "--state", "using")); got != 0 {
		t.Errorf("%d users are using", got)
	}
	table := mustRun(t, "alias", "report", "--db", db, "--company", "c")
	if lines := strings.Split(table, "\n"); len(lines) != 2 || !strings.HasPrefix(lines[0], "USER ") || !strings.Contains(lines[1], "a@example.com  migrated  2999-03-01T00:00:00Z  not sent  ") {
		t.Errorf("%s", table)
	}
	rows, err := csv.NewReader(strings.NewReader(mustRun(t, "alias", "report", "--db", db, "--company", "C", "--format", "csv"))).ReadAll()
	if err != nil || len(rows) != 2 || rows[0][1] != "email" || rows[1][1] != "a@example.com" || !strings.Contains(rows[1][14], " by Go-http-client/1.1") || rows[0][16] != "mail" || rows[1][16] != "not sent" {
		t.Errorf("%v %q", err, rows)
	}
	if got := step("rollback"); got != "a@example.com is notified, sunset 2999-03-01T00:00:00Z" {
		t.Errorf("%q", got)
	}
	answers(http.StatusOK)
}

func TestAliasCommandErrors(t *testing.T) {
	t.Parallel()
	db, _ := newCompany(t)
	mustRun(t, "init", "--db", db, "--company", "Other", "--email", "other@example.com")
	const secret = "smtp://u:s3cret@127.0.0.1:1"
	notify := []string{"notify", "--user", "a@example.com", "--message", "x"}
	for name, c := range map[string]struct {
		as   string
		args []string
		want string
	}{
		"an unknown admin":           {"b@example.com", notify, "--as: user not found"},
		"an unknown user":            {"a@example.com", []string{"rollback", "--user", "b@example.com"}, "--user: user not found"},
		"a user of another company":  {"other@example.com", []string{"migrate", "--force", "--user", "a@example.com"}, "user not found"},
		"nothing to take back":       {"a@example.com", []string{"rollback", "--user", "a@example.com"}, "nothing to take back"},
		"a date in the past":         {"a@example.com", append(notify, "--sunset", "2020-01-01"), "must not be in the past"},
		"no date":                    {"a@example.com", append(notify, "--sunset", "soon"), "2027-03-01"},
		"a rehearsal without end":    {"a@example.com", []string{"rehearse", "--user", "a@example.com"}, "--until or by --for"},
		"a rehearsal with two ends":  {"a@example.com", []string{"rehearse", "--user", "a@example.com", "--for", "1h", "--until", "2999-01-01"}, "--until or by --for"},
		"another user's key":         {"a@example.com", []string{"rehearse", "--user", "a@example.com", "--for", "1h", "--key", "2"}, "is not a key of"},
		"a mail server without from": {"a@example.com", append(notify, "--smtp-url", secret, "--public-url", "https://a.example"), "from"},
		"mail without a public URL":  {"a@example.com", append(notify, "--smtp-url", secret+"?from=a@example.com"), "public URL"},
	} {
		t.Run(name, func(t *testing.T) {
			_, stderr, code := run(t, "", append([]string{"alias", c.args[0], "--db", db, "--as", c.as}, c.args[1:]...)...)
			if code == 0 || !strings.Contains(stderr, c.want) || strings.Contains(stderr, "s3cret") {
				t.Errorf("exit %d, %q, want %q", code, stderr, c.want)
			}
		})
	}
	if got := reported(t, db); len(got) != 0 {
		t.Errorf("something was done: %+v", got)
	}
	_, stderr, code := run(t, "", "alias", "report", "--db", db, "--company", "C", "--format", "xml")
	if code == 0 || !strings.Contains(stderr, "table, csv, json") {
		t.Errorf("exit %d, %q", code, stderr)
	}
	_, stderr, code = run(t, "", "serve", "--db", db, "--addr", "127.0.0.1:0", "--smtp-url", secret)
	if code == 0 || strings.Contains(stderr, "s3cret") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}

// A notice goes out by a real mail server, over TLS and with a password. One
// that cannot go out keeps nobody waiting.
func TestNoticeByMail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile, err := mailtest.Certificate(dir)
	if err != nil {
		t.Fatal(err)
	}
	passwords := filepath.Join(dir, "passwords")
	if err := os.WriteFile(passwords, []byte("ops:s3cret"), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := mailtest.FreeAddr(t)
	db, key := newCompany(t)
	cmd := exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", "127.0.0.1:0")
	cmd.Env = append(os.Environ(), "SSL_CERT_FILE="+certFile, "ACCOUNTSD_PUBLIC_URL=https://accounts.example.com",
		"ACCOUNTSD_SMTP_URL=smtp://ops:s3cret@"+addr+"?from=accounts@example.com")
	p := start(t, cmd)
	p.callAlias(t, key, 4)
	mailtest.Eventually(t, "calls are counted", func() bool { return len(reported(t, db)) == 1 })

	// No mail server yet.
	begin := time.Now()
	status, body, err := call(t.Context(), "POST", p.url+"/v1/alias-migrations/1/notify", key, `{"message":"Please move."}`)
	if err != nil || status != http.StatusOK || !strings.Contains(body, `"state":"pending"`) || time.Since(begin) > 5*time.Second {
		t.Fatalf("%d %v after %s: %s", status, err, time.Since(begin), body)
	}
	stateIs := func(want string) func() bool {
		return func() bool {
			_, body, err := call(t.Context(), "GET", p.url+"/v1/alias-migrations/me", key, "")
			return err == nil && strings.Contains(body, want)
		}
	}
	mailtest.Eventually(t, "the state names the failure", stateIs(`"lastError":"connection"`))

	server := mailtest.Start(t, addr, "--smtp-require-starttls", "--smtp-tls-cert", certFile, "--smtp-tls-key", keyFile, "--smtp-auth-file", passwords)
	if status, body, err = call(t.Context(), "POST", p.url+"/v1/alias-migrations/1/notify", key, `{"message":"Please move soon."}`); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v: %s", status, err, body)
	}
	mailtest.Eventually(t, "the mail is sent", stateIs(`"state":"sent"`))
	messages := server.Messages(t)
	if len(messages) == 0 || !strings.Contains(messages[0].Text, "Please move soon.") ||
		!strings.Contains(messages[0].Text, "        4  GET https://accounts.example.com/v1/clients/{clientId}\n      now  GET https://accounts.example.com/v1/accounts/{accountId}") {
		t.Errorf("%+v", messages)
	}
	for _, secret := range []string{"s3cret", "a@example.com"} {
		if strings.Contains(p.log.String(), secret) {
			t.Errorf("the log tells %s:\n%s", secret, p.log)
		}
	}
}

// The report says what will be refused after the move, and by which key it is
// sent.
func TestReportNamesLeniencies(t *testing.T) { onEachStore(t, testReportNamesLeniencies) }

func testReportNamesLeniencies(t *testing.T, db string) {
	newCompanyIn(t, db)
	key := mustRun(t, "key", "create", "--db", db, "--email", "a@example.com", "--name", "")
	p := serve(t, db)
	for range 3 {
		if status, _, err := call(t.Context(), "GET", p.url+"/v1/clients?limit=1", key, ""); err != nil || status != http.StatusOK {
			t.Fatal(status, err)
		}
	}
	mailtest.Eventually(t, "the calls are written", func() bool {
		list := reported(t, db)
		return len(list) == 1 && len(list[0].Leniencies) == 1 && list[0].Leniencies[0].Calls == 3
	})
	for _, format := range []string{"table", "csv"} {
		text := mustRun(t, "alias", "report", "--db", db, "--company", "C", "--format", format)
		if !strings.Contains(text, "limit read as page_size 3 times, by "+key[:10]) || !strings.Contains(text, "3 with (no name) ("+key[:10]+")") {
			t.Errorf("%s", text)
		}
	}
}

// A command tries its own mail, whatever else waits for a mail server that hangs.
func TestNotifyTriesItsOwnMail(t *testing.T) {
	t.Parallel()
	db, key := newCompany(t)
	hanging := listen(t, func(net.Conn) {})
	cmd := exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", "127.0.0.1:0",
		"--public-url", "https://accounts.example.com", "--smtp-url", "smtp://"+hanging+"?from=accounts@example.com")
	p := start(t, cmd)
	for i := range 3 {
		email := fmt.Sprintf("lin%d@example.com", i)
		mustRun(t, "user", "invite", "--db", db, "--company", "C", "--email", email)
		if status, body, err := call(t.Context(), "POST", fmt.Sprintf("%s/v1/alias-migrations/%d/notify", p.url, i+2), key, `{"message":"Please move."}`); err != nil || status != http.StatusOK {
			t.Fatalf("%d %v: %s", status, err, body)
		}
	}
	var tried atomic.Int32
	closing := listen(t, func(c net.Conn) {
		tried.Add(1)
		_ = c.Close()
	})
	got := mustRun(t, "alias", "notify", "--db", db, "--as", "a@example.com", "--user", "a@example.com", "--message", "Please move.",
		"--public-url", "https://accounts.example.com", "--smtp-url", "smtp://"+closing+"?from=accounts@example.com")
	if tried.Load() != 1 || !strings.HasSuffix(got, "mail pending: connection") {
		t.Errorf("%d connections: %s", tried.Load(), got)
	}
}

// listen gives each connection to a loopback address to a function until the test
// ends.
func listen(t *testing.T, take func(net.Conn)) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			take(connection)
		}
	}()
	return listener.Addr().String()
}
