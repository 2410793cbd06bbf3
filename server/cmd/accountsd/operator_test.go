package main_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// What a command refuses it refuses in one line, which says what to do.
func TestRefusals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) string {
		if err := os.WriteFile(at(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return at(name)
	}
	db, absent := at("accounts.db"), at("absent.db")
	mustRun(t, "init", "--db", db, "--company", "Sunrise", "--email", "ada@example.com")
	foreign, empty := write("foreign.db", strings.Repeat("no database\n", 100)), write("empty.db", "")
	file := write("one.csv", "title,address\nOne,1 Main St\n")
	copied, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	damaged := write("damaged.db", string(append(copied[:8192:8192], bytes.Repeat([]byte{0xa5}, len(copied)-8192)...)))
	newer := write("newer.db", string(copied[:60])+"\x00\x00\x03\xe8"+string(copied[64:])) // its user_version is 1000

	const refused = 1
	noFile := fmt.Sprintf("there is no database at %s; make one with accountsd init, or name another file with --db", absent)
	for _, c := range []struct {
		args   []string
		status int
		want   string
	}{
		{[]string{"serve", "--db", absent}, refused, noFile},
		{[]string{"import", file, "--db", absent, "--email", "a@example.com"}, refused, noFile},
		{[]string{"export", "--db", absent, "--company", "C"}, refused, noFile},
		{[]string{"key", "create", "--db", absent, "--email", "a@example.com"}, refused, noFile},
		{[]string{"property", "create", "--db", absent, "--company", "C", "--name", "X", "--type", "TEXT"}, refused, noFile},
		{[]string{"property", "list", "--db", absent, "--company", "C"}, refused, noFile},
		{[]string{"alias", "report", "--db", absent, "--company", "C"}, refused, noFile},
		{[]string{"alias", "notify", "--db", absent, "--as", "a@example.com", "--user", "b@example.com", "--message", "x"}, refused, noFile},
		{[]string{"alias", "migrate", "--db", absent, "--as", "a@example.com", "--user", "b@example.com"}, refused, noFile},
		{[]string{"alias", "rollback", "--db", absent, "--as", "a@example.com", "--user", "b@example.com"}, refused, noFile},
		{[]string{"alias", "rehearse", "--db", absent, "--as", "a@example.com", "--user", "b@example.com", "--for", "1h"}, refused, noFile},

		{[]string{"serve", "--db", empty}, refused, empty + " is empty; make the database with accountsd init, or name another file with --db"},
		{[]string{"serve", "--db", foreign}, refused, foreign + " is not a database of accountsd; name another file with --db"},
		{[]string{"init", "--db", foreign, "--company", "C", "--email", "a@example.com"}, refused, foreign + " is not a database of accountsd; name another file with --db"},
		{[]string{"serve", "--db", damaged}, refused, damaged + " is damaged; restore it from a copy, or save what can be read with sqlite3 " + damaged + " .recover"},
		{[]string{"serve", "--db", newer}, refused, fmt.Sprintf("%s has a schema of version 1000, and this program knows only up to %d; use the newer accountsd that wrote it", newer, sqlite.SchemaVersion())},
		{[]string{"serve", "--db", dir}, refused, dir + " is a folder; name a file, as in --db " + at("accounts.db")},
		{[]string{"init", "--db", dir, "--company", "C", "--email", "a@example.com"}, refused, dir + " is a folder; name a file, as in --db " + at("accounts.db")},
		{[]string{"init", "--db", at("no/such.db"), "--company", "C", "--email", "a@example.com"}, refused, "the folder " + at("no") + " is not there; make it first, or name another file with --db"},
		{[]string{"init", "--db", db, "--company", " SUNRISE", "--email", "b@example.com"}, refused, `the company name "Sunrise" is taken in ` + db + "; choose another one, or make a key for a user of that company with accountsd key create"},
		{[]string{"init", "--db", absent, "--company", "C", "--email", "nobody"}, refused, `email must be an e-mail address; got "nobody"`},

		{[]string{"export", "--db", db, "--company", "Sunrise", "--format", "csv", "--output", db}, refused, "--output " + db + " is a file of the database; name another file"},
		{[]string{"export", "--db", db, "--company", "Sunrise", "--format", "csv", "--output", at("accounts.db-search")}, refused, "--output " + at("accounts.db-search") + " is a file of the database; name another file"},

		{[]string{"srve"}, 2, `"srve" is not a command of accountsd; did you mean "serve"? See accountsd --help`},
		{[]string{"help", "srve"}, 2, `"srve" is not a command of accountsd; did you mean "serve"? See accountsd --help`},
		{[]string{"help", "user", "lst"}, 2, `"lst" is not a command of accountsd user; did you mean "list"? See accountsd user --help`},
		{[]string{"key", "creat"}, 2, `"creat" is not a command of accountsd key; did you mean "create"? See accountsd key --help`},
		{[]string{"xyzzy"}, 2, `"xyzzy" is not a command of accountsd; see accountsd --help`},
		{[]string{"serve", "extra", "--db", db}, 2, `accountsd serve takes no arguments; got "extra"; see accountsd serve --help`},
		{[]string{"serve", ""}, 2, `accountsd serve takes no arguments; got ""; see accountsd serve --help`},
		{[]string{"export", "x", "--company", "C"}, 2, "export takes no arguments; use --output x; see accountsd export --help"},
		{[]string{"serve", "--adr", ":1"}, 2, `--adr is not a flag of accountsd serve; did you mean "--addr"? See accountsd serve --help`},
		{[]string{"--db", db, "serve"}, 2, "--db is not a flag of accountsd; see accountsd --help"},
		{[]string{"serve", "--db"}, 2, "flag needs an argument: --db; see accountsd serve --help"},
		{[]string{"serve", "--db", absent, "--timeout", "0s"}, 2, `--timeout must be more than 0; got 0s; see accountsd serve --help`},
		{[]string{"serve", "--db", absent, "--log-format", "xml"}, 2, `--log-format must be one of auto, text, json; got "xml"; see accountsd serve --help`},
		{[]string{"serve", "--db", absent, "--rate-limit", "many"}, 2, `--rate-limit must be an integer; got "many"; see accountsd serve --help`},
		{[]string{"serve", "--db", absent, "--drain", "5"}, 2, `--drain must be a duration such as 30s or 1h30m; got "5"; see accountsd serve --help`},
		{[]string{"import", file, "--db", absent, "--dry-run=maybe"}, 2, `--dry-run must be true or false; got "maybe"; see accountsd import --help`},
		{[]string{"key", "create", "--db", absent, "--handling", "loose"}, 2, `--handling must be one of strict, lenient; got "loose"; see accountsd key create --help`},
		{[]string{"key", "revoke", "--db", db, "--company", "Sunrise", "01"}, 2, `an id must be an integer; got "01"; see accountsd key revoke --help`},
		{[]string{"key", "revoke", "--db", db, "--company", "Sunrise", "+1"}, 2, `an id must be an integer; got "+1"; see accountsd key revoke --help`},
		{[]string{"--help", "unknown"}, 2, `"unknown" is not a command; see accountsd --help`},
		{[]string{"key", "--help", "unknown"}, 2, `"unknown" is not a command; see accountsd --help`},
		{[]string{"import", "--db", absent, "--email", "a@example.com"}, 2, "import takes one FILE, or - for standard input; got 0; see accountsd import --help"},
		{[]string{"import", file, "--db", absent}, 2, `required flag "email" not set; see accountsd import --help`},
		{[]string{"follow", "--db", absent, "--from", "127.0.0.1:8080"}, 2, `--from must be a URL such as https://accounts.example.com; got "127.0.0.1:8080"; see accountsd follow --help`},
		{[]string{"verify", "--db", absent, "--against", "accounts.example.com"}, 2, `--against must be a URL such as https://accounts.example.com; got "accounts.example.com"; see accountsd verify --help`},
		{[]string{"init"}, 2, `required flags "company, email" not set; see accountsd init --help`},
		{[]string{"alias", "notify", "--db", absent, "--as", "a@example.com", "--user", "b@example.com", "--message", "x", "--sunset", "soon"}, 2,
			`--sunset must look like 2027-03-01 or 2027-03-01T12:00:00Z; got "soon"; see accountsd alias notify --help`},
		{[]string{"alias", "rehearse", "--db", absent, "--as", "a@example.com", "--user", "b@example.com"}, 2, "set the end of the rehearsal by --until or by --for; see accountsd alias rehearse --help"},
	} {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			stdout, stderr, status := run(t, "", c.args...)
			if status != c.status || stdout != "" || stderr != "accountsd: "+c.want+"\n" {
				t.Errorf("exit %d, stdout %q\n got %s\nwant accountsd: %s", status, stdout, stderr, c.want)
			}
		})
	}
	if _, err := os.Stat(absent); err == nil {
		t.Error("a file was made")
	}
	// Its flags are looked at before the file.
	if _, stderr, status := run(t, "", "alias", "notify", "--db", absent, "--as", "a@example.com", "--user", "b@example.com", "--message", "x", "--smtp-url", "ftp://x"); status != refused || strings.Contains(stderr, absent) {
		t.Errorf("exit %d, %s", status, stderr)
	}
}

