package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// pair is a server and the database that follows it.
type pair struct {
	source  *process
	key     string
	keyFile string
	copy    string
}

func newPair(t *testing.T, copied string) *pair {
	t.Helper()
	db, key := newCompany(t)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &pair{source: serve(t, db), key: key, keyFile: file, copy: copied}
}

// follow starts a follower.
func (p *pair) follow(t *testing.T, more ...string) *process {
	t.Helper()
	args := append([]string{"follow", "--from", p.source.url, "--db", p.copy, "--key-file", p.keyFile, "--interval", "20ms"}, more...)
	f := &process{cmd: exec.CommandContext(t.Context(), binary, args...), log: &output{}, end: make(chan error, 1)}
	f.cmd.Stderr = f.log
	if err := f.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { f.end <- f.cmd.Wait() }()
	t.Cleanup(func() { _ = f.cmd.Process.Kill() })
	return f
}

func (p *pair) verify(t *testing.T) (stdout, stderr string, code int) {
	t.Helper()
	return run(t, "", "verify", "--db", p.copy, "--against", p.source.url, "--key-file", p.keyFile)
}

// awaitEqual waits until the copy is what the source has.
func (p *pair) awaitEqual(t *testing.T, f *process) {
	t.Helper()
	var stdout, stderr string
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		code := 0
		if stdout, stderr, code = p.verify(t); code == 0 {
			return
		}
	}
	t.Fatalf("they do not become equal:\n%s%s%s", stdout, stderr, f.log)
}

// create creates an account, and returns the answer.
func create(t *testing.T, url, key, title string) string {
	t.Helper()
	status, answer, err := call(t.Context(), "POST", url+"/v1/accounts", key, fmt.Sprintf(`{"title":%q,"address":["x"]}`, title))
	if err != nil || status != http.StatusCreated {
		t.Fatal(status, answer, err)
	}
	return answer
}

func (p *process) signal(t *testing.T, signal os.Signal) error {
	t.Helper()
	if err := p.cmd.Process.Signal(signal); err != nil {
		t.Fatalf("%v\n%s", err, p.log)
	}
	return p.wait(t)
}

// A follower and its source are killed, and go on; until the promotion nothing serves
// the copy, and after it the copy goes on where the source was.
func TestFollowAndPromote(t *testing.T) { onEachStore(t, testFollowAndPromote) }

