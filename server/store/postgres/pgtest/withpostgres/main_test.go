//go:build unix

package main_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/store/postgres/pgtest"
)

// binary is withpostgres.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "withpostgres-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "withpostgres")
	if output, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		panic(fmt.Sprintf("build: %v\n%s", err, output))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// command is withpostgres with a folder of its own for temporary files, as if
// the tests themselves were not run with it.
func command(t *testing.T, args ...string) (cmd *exec.Cmd, folder string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "withpostgres-")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(folder)) })
	must(t, os.Chmod(folder, 0o711))
	cmd = exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+folder, pgtest.Variable+"=", pgtest.RequireVariable+"=")
	return cmd, folder
}

// needPostgres skips a test where there is no PostgreSQL and need not be.
func needPostgres(t *testing.T) {
	t.Helper()
	if err := pgtest.Available(); err != nil && !pgtest.Required() {
		t.Skip(err)
	}
}

// run runs a command to its end.
func run(t *testing.T, cmd *exec.Cmd) (stdout, stderr string, status int) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

func isEmpty(t *testing.T, folder string) bool {
	t.Helper()
	entries, err := os.ReadDir(folder)
	must(t, err)
	return len(entries) == 0
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for range 1000 {
		if condition() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("it never came true that %s", what)
}

// begin starts a command that goes on until it is told to end, and returns the
// URL of its cluster.
func begin(t *testing.T, cmd *exec.Cmd) (url string) {
	t.Helper()
	stdout, err := cmd.StdoutPipe()
	must(t, err)
	stdin, err := cmd.StdinPipe()
	must(t, err)
	t.Cleanup(func() { _ = stdin.Close() }) // The command ends then, if withpostgres was killed.
	must(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	must(t, err)
	return strings.TrimSpace(line)
}

const waiting = `trap 'exit 9' TERM; trap 'exit 8' INT; echo "$ACCOUNTSD_TEST_POSTGRES"; read -r line`

func TestCommandHasAServer(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	cmd, folder := command(t, "-require", "sh", "-c", waiting)
	conn, err := pgx.Connect(t.Context(), begin(t, cmd))
	must(t, err)
	_, err = conn.Exec(t.Context(), "CREATE TABLE here ()")
	must(t, err)
	if isEmpty(t, folder) {
		t.Error("the data are not in TMPDIR")
	}
	must(t, cmd.Process.Signal(syscall.SIGTERM))
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 9 {
		t.Errorf("a command that is told to terminate exits 9, withpostgres says %v", cmd.ProcessState)
	}
	if !isEmpty(t, folder) {
		t.Error("the data are still there")
	}
	if err := conn.Ping(t.Context()); err == nil {
		t.Error("the server is still there")
	}
}

func TestStatusIsThatOfTheCommand(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -9 $$": 137} {
		cmd, folder := command(t, "sh", "-c", script)
		if _, stderr, status := run(t, cmd); status != want || stderr != "" {
			t.Errorf("%s: exit %d, want %d\n%s", script, status, want, stderr)
		}
		if !isEmpty(t, folder) {
			t.Errorf("%s: the data are still there", script)
		}
	}
}

// An interrupt from a terminal reaches the command as well.
func TestInterruptReachesTheCommand(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	cmd, folder := command(t, "sh", "-c", waiting)
	begin(t, cmd)
	must(t, cmd.Process.Signal(os.Interrupt))
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 8 || !isEmpty(t, folder) {
		t.Errorf("%v; the data are gone: %v", cmd.ProcessState, isEmpty(t, folder))
	}
}

func TestInterruptedStartLeavesNothing(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	cmd, folder := command(t, "echo", "it has run")
	out := new(bytes.Buffer)
	cmd.Stdout = out
	must(t, cmd.Start())
	eventually(t, "it has begun to make a cluster", func() bool { return !isEmpty(t, folder) })
	must(t, cmd.Process.Signal(os.Interrupt))
	if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != 1 || out.Len() > 0 || !isEmpty(t, folder) {
		t.Errorf("%v; stdout %q; the data are gone: %v", cmd.ProcessState, out, isEmpty(t, folder))
	}
}

// Whatever happens to withpostgres, and however little its cluster can do about
// it, no process and no file is left.
func TestKilledWithPostgresLeavesNothing(t *testing.T) {
	t.Parallel()
	needPostgres(t)
	cmd, folder := command(t, "sh", "-c", waiting)
	conn, err := pgx.Connect(t.Context(), begin(t, cmd))
	must(t, err)
	rows, err := conn.Query(t.Context(), "SELECT pid FROM pg_stat_activity")
	must(t, err)
	processes, err := pgx.CollectRows(rows, pgx.RowTo[int])
	must(t, err)
	files, err := filepath.Glob(filepath.Join(folder, "*/data/postmaster.pid"))
	must(t, err)
	text, err := os.ReadFile(files[0])
	must(t, err)
	first, _, _ := strings.Cut(string(text), "\n")
	postmaster, err := strconv.Atoi(first)
	must(t, err)
	processes = append(processes, postmaster)
	for _, pid := range processes {
		must(t, syscall.Kill(pid, syscall.SIGSTOP))
	}
	must(t, cmd.Process.Kill())
	eventually(t, "the data are gone", func() bool { return isEmpty(t, folder) })
	for _, pid := range processes {
		eventually(t, "the processes are gone", func() bool { return hasEnded(pid) })
	}
	_ = conn.Close(t.Context())
}

// hasEnded tells whether a process is gone, or waits for being asked how it
// ended.
func hasEnded(pid int) bool {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return syscall.Kill(pid, 0) == syscall.ESRCH || bytes.Contains(stat, []byte(") Z "))
}

func TestWithoutPostgreSQL(t *testing.T) {
	t.Parallel()
	for _, required := range []string{"-require", pgtest.RequireVariable + "=1", ""} {
		cmd, folder := command(t, "sh", "-c", `echo "[$ACCOUNTSD_TEST_POSTGRES]"; exit 7`)
		cmd.Env = append(cmd.Env, pgtest.ProgramsVariable+"="+folder)
		want, wantOut := 1, ""
		switch required {
		case "-require":
			cmd.Args = append([]string{binary, required}, cmd.Args[1:]...)
		case "":
			want, wantOut = 7, "[]\n"
		default:
			cmd.Env = append(cmd.Env, required)
		}
		stdout, stderr, status := run(t, cmd)
		if status != want || stdout != wantOut || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "apt-get install -y postgresql") {
			t.Errorf("required %q: exit %d, stdout %q, stderr %q", required, status, stdout, stderr)
		}
	}
}

// Where there is a server already, the command uses that.
func TestServerOfTheCallerIsUsed(t *testing.T) {
	t.Parallel()
	cmd, folder := command(t, "sh", "-c", `echo "$ACCOUNTSD_TEST_POSTGRES"; ls "$TMPDIR"`)
	cmd.Env = append(cmd.Env, pgtest.Variable+"=postgres://elsewhere/x")
	if stdout, stderr, status := run(t, cmd); stdout != "postgres://elsewhere/x\n" || stderr != "" || status != 0 {
		t.Errorf("exit %d, stdout %q, stderr %q; in the folder: %v", status, stdout, stderr, folder)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	cmd, _ := command(t)
	if _, stderr, status := run(t, cmd); status != 2 || !strings.HasPrefix(stderr, "usage: withpostgres [-require] COMMAND") {
		t.Errorf("exit %d\n%s", status, stderr)
	}
	cmd, folder := command(t, "no-such-command")
	if _, stderr, status := run(t, cmd); status == 0 || !strings.Contains(stderr, "no-such-command") || !isEmpty(t, folder) {
		t.Errorf("exit %d\n%s", status, stderr)
	}
}
