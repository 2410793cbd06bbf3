package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/mail/mailtest"
)

// A dry run of a file whose rows meet each other, and the accounts that there are,
// finds what the import finds then. It only reads the database, and leaves nothing.
func TestDryRunFindsWhatAnImportDoes(t *testing.T) { onEachStore(t, testDryRunFindsWhatAnImportDoes) }

func testDryRunFindsWhatAnImportDoes(t *testing.T, db string) {
	mustRun(t, "init", "--db", db, "--company", "D", "--email", "a@example.com")
	mustRun(t, "init", "--db", db, "--company", "C", "--email", "a@example.com", "--sample-data")
	i := &importer{dir: t.TempDir(), db: db}
	var text strings.Builder
	text.WriteString("number,title,address,primaryEmail,custom.stage\n")
	for row := range 600 {
		// Every third row repeats one that is more than a transaction before it.
		fmt.Fprintf(&text, ",Row %d,1 Main St,row%d@example.com,Stage %d\n", row, row%400, row%90)
	}
	text.WriteString(",Known,1 Main St,office@sunrise.example,Lead\n1,Taken,1 Main St,taken@example.com,Lead\n,No address,,none@example.com,Lead\n")
	file := i.write(t, "rows.csv", text.String())
	args := []string{"import", file, "--db", db, "--email", "a@example.com", "--company", "C", "--match-by", "primaryEmail", "--strategy", "replace", "--allow-new-options", "--rejected", i.path("dry.csv")}

	temporary := t.TempDir()
	dry := exec.CommandContext(t.Context(), binary, append(args, "--dry-run")...)
	dry.Env = append(os.Environ(), "TMPDIR="+temporary)
	if onPostgres(db) {
		dry.Args[4] = db + "&options=-c%20default_transaction_read_only%3Don"
		if !strings.Contains(db, "?") {
			dry.Args[4] = strings.Replace(dry.Args[4], "&", "?", 1)
		}
	}
	before := mustRun(t, "export", "--db", db, "--company", "C", "--include-archived")
	output, _ := dry.CombinedOutput()
	found, isDry := strings.CutPrefix(string(output), "dry run of ")
	if !isDry || dry.ProcessState.ExitCode() != 3 {
		t.Fatalf("exit %d: %s", dry.ProcessState.ExitCode(), output)
	}
	if after := mustRun(t, "export", "--db", db, "--company", "C", "--include-archived"); after != before {
		t.Error("the dry run has changed accounts")
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	args[len(args)-1] = i.path("real.csv")
	_, stderr, code := run(t, "", args...)
	if got := strings.ReplaceAll(stderr, "real.csv", "dry.csv"); code != 3 || got != found {
		t.Errorf("the import says %d %s, the dry run said %s", code, stderr, found)
	}
	if !strings.Contains(found, fmt.Sprintf("%s: 603 rows: 400 created, 201 updated, 0 unchanged, 2 rejected", file)) {
		t.Errorf("found: %s", found)
	}
	if a, b := read(t, i.path("dry.csv")), read(t, i.path("real.csv")); a != b {
		t.Errorf("rejected in the dry run:\n%s\nin the import:\n%s", a, b)
	}
}

// A dry run of an import that was interrupted looks at all of the file if it is told so.
func TestDryRunOfAnInterruptedImport(t *testing.T) {
	onEachStore(t, testDryRunOfAnInterruptedImport)
}

func testDryRunOfAnInterruptedImport(t *testing.T, db string) {
	i := newImporter(t, db)
	args := i.args(i.write(t, "many.csv", "title,address\n"+strings.Repeat("A,1 Main St\n", 20_000)), "--match-by", "none", "--progress", "1ns")
	cmd := exec.CommandContext(t.Context(), binary, args...)
	log := &output{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	mailtest.Eventually(t, "rows are imported", func() bool { return strings.Contains(log.String(), `"msg":"importing","rows":`) })
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.HasSuffix(log.String(), "the same command continues from there\n") {
		t.Fatalf("ended with %v: %s", err, log)
	}
	if _, stderr, code := run(t, "", append(args, "--dry-run")...); code != 1 || !strings.Contains(stderr, "or start over with --restart") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	stdout, stderr, code := run(t, "", append(args, "--dry-run", "--restart")...)
	if code != 0 || !strings.Contains(stdout+stderr, "20000 created, 0 updated, 0 unchanged, 0 rejected\n") {
		t.Errorf("exit %d: %s", code, stdout+stderr)
	}
}

// A dry run that is interrupted leaves no copy of the records.
func TestInterruptedDryRunLeavesNothing(t *testing.T) {
	onEachStore(t, testInterruptedDryRunLeavesNothing)
}

func testInterruptedDryRunLeavesNothing(t *testing.T, db string) {
	i := newImporter(t, db)
	file := i.write(t, "many.csv", "title,address\n"+strings.Repeat("A,1 Main St\n", 200_000))
	temporary := t.TempDir()
	cmd := exec.CommandContext(t.Context(), binary, i.args(file, "--dry-run", "--match-by", "none", "--progress", "1ns")...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary)
	log := &output{}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	mailtest.Eventually(t, "rows are imported", func() bool { return strings.Contains(log.String(), `"msg":"importing","rows":`) })
	if copies, err := filepath.Glob(filepath.Join(temporary, "*", "accounts.db")); err != nil || len(copies) != 1 {
		t.Errorf("the copy is not where it is looked for: %v %v", copies, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.HasSuffix(log.String(), "accountsd: interrupted\n") {
		t.Errorf("ended with %v: %s", err, log)
	}
	if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
