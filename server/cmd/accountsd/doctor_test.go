package main_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// doctor runs the doctor, and returns its lines with one space between words.
func doctor(t *testing.T, variables []string, args ...string) (said string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, append([]string{"doctor"}, args...)...)
	cmd.Env = append(os.Environ(), variables...)
	output, _ := cmd.CombinedOutput()
	return regexp.MustCompile(` +`).ReplaceAllString(string(output), " "), cmd.ProcessState.ExitCode()
}

// wantFinding expects a line of the doctor, and an exit status that goes with all.
func wantFinding(t *testing.T, said string, code int, want string) {
	t.Helper()
	if !strings.Contains(said, want) {
		t.Errorf("want %q, got exit %d\n%s", want, code, said)
	}
	wrong := strings.Count("\n"+said, "\nwrong ")
	end := map[int]string{0: "Nothing is wrong.\n", 1: "1 thing is wrong.\n"}[wrong]
	if end == "" {
		end = fmt.Sprintf("%d things are wrong.\n", wrong)
	}
	if (code != 0) != (wrong > 0) || code > 1 || !strings.HasSuffix(said, end) {
		t.Errorf("exit %d\n%s", code, said)
	}
}

// A set-up in which nothing is wrong is left as it is.
func TestDoctorOfSoundSetup(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	newCompanyIn(t, db)
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	said, code := doctor(t, nil, "--db", db, "--addr", mailtest.FreeAddr(t))
	wantFinding(t, said, code, "ok users companies: 1, each with an admin and a key\n")
	if code != 0 {
		t.Errorf("exit %d\n%s", code, said)
	}
	if after, err := os.ReadFile(db); err != nil || string(after) != string(before) {
		t.Errorf("the doctor has changed the file, %v", err)
	}
	if files, err := filepath.Glob(filepath.Dir(db) + "/*"); err != nil || len(files) != 2 {
		t.Errorf("the doctor leaves %v, %v", files, err)
	}
	p := start(t, serving(t, db, "--metrics-addr", "127.0.0.1:0"))
	addr := strings.TrimPrefix(p.url, "http://")
	measures := strings.TrimSuffix(strings.TrimPrefix(metricsOf(t, p), "http://"), "/metrics")
	said, code = doctor(t, nil, "--db", db, "--addr", addr, "--metrics-addr", measures)
	wantFinding(t, said, code, "ok server a server runs at "+addr+", and is ready\n")
	if code != 0 {
		t.Errorf("beside a server: exit %d\n%s", code, said)
	}
	stopServer(t, p)
}