// Every flag can be set by a variable, and a wrong value is told as that of the
// flag is.
func TestWrongVariables(t *testing.T) {
	t.Parallel()
	absent := filepath.Join(t.TempDir(), "absent.db")
	serve := []string{"serve", "--db", absent}
	for variable, c := range map[string]struct {
		args []string
		want string
	}{
		"TIMEOUT=abc":                    {serve, `must be a duration such as 30s or 1h30m; got "abc"`},
		"TIMEOUT=-1s":                    {serve, "must be more than 0; got -1s"},
		"BODY_TIMEOUT=0s":                {serve, "must be more than 0; got 0s"},
		"DRAIN=5":                        {serve, `must be a duration such as 30s or 1h30m; got "5"`},
		"SHUTDOWN_TIMEOUT=soon":          {serve, `must be a duration such as 30s or 1h30m; got "soon"`},
		"RATE_LIMIT=x\"y":                {serve, `must be an integer; got "x\"y"`},
		"RATE_LIMIT=-1":                  {serve, "must be 0 or more; got -1"},
		"DAILY_LIMIT=1e3":                {serve, `must be an integer; got "1e3"`},
		"MAX_BODY_BYTES=0":               {serve, "must be more than 0; got 0"},
		"MAX_BODIES_BYTES=4MiB":          {serve, `must be an integer; got "4MiB"`},
		"ALIAS_QUIET_DAYS=x":             {serve, `must be an integer; got "x"`},
		"TRUSTED_PROXIES=10.0.0.0/8, lb": {serve, `must be networks such as 10.0.0.0/8, or addresses; got "lb"`},
		// Addresses are compared as what they are, so nothing would ever match this one.
		"TRUSTED_PROXIES=::ffff:10.0.0.0/104": {serve, `must be networks such as 10.0.0.0/8, or addresses; got "::ffff:10.0.0.0/104"`},
		"PUBLIC_URL=crm.example.com":          {serve, `must be a URL such as https://accounts.example.com; got "crm.example.com"`},
		"LOG_FORMAT=xml":                      {serve, `must be one of auto, text, json; got "xml"`},
		"PHONE_REGION=us":                     {serve, `must be two letters of ISO 3166 such as US; got "us"`},
		"DRY_RUN=maybe":                       {[]string{"import", "x.csv", "--db", absent, "--email", "a@example.com"}, `must be true or false; got "maybe"`},
		"ALLOW_NEW_OPTIONS=ja":                {[]string{"import", "x.csv", "--db", absent, "--email", "a@example.com"}, `must be true or false; got "ja"`},
		"HANDLING=loose":                      {[]string{"key", "create", "--db", absent, "--email", "a@example.com"}, `must be one of strict, lenient; got "loose"`},
		"TYPE=COLOUR":                         {[]string{"property", "create", "--db", absent, "--company", "C", "--name", "X"}, `must be one of TEXT, NUMERIC, BOOLEAN, DATE, DROPDOWN; got "COLOUR"`},
		"FORMAT=xml":                          {[]string{"property", "list", "--db", absent, "--company", "C"}, `must be one of table, json; got "xml"`},
	} {
		t.Run(variable, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), binary, c.args...)
			cmd.Env = append(os.Environ(), "ACCOUNTSD_"+variable)
			output, _ := cmd.CombinedOutput()
			name, _, _ := strings.Cut(variable, "=")
			if want := "accountsd: ACCOUNTSD_" + name + " " + c.want + "\n"; cmd.ProcessState.ExitCode() != 2 || string(output) != want {
				t.Errorf("exit %d\n got %swant %s", cmd.ProcessState.ExitCode(), output, want)
			}
		})
	}
}

