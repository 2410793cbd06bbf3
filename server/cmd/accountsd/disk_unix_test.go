//go:build linux

package main_test

import (
	"os/exec"
	"strings"
	"testing"
)

// onDisk runs a script of sh in a namespace, with an empty disk of so many MiB as its
// folder, whose path is returned, and the program as $1.
func onDisk(t *testing.T, size, script string) (folder, output string, status int) {
	t.Helper()
	folder = t.TempDir()
	cmd := exec.CommandContext(t.Context(), "unshare", "--map-root-user", "--mount", "sh", "-c", `mount -t tmpfs -o size="$3"m tmpfs "$2" && cd "$2" && `+script, "sh", binary, folder, size)
	said, _ := cmd.CombinedOutput()
	if strings.HasPrefix(string(said), "unshare:") || strings.HasPrefix(string(said), "mount:") {
		t.Skipf("no disk can be mounted here: %s", said)
	}
	return folder, string(said), cmd.ProcessState.ExitCode()
}

// A command that had room for what it does ends well, though there is none to tidy up.
func TestCommandsOnFullDisk(t *testing.T) {
	t.Parallel()
	_, output, _ := onDisk(t, "4", `"$1" init --company C --email a@example.com >key 2>/dev/null &&
		{ echo title,address; seq -f '%.0f,1 Main St' 20000; } | "$1" import - --format csv --email a@example.com --progress 1h --log-format text
		echo "import: $?"; "$1" company list >/dev/null; echo "list: $?"`)
	if !strings.HasPrefix(output, "accountsd: the disk is full: stopped after ") ||
		!strings.HasSuffix(output, " of 20000 rows; the same command continues from there\nimport: 1\nlist: 0\n") {
		t.Error(output)
	}
}

// That a disk is mounted read-only is no matter of who may write to a file.
func TestReadOnlyDisk(t *testing.T) {
	t.Parallel()
	folder, output, _ := onDisk(t, "64", `"$1" init --company C --email a@example.com >key 2>/dev/null && mount -o remount,ro . ; "$1" serve; "$1" doctor --addr 127.0.0.1:0`)
	want := "accountsd: " + folder + "/accounts.db cannot be written, since its disk is read-only to this program; the system's log may tell why, or its unit of systemd lacks ReadWritePaths=" + folder + "\n"
	if !strings.HasPrefix(output, want) || !strings.Contains(output, folder+" is mounted read-only; the system's log may tell why\n") || strings.Contains(output, "chown") {
		t.Errorf("got %s\nwant %s", output, want)
	}
}
