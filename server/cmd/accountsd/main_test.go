package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/mail/mailtest"
)

// binary is accountsd as "make build" builds it.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "accountsd")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "accountsd")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, output))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// run runs accountsd to its end, and returns its output and exit status.
func run(t *testing.T, stdin string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	var out, errOut bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errOut
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

func mustRun(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, code := run(t, "", args...)
	if code != 0 {
		t.Fatalf("accountsd %v: exit %d\n%s", args, code, stderr)
	}
	return strings.TrimSuffix(stdout, "\n")
}

// output is what a process has written so far.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a serving accountsd.
type process struct {
	cmd *exec.Cmd
	url string
	log *output
	end chan error
}

// start runs a command that serves on a port of its choice, and waits until its
// log names the URL.
func start(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: cmd, log: &output{}, end: make(chan error, 1)}
	listening := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(io.TeeReader(stderr, p.log))
		for lines.Scan() {
			var line struct{ Msg, URL string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
				listening <- line.URL
			}
		}
		p.end <- cmd.Wait()
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	select {
	case p.url = <-listening:
	case err := <-p.end:
		t.Fatalf("ended early: %v\n%s", err, p.log)
	case <-time.After(20 * time.Second):
		t.Fatal("does not listen")
	}
	return p
}

func serve(t *testing.T, db string) *process {
	t.Helper()
	return start(t, exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", "127.0.0.1:0"))
}

func (p *process) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.end:
		return err
	case <-time.After(20 * time.Second):
		t.Fatal("does not end")
		return nil
	}
}