// A key can be made for a program that was written for the former API.
func TestKeyWithHandling(t *testing.T) { onEachStore(t, testKeyWithHandling) }

func testKeyWithHandling(t *testing.T, db string) {
	newCompanyIn(t, db)
	p := serve(t, db)
	for handling, want := range map[string]int{"lenient": http.StatusOK, "strict": http.StatusBadRequest} {
		key := mustRun(t, "key", "create", "--db", db, "--email", "a@example.com", "--handling", handling)
		// Only those programs know a limit.
		for _, path := range []string{"/v1/accounts", "/v1/clients"} {
			if status, body, err := call(t.Context(), "GET", p.url+path+"?limit=1", key, ""); err != nil || status != want {
				t.Errorf("%s %s: %d %v %s", handling, path, status, err, body)
			}
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^accountsd version \S+ \(commit \S+( and changes)? of \S+, schema \d+ on SQLite, \d+ on PostgreSQL\)$`)
	for _, asked := range []string{"--version", "version"} {
		if got := mustRun(t, asked); !form.MatchString(got) {
			t.Errorf("%s: got %q", asked, got)
		}
	}
	if got := mustRun(t, "--help"); !strings.Contains(got, "\n   completion ") {
		t.Errorf("the help does not show completion:\n%s", got)
	}
	for asked, same := range map[string]string{"help": "--help", "user help": "user --help", "help user": "user --help", "help user list": "user list --help"} {
		if got, want := mustRun(t, strings.Fields(asked)...), mustRun(t, strings.Fields(same)...); got != want {
			t.Errorf("%s: got %q", asked, got)
		}
	}
	db, _ := newCompany(t)
	p := start(t, exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", ":0"))
	if resp, err := http.Get(p.url + "/readyz"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("%v %v", resp, err)
	}
	mailtest.Eventually(t, "the request is logged", func() bool { return strings.Contains(p.log.String(), `"durationMs":`) })
	first, log, _ := strings.Cut(p.log.String(), "\n")
	for _, member := range []string{`"version":"`, `"commit":"`, `"date":"`, `"schema":`, `"url":"http://127.0.0.1:`} {
		if !strings.Contains(first, member) {
			t.Errorf("%s is not in %s", member, first)
		}
	}
	if !strings.Contains(log, `"remoteAddr":"127.0.0.1:`) {
		t.Errorf("the remote address is not in %s", log)
	}
}

// The log is text on a terminal, as which script shows itself, and where that is
// asked for.
func TestLogFormat(t *testing.T) {
	t.Parallel()
	db, _ := newCompany(t)
	command := binary + " serve --addr 127.0.0.1:0 --db " + db
	for name, args := range map[string][]string{
		"asked for":  {"bash", "-c", "exec " + command + " --log-format text 2>&1"},
		"a terminal": {"script", "-qec", command, "/dev/null"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
			log := &output{}
			cmd.Stdout = log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = cmd.Wait() }()
			defer func() { _ = cmd.Process.Signal(syscall.SIGTERM) }()
			mailtest.Eventually(t, "it logs text", func() bool {
				return strings.Contains(log.String(), "level=INFO msg=listening url=http://127.0.0.1:")
			})
		})
	}
}

