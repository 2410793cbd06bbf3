package postgres_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// unwanted is what not every database has that speaks like PostgreSQL, or what keeps
// the servers of a cluster waiting for each other: notices take a lock of the whole
// cluster, locks by number are not there in others, numbers of a sequence are drawn
// before the commit, and what tells transactions apart stops at any that is open.
var unwanted = regexp.MustCompile(`(?i)\b(` + strings.Join([]string{
	`listen`, `unlisten`, `notify`, `pg_notify`,
	`pg_(try_)?advisory\w*`,
	`(small|big)?serial[248]?`, `identity`, `sequence\s+\w+\s+(start|increment|as)\b`, `(create|alter)\s+sequence`, `nextval`, `currval`, `setval`, `lastval`,
	`xmin`, `xmax`, `ctid`, `txid_\w+`, `pg_current_xact\w*`, `pg_(current_)?snapshot\w*`, `pg_xact\w*`, `pg_export_snapshot`,
}, "|") + `)\b`)

// drained is a statement about some rows of a table, how many is a parameter. PostgreSQL
// plans our statements once, and supposes a tenth of the table, so that it reads all of
// it to find them.
var drained = regexp.MustCompile(`(?is)\bIN \(\s*SELECT\b.*\bLIMIT\s+[?$]`)

func TestOurSQLStaysPortable(t *testing.T) {
	t.Parallel()
	texts := 0
	check := func(place, text string) {
		texts++
		if found := unwanted.FindString(text); found != "" {
			t.Errorf("%s has %q in %q", place, found, text)
		}
		if drained.MatchString(text) {
			t.Errorf("%s has a parameter for how many in %q", place, text)
		}
	}
	for _, folder := range []string{".", "engine", "../records", "../db", "../migration"} {
		stringsOf(t, folder, check)
	}
	scripts, err := filepath.Glob("migrations/*.sql")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("migrations %v %v", scripts, err)
	}
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(text), "\n") {
			statement, _, _ := strings.Cut(line, "--")
			check(name+":"+strconv.Itoa(i+1), statement)
		}
	}
	if texts < 500 {
		t.Errorf("only %d texts were read", texts)
	}
}

// stringsOf calls check with each string of the Go files of a folder that is neither
// an import nor a tag.
func stringsOf(t *testing.T, folder string, check func(place, text string)) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s has the files %v (%v)", folder, names, err)
	}
	set := token.NewFileSet()
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); err == nil && n.Kind == token.STRING {
					check(set.Position(n.Pos()).String(), text)
				}
			}
			return true
		})
	}
}

// The test above must know what it is to find.
func TestUnportableSQLIsFound(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"LISTEN changes", "NOTIFY changes, 'x'", "SELECT pg_notify('x', '')", "SELECT pg_advisory_xact_lock(1)", "select pg_try_advisory_lock(1)",
		"id serial PRIMARY KEY", "id BIGSERIAL", "id serial8", "id bigint GENERATED ALWAYS AS IDENTITY", "CREATE SEQUENCE ids", "SELECT nextval('ids')",
		"SELECT xmin FROM accounts", "SELECT txid_current()", "SELECT pg_current_xact_id()", "SELECT pg_snapshot_xmin(pg_current_snapshot())",
	} {
		if !unwanted.MatchString(text) {
			t.Errorf("%q is not found", text)
		}
	}
	if text := "DELETE FROM a WHERE (b, c) IN (\n\tSELECT b, c FROM a WHERE d < $1 ORDER BY d LIMIT $2)"; !drained.MatchString(text) {
		t.Errorf("%q is not found", text)
	}
	for _, text := range []string{
		"SELECT max(sequence) FROM changes", "place bigint NOT NULL GENERATED ALWAYS AS (id) STORED", "UPDATE companies SET last_sequence = last_sequence + 1",
		"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", "SELECT serialized FROM snapshots",
	} {
		if found := unwanted.FindString(text) + drained.FindString(text); found != "" {
			t.Errorf("%q is found in %q", found, text)
		}
	}
}