// call sends a request with a key and returns the status and the body.
func call(ctx context.Context, method, url, key, body string) (int, string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	req.Header.Set("x-api-key", key)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

var keyForm = regexp.MustCompile(`^acc_[A-Za-z0-9_-]{43}$`)

func TestInitAndKeysWhileServing(t *testing.T) { onEachStore(t, testInitAndKeysWhileServing) }

func testInitAndKeysWhileServing(t *testing.T, db string) {
	stdout, stderr, code := run(t, "correct horse battery\n", "init", "--db", db, "--company", "Sunrise Services", "--email", "Ada@Example.com", "--password-stdin", "--sample-data")
	first := strings.TrimSuffix(stdout, "\n")
	if code != 0 || !keyForm.MatchString(first) || !strings.Contains(stderr, "Sunrise Services") {
		t.Fatalf("exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	p := serve(t, db)
	second := mustRun(t, "key", "create", "--db", db, "--email", "ada@example.com", "--name", "reader", "--scopes", "read")
	if got := mustRun(t, "property", "create", "--db", db, "--company", "sunrise services", "--name", "Favourite colour", "--type", "DROPDOWN", "--option", "Red", "--option", "Blue"); got != "favourite_colour" {
		t.Errorf("keyName %q", got)
	}
	for _, c := range []struct {
		key, body string
		status    int
	}{
		{first, `{"custom":{"favourite_colour":"red"}}`, 200},
		{first, `{"custom":{"favourite_colour":"green"}}`, 400},
		{second, `{"title":"x"}`, 403},
		{"acc_guess", `{}`, 401},
	} {
		status, body, err := call(t.Context(), "PATCH", p.url+"/v1/accounts/1", c.key, c.body)
		if err != nil || status != c.status {
			t.Errorf("%s: %d %v %s", c.body, status, err, body)
		}
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t); err != nil {
		t.Errorf("a clean stop ends with %v\n%s", err, p.log)
	}
	if _, err := os.Stat(db + "-wal"); err == nil {
		t.Error("a clean stop leaves a log behind")
	}
}

func TestCommandErrors(t *testing.T) { onEachStore(t, testCommandErrors) }

func testCommandErrors(t *testing.T, db string) {
	dir := t.TempDir()
	mustRun(t, "init", "--db", db, "--company", "Sunrise Services", "--email", "ada@example.com")
	for name, c := range map[string]struct {
		stdin string
		args  []string
		want  string
	}{
		"a company twice":         {"", []string{"init", "--db", db, "--company", "SUNRISE services", "--email", "b@example.com"}, "taken"},
		"no e-mail address":       {"", []string{"init", "--db", db, "--company", "B", "--email", "nobody"}, "e-mail address"},
		"a short password":        {"short\n", []string{"init", "--db", db, "--company", "B", "--email", "b@example.com", "--password-stdin"}, "at least"},
		"an unknown user":         {"", []string{"key", "create", "--db", db, "--email", "b@example.com"}, "not found"},
		"an unknown scope":        {"", []string{"key", "create", "--db", db, "--email", "ada@example.com", "--scopes", "write,root"}, "read, write, admin"},
		"an unknown company":      {"", []string{"property", "create", "--db", db, "--company", "B", "--name", "X", "--type", "TEXT"}, "not found"},
		"an unknown type":         {"", []string{"property", "create", "--db", db, "--company", "Sunrise Services", "--name", "X", "--type", "COLOUR"}, "DROPDOWN"},
		"options of a text":       {"", []string{"property", "create", "--db", db, "--company", "Sunrise Services", "--name", "X", "--type", "TEXT", "--option", "a"}, "option"},
		"an address in use":       {"", []string{"serve", "--db", db, "--addr", "256.0.0.1:1"}, "256.0.0.1"},
		"a folder that is absent": {"", []string{"serve", "--db", filepath.Join(dir, "absent", "a.db"), "--addr", "127.0.0.1:0"}, "absent"},
		"an unknown region":       {"", []string{"serve", "--db", db, "--phone-region", "XX"}, "ISO 3166"},
		"a negative limit":        {"", []string{"serve", "--db", db, "--rate-limit", "-1"}, "0 or more"},
		"no time at all":          {"", []string{"serve", "--db", db, "--timeout", "0s"}, "more than 0"},
		"another database":        {"", []string{"serve", "--db", "mysql://ada@127.0.0.1/a"}, "begins with postgres://"},
		"settings of a database":  {"", []string{"copy", "--from", db, "--to", "host=127.0.0.1 dbname=a"}, "--to must be the PATH of an SQLite file"},
		"an unknown flag":         {"", []string{"serve", "--databse", db}, "databse"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stdout, stderr, code := run(t, c.stdin, c.args...)
			if code == 0 || !strings.Contains(stderr, c.want) || strings.Contains(stdout, "acc_") {
				t.Errorf("exit %d\nstdout %q\nstderr %q, want %q", code, stdout, stderr, c.want)
			}
		})
	}
}

// A kill in the middle of concurrent updates loses none that was answered.
func TestKillLosesNoAnsweredUpdate(t *testing.T) { onEachStore(t, testKillLosesNoAnsweredUpdate) }

func testKillLosesNoAnsweredUpdate(t *testing.T, db string) {
	key := mustRun(t, "init", "--db", db, "--company", "C", "--email", "a@example.com", "--sample-data")
	p := serve(t, db)
	for i := range 25 {
		status, body, err := call(t.Context(), "POST", p.url+"/v1/properties", key, fmt.Sprintf(`{"name":"Counter %d","type":"NUMERIC"}`, i))
		if err != nil || status != http.StatusCreated {
			t.Fatalf("%d %v %s", status, err, body)
		}
	}
	var group sync.WaitGroup
	var updates atomic.Int64    // that were answered
	answered := make([]int, 50) // by worker: the last value that was answered
	for worker := range answered {
		group.Go(func() {
			for value := 1; value <= 10_000; value++ {
				// Two accounts, 25 members each: every member has one writer.
				url := fmt.Sprintf("%s/v1/accounts/%d", p.url, 1+worker%2)
				status, _, err := call(t.Context(), "PATCH", url, key, fmt.Sprintf(`{"custom":{"counter_%d":%d}}`, worker/2, value))
				if err != nil || status != http.StatusOK {
					return // It is dead.
				}
				answered[worker] = value
				updates.Add(1)
			}
		})
	}
	mailtest.Eventually(t, "updates are under way", func() bool { return updates.Load() >= 250 })
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	group.Wait()
	_ = p.wait(t)

	p = serve(t, db)
	var custom [2]map[string]int
	for i := range custom {
		_, body, err := call(t.Context(), "GET", fmt.Sprintf("%s/v1/accounts/%d", p.url, 1+i), key, "")
		if err != nil {
			t.Fatal(err)
		}
		var account struct{ Custom map[string]any }
		if err := json.Unmarshal([]byte(body), &account); err != nil {
			t.Fatal(err)
		}
		custom[i] = map[string]int{}
		for name, value := range account.Custom {
			if number, ok := value.(float64); ok && strings.HasPrefix(name, "counter_") {
				custom[i][name] = int(number)
			}
		}
	}
	total := 0
	for worker, value := range answered {
		stored := custom[worker%2][fmt.Sprintf("counter_%d", worker/2)]
		if stored < value || stored > value+1 { // The one under way may or may not be in.
			t.Errorf("worker %d: answered %d, stored %d", worker, value, stored)
		}
		total += value
	}
	if total == 0 {
		t.Error("no update was answered before the kill")
	}
	t.Logf("%d updates were answered before the kill", total)
}

// What "make run" prints can be pasted, and does what it says.
func TestSampleRun(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	// What it prints goes to a file, which holds all of it as soon as it listens.
	printed := filepath.Join(t.TempDir(), "printed")
	runSample := func() *process {
		stdout, err := os.Create(printed)
		if err != nil {
			t.Fatal(err)
		}
		defer stdout.Close()
		cmd := exec.CommandContext(t.Context(), "./run-sample.sh")
		cmd.Env = append(os.Environ(), "ACCOUNTSD="+binary, "DATA="+data, "ADDR=127.0.0.1:0")
		cmd.Stdout = stdout
		return start(t, cmd)
	}
	p := runSample()
	text, err := os.ReadFile(printed)
	if err != nil {
		t.Fatal(err)
	}
	var answers []map[string]any
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		// The port is only known once it listens.
		line = strings.ReplaceAll(line, "http://127.0.0.1:0", p.url)
		output, err := exec.CommandContext(t.Context(), "bash", "-c", line).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		var answer map[string]any
		if err := json.Unmarshal(output, &answer); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, output)
		}
		answers = append(answers, answer)
	}
	if len(answers) != 3 {
		t.Fatalf("%d curl lines:\n%s", len(answers), text)
	}
	if got := answers[0]; got["primaryEmail"] != "office@sunrise.example" || got["custom"].(map[string]any)["roof_type"] != "Metal" {
		t.Errorf("the patch: %v", got)
	}
	if got := answers[1]; got["custom"].(map[string]any)["roof_type"] != "Thatch" {
		t.Errorf("the new option: %v", got)
	}
	if got, _ := answers[2]["errors"].([]any); len(got) != 3 {
		t.Errorf("the mistakes: %v", answers[2])
	}
	first, err := os.ReadFile(filepath.Join(data, "key"))
	if err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	_ = p.wait(t)

	// A second start serves the same company with the same key.
	p = runSample()
	if status, body, err := call(t.Context(), "GET", p.url+"/v1/accounts/1", strings.TrimSpace(string(first)), ""); err != nil || status != http.StatusOK {
		t.Errorf("%d %v %s", status, err, body)
	}
}
