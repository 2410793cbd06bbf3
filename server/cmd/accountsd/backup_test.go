package main_test

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/store/sqlite"
)

// addSamples fills a new database with a company that has worked.
func addSamples(t *testing.T, db string) {
	t.Helper()
	_, stderr, code := run(t, "a long password\n", "init", "--db", db, "--company", "C", "--email", "ada@example.com", "--password-stdin", "--sample-data")
	if code != 0 {
		t.Fatal(stderr)
	}
}

// What all commands write is sound, and verify prints where the history ends.
func TestVerify(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		addSamples(t, db)
		stdout, stderr, code := run(t, "", "verify", "--db", db)
		if code != 0 || !regexp.MustCompile(`^COMPANY +SEQUENCE +HASH\n1 +\d{4} +[0-9a-f]{64}\n$`).MatchString(stdout) {
			t.Errorf("exit %d\n%s%s", code, stdout, stderr)
		}
		if !regexp.MustCompile(` has no fault: looked at 500 accounts, \d+ contacts and \d+ entries of history, in [\d.]+m?s\n$`).MatchString(stderr) {
			t.Errorf("said %s", stderr)
		}
		if !onPostgres(db) {
			return
		}
		// The same database as a file has the same hashes.
		file := filepath.Join(t.TempDir(), "copy.db")
		mustRun(t, "copy", "--from", db, "--to", file)
		if copied := mustRun(t, "verify", "--db", file) + "\n"; copied != stdout {
			t.Errorf("%s\nand copied\n%s", stdout, copied)
		}
	})
}