// What can be wrong with a file is told with what to do about it.
func TestDoctorOfFile(t *testing.T) {
	t.Parallel()
	script := func(sql string) func(*testing.T, string) {
		return func(t *testing.T, db string) { makeFile(t, db, sql) }
	}
	folder := func(t *testing.T, db string) {
		remove(t, db)
		if err := os.Mkdir(db, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	pipe := func(t *testing.T, db string) {
		remove(t, db)
		check(t, exec.CommandContext(t.Context(), "mkfifo", "-m", "644", db).Run())
	}
	older := fmt.Sprintf("note schema DB has a schema of version 14, and this program needs %d; serve brings it up, unless told --migrate=false", sqlite.SchemaVersion())
	for name, c := range map[string]struct {
		spoil func(t *testing.T, db string)
		args  []string
		want  string // DB is the path
	}{
		"no file": {func(t *testing.T, db string) { remove(t, db) }, nil, "wrong database there is no database at DB; make one with accountsd init"},
		"not a database": {func(t *testing.T, db string) {
			if err := os.WriteFile(db, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
				t.Fatal(err)
			}
		}, nil, "wrong database DB is not a database of accountsd; name another file with --db\n"},
		"damaged":        {damage, nil, "wrong database DB is damaged; restore it from a copy"},
		"readable":       {func(t *testing.T, db string) { chmod(t, db, 0o644) }, nil, "wrong files others than the owner can read or write DB, with all its records; chmod 600 DB\n"},
		"open folder":    {func(t *testing.T, db string) { chmod(t, filepath.Dir(db), 0o777) }, nil, "wrong files others than the owner can put files in the place of those in "},
		"newer schema":   {func(t *testing.T, db string) { setVersion(t, db, 1000) }, nil, "wrong database DB has a schema of version 1000, and this program knows only up to"},
		"older schema":   {func(t *testing.T, db string) { setVersion(t, db, 14) }, nil, older + ", and keeps a copy of it as it is now at DB.schema14\n"},
		"kept no copy":   {func(t *testing.T, db string) { setVersion(t, db, 14) }, []string{"--keep-copy=false"}, older + ", and there is no way back: take a copy first\n"},
		"a pipe":         {pipe, nil, "wrong database DB is no file that can hold a database; name another with --db\nok files "},
		"a folder":       {folder, nil, "wrong database DB is a folder; name a file, as in --db DB/accounts.db\n"},
		"kept schema":    {func(t *testing.T, db string) { setVersion(t, db, 14) }, []string{"--migrate=false"}, "but --migrate=false keeps serve from bringing it up; run accountsd migrate up\n"},
		"other mode":     {func(t *testing.T, db string) { pragma(t, db, "journal_mode(DELETE)") }, nil, "note database DB is not in WAL mode, as another program has left it"},
		"no index":       {func(t *testing.T, db string) { remove(t, db+"-search") }, nil, "note index there is no DB-search; the next server that starts makes it"},
		"large backlog":  {script("WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001) INSERT INTO search_queue (company_id, kind, record_id) SELECT 1, 'accounts', i + 1000 FROM n"), nil, " texts are not in the index of words, so searches are slow; that falls by itself while a server runs"},
		"large log":      {func(t *testing.T, db string) { truncate(t, db+"-wal", 200<<20) }, nil, "wrong database the log DB-wal has 200 MiB; look for a program that has been reading the file for long"},
		"no company":     {script("PRAGMA foreign_keys = OFF; DELETE FROM companies"), nil, "wrong users there is no company; make one with accountsd init\n"},
		"no admin":       {script("UPDATE users SET disabled_at = 1"), nil, "wrong users companies without an admin who is not disabled: 1 of 1"},
		"no key":         {script("UPDATE api_keys SET expires_at = 1"), nil, "wrong users companies without a valid key: 1 of 1; make one with accountsd key create\n"},
		"clock":          {script("UPDATE changes SET at = 32503680000000"), nil, "wrong clock the last write of an account is of 3000-01-01T00:00:00Z"},
		"paused webhook": {script(hookOf("'gone', 1, 0")), nil, "wrong webhooks paused: 1, since the receivers took nothing for days or wanted no more; nothing is lost"},
		"failing":        {script(hookOf("'', NULL, 3")), nil, "note webhooks receivers that take nothing at the moment: 1; they are tried again"},
		"open network":   {func(*testing.T, string) {}, []string{"--webhook-allow-private", "10.0.0.0/8"}, "note webhooks --webhook-allow-private lets whoever may make webhooks send requests to 10.0.0.0/8"},
		"part of a copy": {script("CREATE TABLE " + copying.Note + " (n)"), nil, "wrong database DB is only a part of a copy; give the accountsd copy that makes it again"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := filepath.Join(t.TempDir(), "a.db")
			newCompanyIn(t, db)
			c.spoil(t, db)
			said, code := doctor(t, nil, append([]string{"--db", db, "--addr", mailtest.FreeAddr(t)}, c.args...)...)
			wantFinding(t, said, code, strings.ReplaceAll(c.want, "DB", db))
			if wrong := !strings.HasPrefix(c.want, "note"); wrong != (code == 1) {
				t.Errorf("exit %d\n%s", code, said)
			}
		})
	}
}

// hookOf adds a webhook with a reason and a time of its pause, and failures.
func hookOf(values string) string {
	return `INSERT INTO webhooks (company_id, url, description, kinds, members, secret, former_secret, position, ahead, created_at, updated_at, pause_reason, paused_at, failures)
VALUES (1, 'https://hooks.example.com', '', '[]', '[]', '', '', 0, '[]', 1, 1, ` + values + `)`
}

// pragma opens a file with a pragma, and closes it.
func pragma(t *testing.T, db, pragma string) {
	t.Helper()
	conn, err := engine.Open(t.Context(), engine.File(db, engine.LockTimeout, pragma))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func truncate(t *testing.T, path string, size int64) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := file.Truncate(size); err != nil {
		t.Fatal(err)
	}
}

// damage writes over a part of each page but the first.
func damage(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		t.Fatal(err)
	}
	for at := int64(4096); at < size; at += 4096 {
		if _, err := file.WriteAt([]byte(strings.Repeat("?", 100)), at+4000); err != nil {
			t.Fatal(err)
		}
		if _, err := file.WriteAt([]byte("????????"), at); err != nil {
			t.Fatal(err)
		}
	}
}

