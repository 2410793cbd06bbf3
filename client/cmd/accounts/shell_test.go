package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestMain makes the test binary the program itself where a test asks for it.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_ACCOUNTS") == "yes" {
		main()
	}
	os.Exit(m.Run())
}

const password = "correct horse battery"

// shell runs the program as a process, and writes down what it prints.
type shell struct {
	t    *testing.T
	s    *servertest.Server
	env  []string
	dir  string
	said bytes.Buffer
}

func newShell(t *testing.T) *shell {
	t.Helper()
	sh := &shell{t: t, dir: t.TempDir(), s: servertest.New(t, servertest.WithPassword(password))}
	sh.env = []string{"RUN_ACCOUNTS=yes", "ACCOUNTS_CONFIG=" + filepath.Join(sh.dir, "config.json"), "ACCOUNTS_URL=" + sh.s.URL, "ACCOUNTS_KEY=" + sh.s.Key}
	sh.s.Define(t, client.PropertyCreate{Name: "Roof type", Type: client.Dropdown, Options: []string{"Tile", "Metal"}})
	sh.s.Define(t, client.PropertyCreate{Name: "Capacity", Type: client.Numeric})
	sh.s.Define(t, client.PropertyCreate{Name: "Monitored", Type: client.Boolean})
	sh.s.Define(t, client.PropertyCreate{Name: "Tags", Type: client.Dropdown, IsMultiple: true, Options: []string{"Gold", "Silver"}})
	sh.s.Account(t, client.AccountCreate{
		Title: "Sunrise Solar", Address: []string{"120 Mission Street"}, PrimaryEmail: client.Set("office@sunrise.example"),
		Custom: client.Values{"roof_type": "Tile", "capacity": client.Decimal("12345678901234567890.123")},
	})
	sh.s.Account(t, client.AccountCreate{Title: "Harbor Cafe", Address: []string{"5 Pier Road", "Monterey, \"CA\""}, AccountType: client.Set(client.Commercial)})
	return sh
}

func (sh *shell) command(args ...string) *exec.Cmd {
	program, err := os.Executable()
	if err != nil {
		sh.t.Fatal(err)
	}
	cmd := exec.CommandContext(sh.t.Context(), program, args...)
	cmd.Env = sh.env
	return cmd
}

// run runs the program with what is typed on its standard input.
func (sh *shell) run(stdin string, args ...string) (stdout, stderr string, code int) {
	sh.t.Helper()
	cmd := sh.command(args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		sh.t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// do runs the program and writes down everything.
func (sh *shell) do(args ...string) { sh.t.Helper(); sh.enter("", args...) }

func (sh *shell) enter(stdin string, args ...string) {
	sh.t.Helper()
	stdout, stderr, code := sh.run(stdin, args...)
	fmt.Fprintf(&sh.said, "$ accounts %s\n%s", strings.Join(args, " "), stdout)
	for line := range strings.Lines(stderr) {
		fmt.Fprintf(&sh.said, "! %s", line)
	}
	if code != 0 {
		fmt.Fprintf(&sh.said, "exit %d\n", code)
	}
	sh.said.WriteString("\n")
}

// What differs from run to run.
var varying = []struct {
	form *regexp.Regexp
	is   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`), "1970-01-01T00:00:00.000Z"},
	{regexp.MustCompile(`acc_[A-Za-z0-9_-]{43}`), "acc_TOKEN"},
	{regexp.MustCompile(`acc_[A-Za-z0-9_-]{6}`), "acc_prefix"},
	{regexp.MustCompile(`inv_[A-Za-z0-9_-]{43}`), "inv_TOKEN"},
	{regexp.MustCompile(`whsec_[A-Za-z0-9+/]{43}=`), "whsec_SECRET"},
	{regexp.MustCompile(`-test-\d{13}`), "-test-1000000000000"},
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:50000"},
}

// golden compares what was written down with testdata/NAME.golden.
func (sh *shell) golden(name string) {
	sh.t.Helper()
	said := strings.ReplaceAll(sh.said.String(), sh.dir, "DIR")
	for _, v := range varying {
		said = v.form.ReplaceAllString(said, v.is)
	}
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(said), 0o644); err != nil {
			sh.t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		sh.t.Fatal(err)
	}
	if said != string(want) {
		sh.t.Errorf("%s differs (-update rewrites it); the program said\n%s", path, said)
	}
}
