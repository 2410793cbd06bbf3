//go:build linux

package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
)

// A disk that is nearly full.
func TestDoctorOfFullDisk(t *testing.T) {
	t.Parallel()
	folder, output, status := onDisk(t, "64", `"$1" init --company C --email a@example.com >key 2>/dev/null && exec "$1" doctor --addr 127.0.0.1:0`)
	said := regexp.MustCompile(` +`).ReplaceAllString(output, " ")
	if !regexp.MustCompile(`\nwrong disk only \d+ MiB are left at `+regexp.QuoteMeta(folder)+`; make room, or move the database to a larger disk\n`).MatchString("\n"+said) || status != 1 {
		t.Errorf("exit %d\n%s", status, said)
	}
}

// Another user than the one that the files are of is told so.
func TestDoctorOfOtherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can run a program as another user")
	}
	dir, err := os.MkdirTemp("", "accountsd-doctor-") // which others can enter, unlike that of the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	db, program := filepath.Join(dir, "a.db"), filepath.Join(dir, "accountsd")
	newCompanyIn(t, db)
	chmod(t, dir, 0o755)
	text, err := os.ReadFile(binary)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, text, 0o755); err != nil {
		t.Fatal(err)
	}
	chmod(t, program, 0o755)
	cmd := exec.CommandContext(t.Context(), program, "doctor", "--db", db, "--addr", "127.0.0.1:0")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	output, _ := cmd.CombinedOutput()
	said := regexp.MustCompile(` +`).ReplaceAllString(string(output), " ")
	wantFinding(t, said, cmd.ProcessState.ExitCode(), "wrong files this user may not write to "+db+"; run the doctor as the user of the server")
	wantFinding(t, said, cmd.ProcessState.ExitCode(), "wrong database "+db+" cannot be opened; check that this user may read and write it and its folder\n")
}