// Damage in a file that a server does not look through at its start is told as well.
func TestDoctorOfLargeFile(t *testing.T) {
	t.Parallel()
	db := filepath.Join(t.TempDir(), "a.db")
	newCompanyIn(t, db)
	makeFile(t, db, fmt.Sprintf("CREATE TABLE filling (x); INSERT INTO filling VALUES (zeroblob(%d))", sqlite.MaxChecked+1))
	pragma(t, db, "wal_checkpoint(TRUNCATE)")
	file, err := os.OpenFile(db, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := file.Stat()
	if err != nil || info.Size() < sqlite.MaxChecked {
		t.Fatal(info, err)
	}
	defer file.Close()
	if _, err := file.WriteAt([]byte{0xff, 0xff, 0xff, 0xff}, info.Size()-4096*100); err != nil { // a link from page to page
		t.Fatal(err)
	}
	said, code := doctor(t, nil, "--db", db, "--addr", mailtest.FreeAddr(t))
	wantFinding(t, said, code, "wrong database "+db+" is damaged: ")
	if !strings.Contains(said, "; stop the server, and restore the file from a copy, or save what can be read with sqlite3 "+db+" .recover\n") {
		t.Error(said)
	}
}

// What can be wrong at the door and beside it.
func TestDoctorOfAddresses(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	newCompanyIn(t, db)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	go func() {
		for {
			conn, err := taken.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("no HTTP, and no SMTP\r\n"))
			_ = conn.Close()
		}
	}()
	free := func() string { return mailtest.FreeAddr(t) }
	port := func(addr string) string { return addr[strings.LastIndexByte(addr, ':'):] }
	certified := t.TempDir()
	writeCertificate(t, certified, 1)
	encrypted := func(addr string) []string {
		return []string{"--addr", addr, "--tls-cert", filepath.Join(certified, "cert.pem"), "--tls-key", filepath.Join(certified, "key.pem")}
	}
	for name, c := range map[string]struct {
		variables []string
		args      []string
		want      string
	}{
		"encrypted":      {args: encrypted("0.0.0.0" + port(free())), want: "note certificate " + filepath.Join(certified, "cert.pem") + " expires at "},
		"half a pair":    {args: encrypted(free())[:4], want: "wrong certificate --tls-cert and --tls-key go together"},
		"no certificate": {args: append(encrypted(free()), "--tls-key", "/nowhere"), want: "wrong certificate read the certificate in "},
		"taken":          {args: []string{"--addr", taken.Addr().String()}, want: "wrong address a server could not listen on --addr " + taken.Addr().String() + ": address already in use; end the program that does"},
		"metrics taken":  {args: []string{"--addr", free(), "--metrics-addr", taken.Addr().String()}, want: "wrong address a server could not listen on --metrics-addr "},
		"exposed":        {args: []string{"--addr", "0.0.0.0" + port(free())}, want: " is reached from other machines, and keys and passwords travel in clear text; listen on 127.0.0.1, have a proxy with TLS"},
		"proxied":        {args: []string{"--addr", "0.0.0.0" + port(free()), "--trusted-proxies", "10.0.0.1"}, want: "ok address --addr 0.0.0.0"},
		"plain url":      {args: []string{"--addr", "0.0.0.0" + port(free()), "--trusted-proxies", "10.0.0.1", "--public-url", "http://crm.example.com"}, want: "wrong address --public-url http://crm.example.com leads callers to clear text"},
		"open metrics":   {args: []string{"--addr", free(), "--metrics-addr", "0.0.0.0" + port(free())}, want: "note address --metrics-addr 0.0.0.0"},
		"no mail":        {args: []string{"--addr", free()}, want: "note mail there is no mail server (--smtp-url)"},
		"mail away":      {args: []string{"--addr", free(), "--public-url", "https://crm.example.com", "--smtp-url", "smtp://ada:s3cret@" + free() + "?from=a@example.com"}, want: "wrong mail no mail can be sent: the server cannot be reached; look at the host and the port of --smtp-url"},
		"no mail server": {args: []string{"--addr", free(), "--public-url", "https://crm.example.com", "--smtp-url", "smtp://ada:s3cret@" + taken.Addr().String() + "?from=a@example.com"}, want: "wrong mail no mail can be sent: "},
		"no public url":  {args: []string{"--addr", free(), "--smtp-url", "smtp://127.0.0.1?from=a@example.com"}, want: "wrong mail the server's public URL must look like https://accounts.example.com; got "},
		"traces":         {variables: []string{"OTEL_TRACES_EXPORTER=zipkin"}, args: []string{"--addr", free()}, want: `wrong traces OTEL_TRACES_EXPORTER must be otlp or none; got "zipkin"; no server starts like this`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			said, code := doctor(t, c.variables, append([]string{"--db", db}, c.args...)...)
			wantFinding(t, said, code, c.want)
			if strings.Contains(said, "s3cret") {
				t.Errorf("the password is shown:\n%s", said)
			}
		})
	}
}