func testFollowAndPromote(t *testing.T, db string) {
	p := newPair(t, db)
	f := p.follow(t)
	p.awaitEqual(t, f)
	for _, args := range [][]string{{"serve", "--addr", "127.0.0.1:0"}, {"key", "create", "--email", "a@example.com"}} {
		if _, stderr, code := run(t, "", append(args, "--db", db)...); code != 1 || !strings.Contains(stderr, "follows another installation; make it one of its own with accountsd promote") {
			t.Errorf("%v: exit %d, said %s", args, code, stderr)
		}
	}
	create(t, p.source.url, p.key, "Two")
	_ = f.signal(t, syscall.SIGKILL)
	source := p.source.cmd.Args
	_ = p.source.signal(t, syscall.SIGKILL)
	p.source = start(t, exec.CommandContext(t.Context(), source[0], source[1:]...))
	create(t, p.source.url, p.key, "Three")
	f = p.follow(t)
	p.awaitEqual(t, f)
	if err := f.signal(t, syscall.SIGTERM); err != nil {
		t.Errorf("a clean stop ends with %v\n%s", err, f.log)
	}
	create(t, p.source.url, p.key, "Lost")
	stdout, stderr, code := p.verify(t)
	if code != 1 || !strings.Contains(stdout, "\naccounts: 4 (only at the source)\n") || !strings.Contains(stderr, " is not what "+p.source.url+" has: differing records: 3\n") {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
	_ = p.source.signal(t, syscall.SIGTERM)
	testPromoted(t, p)
}

// What was undeleted, taken back and merged at the source is so in the copy, whose history
// leads to what its accounts are.
func TestFollowTakenBack(t *testing.T) { onEachStore(t, testFollowTakenBack) }

func testFollowTakenBack(t *testing.T, db string) {
	p := newPair(t, db)
	f := p.follow(t)
	create(t, p.source.url, p.key, "Two")
	create(t, p.source.url, p.key, "Three")
	for _, request := range []string{
		`PATCH /1 {"title":"First"}`, `DELETE /1`, `POST /1/undelete`, `POST /1/changes/4/revert`,
		`POST /1/merge {"from":[{"id":2},{"id":3}]}`, `POST /1/changes/10/revert`, `POST /2/merge {"from":[{"id":3}]}`,
	} {
		method, rest, _ := strings.Cut(request, " ")
		path, body, _ := strings.Cut(rest, " ")
		if status, answer, err := call(t.Context(), method, p.source.url+"/v1/accounts"+path, p.key, body); err != nil || status/100 != 2 {
			t.Fatal(request, status, answer, err)
		}
		p.awaitEqual(t, f)
	}
	if err := f.signal(t, syscall.SIGTERM); err != nil {
		t.Errorf("a clean stop ends with %v\n%s", err, f.log)
	}
	if stdout, stderr, code := run(t, "", "verify", "--db", db); code != 0 {
		t.Errorf("exit %d\n%s%s", code, stdout, stderr)
	}
}

func testPromoted(t *testing.T, p *pair) {
	t.Helper()
	key, stderr, code := run(t, "", "promote", "--db", p.copy)
	key = strings.TrimSuffix(key, "\n")
	if code != 0 || !keyForm.MatchString(key) || !strings.Contains(stderr, "the history up to sequence 3. It is without passwords, keys, ") || !strings.Contains(stderr, "The key is one of a@example.com.\n") {
		t.Fatalf("exit %d\n%s%s", code, key, stderr)
	}
	mustRun(t, "verify", "--db", p.copy)
	promoted := serve(t, p.copy)
	answer := create(t, promoted.url, key, "Five")
	if !regexp.MustCompile(`^\{"id":1004,`).MatchString(answer) || !strings.Contains(answer, `"number":4,`) {
		t.Errorf("the next account is %s", answer)
	}
	status, answer, err := call(t.Context(), "GET", promoted.url+"/v1/accounts/changes?after=3", key, "")
	if err != nil || status != http.StatusOK || !strings.Contains(answer, `"sequence":"0000000000000000004"`) || strings.Count(answer, `"sequence"`) != 1 {
		t.Errorf("the feed goes on with %d %s %v", status, answer, err)
	}
	if status, answer, err := call(t.Context(), "GET", promoted.url+"/v1/accounts", p.key, ""); err != nil || status != http.StatusUnauthorized {
		t.Errorf("the key of the source: %d %s %v", status, answer, err)
	}
	if _, stderr, code := run(t, "", "promote", "--db", p.copy); code != 1 || !strings.Contains(stderr, "there is nothing to promote") {
		t.Errorf("exit %d, said %s", code, stderr)
	}
}

// A source that was restored from a backup, and so has another history, ends the
// follower, with what to do about it.
func TestFollowRestored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := newPair(t, filepath.Join(dir, "copy.db"))
	db, backup, restored := p.source.cmd.Args[3], filepath.Join(dir, "backup.db"), filepath.Join(dir, "restored.db")
	mustRun(t, "backup", "--db", db, "--to", backup)
	create(t, p.source.url, p.key, "Two")
	f := p.follow(t)
	p.awaitEqual(t, f)
	if err := f.signal(t, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	mustRun(t, "restore", "--from", backup, "--db", restored)
	p.source = serve(t, restored)
	create(t, p.source.url, p.key, "Another two")
	f = p.follow(t)
	if err := f.wait(t); err == nil || !strings.Contains(f.log.String(), "does not have the change 2 as this copy does: the source was restored from a backup, or is another one; give --restart to make the copy anew") {
		t.Errorf("%v\n%s", err, f.log)
	}
	f = p.follow(t, "--restart")
	p.awaitEqual(t, f)
}

// What cannot be done is said in one line.
func TestFollowErrors(t *testing.T) {
	t.Parallel()
	p := newPair(t, filepath.Join(t.TempDir(), "copy.db"))
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("acc_guess"), 0o600); err != nil {
		t.Fatal(err)
	}
	own := p.source.cmd.Args[3]
	for name, c := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no key":               {[]string{"follow", "--from", p.source.url, "--db", p.copy}, 2, "set ACCOUNTSD_KEY to a key of " + p.source.url + " with the scope admin, or name a file that has it with --key-file"},
		"no file of the key":   {[]string{"follow", "--from", p.source.url, "--db", p.copy, "--key-file", wrong + "x"}, 1, "no such file"},
		"a wrong key":          {[]string{"follow", "--from", p.source.url, "--db", p.copy, "--key-file", wrong}, 1, "does not know the key"},
		"a wrong URL":          {[]string{"follow", "--from", "localhost", "--db", p.copy, "--key-file", wrong}, 2, "--from must be a URL such as"},
		"a database of others": {[]string{"follow", "--from", p.source.url, "--db", own, "--key-file", p.keyFile}, 1, "has records of its own"},
		"to remove that":       {[]string{"follow", "--restart", "--from", p.source.url, "--db", own, "--key-file", p.keyFile}, 1, "does not follow another installation, so it is not removed"},
		"to promote that":      {[]string{"promote", "--db", own}, 1, "there is nothing to promote"},
		"to promote nothing":   {[]string{"promote", "--db", p.copy + "x"}, 1, "there is no database at"},
		"to compare nothing":   {[]string{"verify", "--against", p.source.url, "--db", p.copy + "x", "--key-file", p.keyFile}, 1, "there is no database at"},
	} {
		stdout, stderr, code := run(t, "", c.args...)
		last := stderr[strings.LastIndex(strings.TrimSuffix(stderr, "\n"), "\n")+1:]
		if code != c.code || stdout != "" || !strings.HasPrefix(last, "accountsd: ") || !strings.Contains(last, c.want) {
			t.Errorf("%s: exit %d\n%s%s", name, code, stdout, stderr)
		}
	}
}