// What has not arrived whole holds a stop for no longer than a moment.
func TestStopOfSilentPeers(t *testing.T) {
	t.Parallel()
	db, key := newCompany(t)
	p := serve(t, db)
	for _, text := range []string{
		"",
		"GET /readyz HT",
		"PATCH /v1/accounts/1 HTTP/1.1\r\nHost: x\r\nX-Api-Key: " + key + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /heal",
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
	mailtest.Eventually(t, "a request is served", func() bool { return strings.Contains(p.log.String(), "/healthz") })
	begin := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t); err != nil || time.Since(begin) > 4*time.Second {
		t.Errorf("%v after %s\n%s", err, time.Since(begin), p.log)
	}
}

// Who sends what is refused hears so at once, although the rest of the body never comes.
func TestRefusedBodyIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	db, key := newCompany(t)
	p := serve(t, db)
	for name, test := range map[string]struct {
		key, header string
		status      int
	}{
		"too large a body":           {key, "Content-Length: 999999999999", http.StatusRequestEntityTooLarge},
		"a body without a valid key": {"nope", "Content-Length: 1000000", http.StatusUnauthorized},
		"one that waits for a go":    {"nope", "Content-Length: 100\r\nExpect: 100-continue", http.StatusUnauthorized},
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = fmt.Fprintf(conn, "PATCH /v1/accounts/1 HTTP/1.1\r\nHost: x\r\nX-Api-Key: %s\r\nContent-Type: application/json\r\n%s\r\n\r\n{", test.key, test.header)
		if err == nil {
			err = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		}
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if resp.Body.Close(); resp.StatusCode != test.status || !resp.Close {
			t.Errorf("%s: %s, closes: %t", name, resp.Status, resp.Close)
		}
	}
}