// The mail server is asked for TLS and the login as when a mail is sent.
func TestDoctorOfMail(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	newCompanyIn(t, db)
	plain := mailtest.Start(t, mailtest.FreeAddr(t))
	for url, want := range map[string]string{
		"smtp://" + plain.Addr + "?from=a@example.com&starttls=off": "ok mail the mail server takes mails\n",
		"smtp://" + plain.Addr + "?from=a@example.com":              "wrong mail no mail can be sent: TLS fails; look at the server's certificate",
	} {
		said, code := doctor(t, []string{"ACCOUNTSD_SMTP_URL=" + url}, "--db", db, "--addr", mailtest.FreeAddr(t), "--public-url", "https://crm.example.com")
		wantFinding(t, said, code, want)
	}
	if messages := plain.Messages(t); len(messages) > 0 {
		t.Errorf("the doctor has sent %v", messages)
	}
}

// A large file is looked for damage while the server answers. It ends as if it had been
// refused at once.
func TestServeOfLargeDamagedFile(t *testing.T) {
	t.Parallel()
	db, _ := newCompany(t)
	makeFile(t, db, "CREATE TABLE filling (x); INSERT INTO filling VALUES (zeroblob(8000000))")
	pragma(t, db, "wal_checkpoint(TRUNCATE)")
	file, err := os.OpenFile(db, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteAt(bytes.Repeat([]byte{0xa5}, 1<<20), 4_000_000); err != nil {
		t.Fatal(err)
	}
	_, stderr, status := run(t, "", "serve", "--db", db, "--addr", "127.0.0.1:0")
	want := "accountsd: " + db + " is damaged; restore it from a copy, or save what can be read with sqlite3 " + db + " .recover\n"
	if status != 1 || !strings.HasSuffix(stderr, want) {
		t.Errorf("exit %d, %s", status, stderr)
	}
}
