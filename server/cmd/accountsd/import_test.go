package main_test

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/store"
)

// importer is a database with a company, and a folder for files.
type importer struct {
	dir, db, key string
}

func newImporter(t *testing.T, db string) *importer {
	t.Helper()
	i := &importer{dir: t.TempDir(), db: db}
	i.key = mustRun(t, "init", "--db", i.db, "--company", "C", "--email", "a@example.com")
	mustRun(t, "property", "create", "--db", i.db, "--company", "C", "--name", "Roof type", "--type", "DROPDOWN", "--option", "Tile")
	return i
}

// rows are how many rows a test takes to be long: fewer where each is several ways to
// the database and back.
func (i *importer) rows(n int) int {
	if onPostgres(i.db) {
		return n / 3
	}
	return n
}

func (i *importer) path(name string) string { return filepath.Join(i.dir, name) }

func (i *importer) write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(i.path(name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return i.path(name)
}

// args are the arguments of an import.
func (i *importer) args(path string, flags ...string) []string {
	return append([]string{"import", path, "--db", i.db, "--email", "A@example.com"}, flags...)
}

// wantImport runs an import, and checks its exit status and its summary.
func (i *importer) wantImport(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	stdout, stderr, got := run(t, "", args...)
	if got != code || stdout != "" || !strings.Contains(stderr, want) {
		t.Errorf("%v: exit %d, want %d\nstdout %q\nstderr %q, want %q", args[1:], got, code, stdout, stderr, want)
	}
}

// export returns the accounts as CSV.
func (i *importer) export(t *testing.T) string {
	t.Helper()
	return mustRun(t, "export", "--db", i.db, "--company", "c", "--include-archived")
}

// history returns how many entries the first company's history has, and how
// many accounts there are.
func (i *importer) history(t *testing.T) (entries int, accounts int64) {
	t.Helper()
	store := openStore(t, i.db)
	defer store.Close()
	changes, err := store.Changes(t.Context(), 1, 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	return len(changes), counted(t, store)
}

// wantAudit checks how often things were done with files.
func (i *importer) wantAudit(t *testing.T, want map[audit.Action]int) {
	t.Helper()
	store := openStore(t, i.db)
	defer store.Close()
	for action, n := range want {
		entries, err := store.Audit(t.Context(), 1, 0, action, 100)
		if err != nil || len(entries) != n {
			t.Errorf("%s: %d entries, want %d: %v", action, len(entries), n, err)
		}
	}
}

func TestImportAndExport(t *testing.T) { onEachStore(t, testImportAndExport) }

func testImportAndExport(t *testing.T, db string) {
	i := newImporter(t, db)
	file := i.write(t, "new.csv", "title,address,custom.roof_type,isActive\r\nHarbor,1 Pier,tile,TRUE\r\nPier,,Tile,\r\nMill,3 St,Metal,false\r\n")

	before := i.export(t)
	i.wantImport(t, 3, "dry run of "+file+": 3 rows: 1 created, 0 updated, 0 unchanged, 2 rejected\n  line 3: address is required\n  line 4: custom.roof_type", i.args(file, "--dry-run")...)
	i.wantImport(t, 3, "2 created, 0 updated, 0 unchanged, 1 rejected; rejected rows are in "+i.path("dry.csv"), i.args(file, "--dry-run", "--allow-new-options", "--rejected", i.path("dry.csv"))...)
	if after := i.export(t); after != before {
		t.Errorf("dry runs made %q of %q", after, before)
	}
	if _, err := os.Stat(i.path("new.rejected.csv")); err == nil {
		t.Error("a dry run has written rejects")
	}
	// The options are as they were, too: Metal is still new.
	i.wantImport(t, 3, "1 created, 0 updated, 0 unchanged, 2 rejected; rejected rows are in "+i.path("new.rejected.csv"), i.args(file)...)
	i.wantImport(t, 0, "new.rejected.csv: 2 rows: 2 created", i.args(i.write(t, "new.rejected.csv", strings.Replace(read(t, i.path("new.rejected.csv")), "Pier,,Tile", "Pier,2 Pier,Tile", 1)), "--allow-new-options")...)

	// What is exported changes nothing, whichever way it goes.
	entries, accounts := i.history(t)
	if entries != 3 || accounts != 3 {
		t.Errorf("%d entries of %d accounts", entries, accounts)
	}
	for _, name := range []string{"a.csv", "a.ndjson", "a.jsonl"} {
		mustRun(t, "export", "--db", i.db, "--company", "C", "--output", i.path(name), "--include-archived")
		i.wantImport(t, 0, "3 rows: 0 created, 0 updated, 3 unchanged, 0 rejected", i.args(i.path(name))...)
	}
	stdout, stderr, code := run(t, read(t, i.path("a.ndjson")), i.args("-", "--format", "ndjson")...)
	if code != 0 || stdout != "" || stderr != "stdin: 3 rows: 0 created, 0 updated, 3 unchanged, 0 rejected\n" {
		t.Errorf("from standard input: %d %q %q", code, stdout, stderr)
	}
	if got, _ := i.history(t); got != entries {
		t.Errorf("imports of exports made %d entries of history", got-entries)
	}
	if active := mustRun(t, "export", "--db", i.db, "--company", "C", "--format", "ndjson"); strings.Count(active, "\n") != 1 || strings.Contains(active, "Mill") {
		t.Errorf("without archived ones: %s", active)
	}
	// All of it is in the audit log, but not the dry runs.
	i.wantAudit(t, map[audit.Action]int{audit.AccountsImported: 6, audit.AccountsExported: 6})
	leftover, err := filepath.Glob(i.path("*.part"))
	if err != nil || len(leftover) > 0 {
		t.Errorf("left behind: %v %v", leftover, err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Off a terminal, progress is lines of the log.
func TestProgressInLog(t *testing.T) {
	t.Parallel()
	i := newImporter(t, stores["SQLite"](t))
	file := i.write(t, "many.csv", "title,address\n"+strings.Repeat("A,1 Main St\n", 1200))
	for _, c := range []struct {
		args []string
		form string
	}{
		{i.args(file, "--match-by", "none", "--progress", "1ns"), `(?m)^\{"time":"[^"]+","level":"INFO","msg":"importing","rows":\d+,"total":1200,"rowsPerSecond":\d+,"left":"\d+m?s"\}$`},
		{i.args(file, "--match-by", "none", "--progress", "1ns", "--log-format", "text"), `(?m)^time=\S+ level=INFO msg=importing rows=\d+ total=1200 rowsPerSecond=\d+ left=\d+m?s$`},
		{[]string{"export", "--db", i.db, "--company", "C", "--output", i.path("out.csv"), "--progress", "1ns"}, `"msg":"exporting","rows":1000,"total":2400,`},
	} {
		if _, stderr, code := run(t, "", c.args...); code != 0 || !regexp.MustCompile(c.form).MatchString(stderr) {
			t.Errorf("%v: exit %d\n%s", c.args, code, stderr[:min(len(stderr), 1000)])
		}
	}
}

func TestImportErrors(t *testing.T) { onEachStore(t, testImportErrors) }

func testImportErrors(t *testing.T, db string) {
	i := newImporter(t, db)
	good := i.write(t, "good.csv", "title,address\nA,B\n")
	kept := i.write(t, "kept.csv", "what was there")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no file":             {[]string{"import", "--db", i.db, "--email", "a@example.com"}, "one FILE"},
		"two files":           {i.args(good, good), "one FILE"},
		"an absent file":      {i.args(i.path("absent.csv")), "absent.csv"},
		"a folder":            {i.args(i.dir, "--format", "csv"), "directory"},
		"an unknown format":   {i.args(i.path("accounts.db")), "--format csv"},
		"an unknown user":     {[]string{"import", good, "--db", i.db, "--email", "b@example.com"}, "not found"},
		"an unknown strategy": {i.args(good, "--strategy", "merge"), "enrich"},
		"an unknown column":   {i.args(i.write(t, "bad.csv", "titel,address\nA,B\n")), `did you mean "title"?`},
		"an absent folder":    {i.args(i.write(t, "rows.csv", "title,address\nA,\n"), "--rejected", i.path("absent/r.csv")), "absent"},
		"a dry run of it":     {i.args(i.path("bad.csv"), "--dry-run"), `did you mean "title"?`},
		"an unknown company":  {[]string{"export", "--db", i.db, "--company", "D"}, "not found"},
		"an output format":    {[]string{"export", "--db", i.db, "--company", "C", "--output", i.path("a.xml")}, "--format ndjson"},
		"an output folder":    {[]string{"export", "--db", i.db, "--company", "C", "--output", i.path("absent/a.csv")}, "open " + i.path("absent/a.csv") + ": "},
	} {
		stdout, stderr, code := run(t, "", c.args...)
		want := 1
		if c.want == "one FILE" {
			want = 2 // as of every call that is not understood
		}
		if code != want || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d\nstdout %q\nstderr %q, want %q", name, code, stdout, stderr, c.want)
		}
	}
	if _, accounts := i.history(t); accounts != 0 {
		t.Errorf("%d accounts were written", accounts)
	}
	if read(t, kept) != "what was there" {
		t.Error("another file was written")
	}
}

// A kill in the middle of an import neither loses nor doubles a row.
func TestKillImport(t *testing.T) { onEachStore(t, testKillImport) }

func testKillImport(t *testing.T, db string) {
	i := newImporter(t, db)
	n := i.rows(12_000)
	var text strings.Builder
	text.WriteString("title,address\n")
	bad := 0
	for row := range n {
		address := "x"
		if row%5 == 4 {
			address, bad = "", bad+1
		}
		fmt.Fprintf(&text, "Row %d,%s\n", row, address)
	}
	args := i.args(i.write(t, "a.csv", text.String()), "--match-by", "none")
	for kill := range 4 {
		hasWritten := i.progress(t)
		cmd := exec.CommandContext(t.Context(), binary, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); !hasWritten() && time.Now().Before(deadline); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(10+kill*30) * time.Millisecond) // somewhere in its writes
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the import was complete before it was killed")
		}
	}
	_, done := i.history(t)
	t.Logf("%d accounts were there after the last kill", done)
	i.wantImport(t, 3, fmt.Sprintf("%d rows: %d created, 0 updated, 0 unchanged, %d rejected; ", n, n-bad, bad), args...)

	seen := map[string]int{}
	for line := range strings.Lines(i.export(t)) {
		seen[strings.Split(line, ",")[2]]++
	}
	for line := range strings.Lines(read(t, i.path("a.rejected.csv"))) {
		seen[strings.Split(line, ",")[0]]++
	}
	for row := range n {
		if title := fmt.Sprintf("Row %d", row); seen[title] != 1 {
			t.Errorf("%s is there %d times", title, seen[title])
		}
	}
	if entries, accounts := i.history(t); entries != n-bad || accounts != int64(n-bad) {
		t.Errorf("%d accounts and %d entries of history, want %d", accounts, entries, n-bad)
	}
}

// progress returns what tells whether somebody has written to the database since.
func (i *importer) progress(t *testing.T) (hasWritten func() bool) {
	t.Helper()
	if onPostgres(i.db) {
		opened := openStore(t, i.db)
		t.Cleanup(func() { _ = opened.Close() })
		before := counted(t, opened)
		return func() bool { return counted(t, opened) != before }
	}
	before := written(t, i.db)
	return func() bool { return !written(t, i.db).Equal(before) }
}

func counted(t *testing.T, s store.Store) int64 {
	t.Helper()
	n, err := s.CountAccounts(t.Context(), 1, account.Query{IncludeArchived: true})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// written is when the log of an SQLite file was last written to.
func written(t *testing.T, db string) time.Time {
	t.Helper()
	info, err := os.Stat(db + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}
	}
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

// The server goes on answering updates while its database is imported into.
func TestImportWhileServing(t *testing.T) { onEachStore(t, testImportWhileServing) }

func testImportWhileServing(t *testing.T, db string) {
	i := newImporter(t, db)
	i.wantImport(t, 0, "1 created", i.args(i.write(t, "first.csv", "title,address\nServed,x\n"))...)
	p := serve(t, i.db)
	var text strings.Builder
	text.WriteString("title,address,primaryEmail\n")
	n := i.rows(6000)
	for row := range n {
		fmt.Fprintf(&text, "Row %d,x,r%d@example.com\n", row, row)
	}
	file := i.write(t, "a.csv", text.String())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		i.wantImport(t, 0, fmt.Sprintf("%d created", n), i.args(file)...)
	}()
	var took []time.Duration
	for under := true; under; {
		begin := time.Now()
		status, body, err := call(t.Context(), "PATCH", p.url+"/v1/accounts/1", i.key, fmt.Sprintf(`{"value":%d}`, len(took)))
		if err != nil || status != http.StatusOK {
			t.Errorf("%d %v %s", status, err, body)
		}
		took = append(took, time.Since(begin))
		select {
		case <-ended:
			under = false
		default:
		}
	}
	slices.Sort(took)
	t.Logf("%d updates beside the import; median %v, 99 %% within %v, slowest %v", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	if len(took) < 5 {
		t.Error("the import has kept updates waiting")
	}
	if _, accounts := i.history(t); accounts != int64(n)+1 {
		t.Errorf("%d accounts", accounts)
	}
}

// Accounts of many transactions and pages in, out and in again: nothing changes.
func TestManyRows(t *testing.T) { onEachStore(t, testManyRows) }

func testManyRows(t *testing.T, db string) {
	i := newImporter(t, db)
	n := i.rows(10_000)
	var text strings.Builder
	text.WriteString("title,address,description,value,accountType,custom.roof_type\r\n")
	for row := range n {
		fmt.Fprintf(&text, "\"Customer, %d\",\"[\"\"%d Main St\"\",\"\"Floor %d\"\"]\",\"Line 1\r\nline \"\"2\"\" %d\",%d.25,COMMERCIAL,tile\r\n", row, row, row%9, row, row)
	}
	step := func(what string, work func()) {
		begin := time.Now()
		work()
		t.Logf("%s: %.0f rows/s", what, float64(n)/time.Since(begin).Seconds())
	}
	file := i.write(t, "new.csv", text.String())
	step("in", func() { i.wantImport(t, 0, fmt.Sprintf("%d created", n), i.args(file)...) })
	before := ""
	for _, name := range []string{"out.csv", "out.ndjson"} {
		step("out as "+name, func() {
			mustRun(t, "export", "--db", i.db, "--company", "C", "--output", i.path(name), "--include-archived")
		})
		step("in again as "+name, func() { i.wantImport(t, 0, fmt.Sprintf("%d unchanged, 0 rejected", n), i.args(i.path(name))...) })
		after := i.export(t)
		if before != "" && after != before {
			t.Error("the accounts are not what they were")
		}
		before = after
	}
	if before != strings.TrimSuffix(read(t, i.path("out.csv")), "\n") {
		t.Error("the accounts are not what was exported")
	}
	if entries, accounts := i.history(t); entries != n || accounts != int64(n) {
		t.Errorf("%d accounts and %d entries of history, want %d", accounts, entries, n)
	}
}

// A spreadsheet can open an export, and neither its mark nor the guards of texts
// are taken for data when it comes back.
func TestExportForSpreadsheets(t *testing.T) { onEachStore(t, testExportForSpreadsheets) }

func testExportForSpreadsheets(t *testing.T, db string) {
	i := newImporter(t, db)
	i.wantImport(t, 0, "1 created", i.args(i.write(t, "new.csv", "title,address,primaryPhone\n=1+1,1 Pier,+14155550101\n"))...)
	for format, want := range map[string]string{"csv": "\ufeffid,", "ndjson": "{"} {
		text := mustRun(t, "export", "--db", i.db, "--company", "c", "--format", format, "--bom")
		if !strings.HasPrefix(strings.Replace(text, "number,id,", "id,", 1), want) {
			t.Errorf("%s: %.30q", format, text)
		}
		if format == "csv" && !strings.Contains(text, "'=1+1") {
			t.Errorf("no guard: %s", text)
		}
		i.wantImport(t, 0, "1 unchanged, 0 rejected", i.args(i.write(t, "out."+format, text))...)
	}
}

// The flags for files of other programs reach the import.
func TestImportOfForeignFile(t *testing.T) { onEachStore(t, testImportOfForeignFile) }

func testImportOfForeignFile(t *testing.T, db string) {
	i := newImporter(t, db)
	text := "Name, Kunde;Stra\xdfe;Ort;Wert;Live;Notiz\r\nHarbor;1 Pier;K\xf6ln;1.234,5;ja;n/a\r\nMill;2 St;Bonn;x;nein;\r\n"
	file := i.write(t, "foreign.csv", text)
	mapping := i.write(t, "mapping.txt", "# mine\nStra\u00dfe+Ort=address\nWert=value\nLive=isActive\nNotiz=description\n")
	i.wantImport(t, 3, "1 created, 0 updated, 0 unchanged, 1 rejected", i.args(file, "--encoding", "windows-1252", "--map", "Name, Kunde=title", "--map-file", mapping,
		"--decimal", ",", "--true", "ja", "--false", "nein", "--null", "n/a", "--delimiter", ";")...)
	if got := i.export(t); !strings.Contains(got, "Harbor") || !strings.Contains(got, `"[""1 Pier"",""Köln""]"`) || !strings.Contains(got, "1234.5") {
		t.Errorf("got %s", got)
	}
	if got := read(t, i.path("foreign.rejected.csv")); !strings.Contains(got, ";line;errors") || !strings.Contains(got, ";3;") {
		t.Errorf("rejects: %s", got)
	}
}

// The mapping that is suggested can be given back.
func TestImportSuggests(t *testing.T) { onEachStore(t, testImportSuggests) }

func testImportSuggests(t *testing.T, db string) {
	i := newImporter(t, db)
	file := i.write(t, "crm.csv", "Account Name;BillingStreet;BillingCity;Roof Type;Owner\nHarbor;1 Pier;Springfield;Tile;Jo\n")
	mapping := mustRun(t, i.args(file, "--suggest")...)
	for _, want := range []string{"# Owner: \"Jo\"\nOwner=", "Account Name=title\n", "BillingStreet+BillingCity=address\n", "Roof Type=custom.roof_type\n"} {
		if !strings.Contains(mapping, want) {
			t.Errorf("no %q in %s", want, mapping)
		}
	}
	i.wantImport(t, 0, "1 created", i.args(file, "--map-file", i.write(t, "mapping.txt", mapping))...)
	if _, stderr, code := run(t, "", i.args(i.write(t, "a.ndjson", "{}"), "--suggest")...); code == 0 || !strings.Contains(stderr, "NDJSON") {
		t.Errorf("of NDJSON: %d %s", code, stderr)
	}
}