// alter alters a byte of a file, in the first entry of history that sets a roof.
func alter(t *testing.T, path string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(text, []byte(`{"custom.roof_type":{"before":null,"after":"`))
	if at < 0 {
		t.Fatalf("%s has no such text", path)
	}
	text[at+len(`{"custom.roof_type":{"before":null,"after":"`)]++
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// One altered byte in an entry of the history is named, no backup is made of such a
// file and none is restored, unless that is asked for.
func TestAlteredHistory(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db, to := filepath.Join(dir, "accounts.db"), filepath.Join(dir, "backup.db")
	addSamples(t, db)
	alter(t, db)
	line := regexp.MustCompile(`(?m)^company 1, account \d+, sequence \d+: the hash of the entry does not follow from the one before it: .*; compare with a backup .*$`)
	stdout, stderr, code := run(t, "", "verify", "--db", db)
	if code != 1 || !line.MatchString(stdout) || !regexp.MustCompile(`^accountsd: \d+ faults? in `+regexp.QuoteMeta(db)+": looked at ").MatchString(stderr) {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	for _, args := range [][]string{{"backup", "--db", db, "--to", to}, {"restore", "--from", db, "--db", to}} {
		stdout, stderr, code := run(t, "", args...)
		if code != 1 || !line.MatchString(stdout) || !strings.Contains(stderr, "no file was made; with --no-verify it is made nevertheless\n") {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
		if _, err := os.Stat(to); err == nil {
			t.Errorf("%v made it", args)
		}
	}
	mustRun(t, "backup", "--db", db, "--to", to, "--no-verify")
	stdout, stderr, code = run(t, "", "copy", "--from", db, "--to", filepath.Join(dir, "copy.db"))
	if code != 1 || !line.MatchString(stdout) || !strings.Contains(stdout, "TABLE ") || !strings.Contains(stderr, "the copy is complete, but what was copied is not sound: 1 fault in the hashes of its history; see accountsd verify\n") {
		t.Errorf("copy: exit %d\n%s%s", code, stdout, stderr)
	}
}

// A backup that is made while the server writes restores to a database that is sound
// and is served.
func TestBackupOfServed(t *testing.T) {
	t.Parallel()
	db, key := newCompany(t)
	p := serve(t, db)
	dir := t.TempDir()
	backup, restored := filepath.Join(dir, "backup.db"), filepath.Join(dir, "restored.db")
	body := `{"title":"Before","address":["x"]}`
	if status, answer, err := call(t.Context(), "POST", p.url+"/v1/accounts", key, body); err != nil || status != 201 {
		t.Fatal(status, answer, err)
	}
	if got, want := mustRun(t, "backup", "--db", db, "--to", backup), backup+" is a backup of "+db; got != want {
		t.Errorf("said %s, want %s", got, want)
	}
	if status, answer, err := call(t.Context(), "POST", p.url+"/v1/accounts", key, strings.Replace(body, "Before", "After", 1)); err != nil || status != 201 {
		t.Fatal(status, answer, err)
	}
	mustRun(t, "verify", "--db", db)
	mustRun(t, "restore", "--from", backup, "--db", restored)
	again := serve(t, restored)
	status, answer, err := call(t.Context(), "GET", again.url+"/v1/accounts", key, "")
	if err != nil || status != 200 || !strings.Contains(answer, "Before") || strings.Contains(answer, "After") {
		t.Errorf("%d %s %v", status, answer, err)
	}
}

// What cannot be done is said in one line, and leaves nothing behind.
func TestBackupErrors(t *testing.T) {
	t.Parallel()
	db, _ := newCompany(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	mustRun(t, "backup", "--db", db, "--to", in("there.db"))
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"backup", "--db", db, "--to", in("there.db")}, 1, in("there.db") + " is there already, and is not overwritten; name another file, or move it away"},
		{[]string{"restore", "--from", in("there.db"), "--db", db}, 1, db + " is there already, and is not overwritten; name another file, or move it away"},
		{[]string{"backup", "--db", in("absent.db"), "--to", in("new.db")}, 1, "there is no database at " + in("absent.db") + "; make one with accountsd init, or name another file with --db"},
		{[]string{"restore", "--from", in("absent.db"), "--db", in("new.db")}, 1, "there is no database at " + in("absent.db") + "; make one with accountsd init, or name another file with --from"},
		{[]string{"backup", "--db", "postgres://ada:secret@127.0.0.1:1/x", "--to", in("new.db")}, 2, "a PostgreSQL database is backed up by its own programs: pg_dump for one moment, pg_basebackup and an archive of the log for any; docs/postgresql.md has the commands; see accountsd backup --help"},
		{[]string{"restore", "--from", in("there.db"), "--db", "postgres://ada:secret@127.0.0.1:1/x"}, 2, "a backup is restored to a file; to put it on PostgreSQL, use accountsd copy --from " + in("there.db") + " --to postgres://ada@127.0.0.1:1/x, and for what pg_dump or pg_basebackup made see docs/postgresql.md; see accountsd restore --help"},
		{[]string{"backup", "--db", db}, 2, `required flag "to" not set; see accountsd backup --help`},
	} {
		stdout, stderr, code := run(t, "", c.args...)
		if code != c.code || stdout != "" || stderr != "accountsd: "+c.want+"\n" {
			t.Errorf("%v: exit %d, stdout %q\n got %swant %s", c.args, code, stdout, stderr, c.want)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// A backup of an older release is looked at for damage, and restored as it is. Its
// records can be verified when it has the schema of the program.
func TestRestoreOlder(t *testing.T) {
	t.Parallel()
	db, _ := newCompany(t)
	text, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	text[63] = byte(sqlite.SchemaVersion() - 1) // the version, in the header of the file
	dir := t.TempDir()
	older, restored := filepath.Join(dir, "older.db"), filepath.Join(dir, "restored.db")
	if err := os.WriteFile(older, text, 0o600); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "restore", "--from", older, "--db", restored)
	_, stderr, code := run(t, "", "verify", "--db", restored)
	if code != 1 || !strings.Contains(stderr, "bring it up by accountsd migrate up, or use the accountsd that wrote it") {
		t.Errorf("exit %d %s", code, stderr)
	}
}