func TestSecondSignalCuts(t *testing.T) {
	t.Parallel()
	db, _ := newCompany(t)
	p := start(t, exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", "127.0.0.1:0", "--drain", "1h"))
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	mailtest.Eventually(t, "it is stopping", func() bool { return strings.Contains(p.log.String(), `"stopping"`) })
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	failure, ok := errors.AsType[*exec.ExitError](p.wait(t))
	if status, is := failure.Sys().(syscall.WaitStatus); !ok || !is || status.Signal() != syscall.SIGINT {
		t.Errorf("ended with %v", failure)
	}
}

// A server whose file is damaged is not ready.
func TestReadyzOfDamagedFile(t *testing.T) {
	t.Parallel()
	db, key := newCompany(t)
	p := serve(t, db)
	file, err := os.OpenFile(db, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xa5}, 1<<20), 4096); err != nil {
		t.Fatal(err)
	}
	mailtest.Eventually(t, "it is not ready", func() bool {
		_, _, _ = call(t.Context(), "GET", p.url+"/v1/accounts", key, "")
		status, body, err := call(t.Context(), "GET", p.url+"/readyz", "", "")
		return err == nil && status == http.StatusServiceUnavailable && strings.Contains(body, "the database is damaged")
	})
}

func TestPropertyList(t *testing.T) { onEachStore(t, testPropertyList) }

func testPropertyList(t *testing.T, db string) {
	mustRun(t, "init", "--db", db, "--company", "C", "--email", "a@example.com")
	mustRun(t, "property", "create", "--db", db, "--company", "C", "--name", "Roof type", "--type", "DROPDOWN", "--multiple", "--option", "Tile", "--option", "Metal, blue")
	mustRun(t, "property", "create", "--db", db, "--company", "C", "--name", "Pitch", "--type", "NUMERIC")
	want := "KEY NAME   TYPE           NAME       OPTIONS\n" +
		"roof_type  DROPDOWN list  Roof type  Tile, Metal, blue\n" +
		"pitch      NUMERIC        Pitch      -"
	if got := mustRun(t, "property", "list", "--db", db, "--company", "c"); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := mustRun(t, "property", "list", "--db", db, "--company", "c", "--format", "json"); !strings.Contains(got, `"keyName": "roof_type"`) {
		t.Errorf("got %s", got)
	}
}

// The sample company is large enough to page, to search and to follow, and quick
// to make.
func TestSampleCompany(t *testing.T) { onEachStore(t, testSampleCompany) }

func testSampleCompany(t *testing.T, db string) {
	cmd := exec.CommandContext(t.Context(), binary, "init", "--db", db, "--company", "C", "--email", "ada@example.com", "--sample-data")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v %s", err, output)
	}
	if used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(); used > 3*time.Second {
		t.Errorf("took %s of the processor", used)
	}
	store := openStore(t, db)
	defer store.Close()
	active := len(strings.Split(mustRun(t, "export", "--db", db, "--company", "C", "--format", "ndjson"), "\n"))
	all := strings.Split(mustRun(t, "export", "--db", db, "--company", "C", "--format", "ndjson", "--include-archived"), "\n")
	if len(all) != 500 || active < 440 || active > 480 {
		t.Errorf("%d accounts, %d of them active", len(all), active)
	}
	users, err := store.Users(t.Context(), 1, identity.UserFilter{}, 0, 10)
	if err != nil || len(users) != 3 {
		t.Errorf("%d users, %v", len(users), err)
	}
	changes, err := store.Changes(t.Context(), 1, 0, 10_000)
	if err != nil || len(changes) < 800 {
		t.Fatalf("%d changes, %v", len(changes), err)
	}
	authors := map[int64]bool{}
	for i, c := range changes {
		authors[c.UserID] = true
		if i > 0 && c.At.Before(changes[i-1].At) {
			t.Errorf("change %d is older than the one before", i)
		}
	}
	if span := changes[len(changes)-1].At.Sub(changes[0].At); span < 5*7*24*time.Hour || changes[len(changes)-1].At.After(time.Now()) || len(authors) != 3 {
		t.Errorf("a history of %s by %d users", span, len(authors))
	}
	list := reported(t, db)
	if len(list) != 1 || list[0].Email != "lin@example.com" || list[0].Calls.Last7Days == 0 || list[0].Calls.Last30Days < 2*list[0].Calls.Last7Days {
		t.Errorf("%+v", list)
	}
	mustRun(t, "init", "--db", db, "--company", "D", "--email", "b@example.com", "--sample-data")
}
