package main_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/accountsd/accountsd/server/mail/mailtest"
	"github.com/accountsd/accountsd/server/store/migration"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// execute executes a statement on a PostgreSQL database.
func execute(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// sessions returns how many sessions the programs have in a database.
func sessions(t *testing.T, db string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	err = conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'accountsd'").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// setVersion makes a database be of another version, as one of another program is.
func setVersion(t *testing.T, db string, version int) {
	t.Helper()
	if onPostgres(db) {
		execute(t, db, fmt.Sprintf("UPDATE schema_version SET version = %d", version))
		return
	}
	file, err := os.OpenFile(db, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	// Where the header of an SQLite file has it.
	if _, err := file.WriteAt([]byte{0, 0, byte(version >> 8), byte(version)}, 60); err != nil {
		t.Fatal(err)
	}
}

// known is the version that the program needs.
func known(db string) int {
	if onPostgres(db) {
		return postgres.SchemaVersion()
	}
	return sqlite.SchemaVersion()
}

// shown is the database as messages name it.
func shown(db string) string {
	if onPostgres(db) {
		return postgres.Name(db)
	}
	return db
}

// wantSchema checks what "migrate status" tells.
func wantSchema(t *testing.T, db, state string, version int, missing ...string) {
	t.Helper()
	var got struct {
		Database, State string
		Version, Known  int
		Missing         []string
	}
	text := mustRun(t, "migrate", "status", "--db", db, "--format", "json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if got.Database != shown(db) || got.State != state || got.Version != version || got.Known != known(db) || fmt.Sprint(got.Missing) != fmt.Sprint(missing) {
		t.Errorf("got %s, want %s at %d, missing %q", text, state, version, missing)
	}
}

// wantRefusal checks that a command is refused in a line.
func wantRefusal(t *testing.T, want string, args ...string) {
	t.Helper()
	if stdout, stderr, code := run(t, "", args...); code != 1 || stdout != "" || stderr != "accountsd: "+want+"\n" {
		t.Errorf("%s: exit %d, stdout %q\n got %swant accountsd: %s", args[0], code, stdout, stderr, want)
	}
}

func TestMigrate(t *testing.T) { onEachStore(t, testMigrate) }

func testMigrate(t *testing.T, db string) {
	mustRun(t, "init", "--db", db, "--company", "C", "--email", "a@example.com")
	latest := known(db)
	wantSchema(t, db, "current", latest)
	if got, want := mustRun(t, "migrate", "up", "--db", db), fmt.Sprintf("%s was up to date, at version %d", shown(db), latest); got != want {
		t.Errorf("up: %s, want %s", got, want)
	}

	setVersion(t, db, 1000)
	wantSchema(t, db, "newer", 1000)
	newer := fmt.Sprintf("the schema has version 1000, and this program knows only up to %d: use a newer program", latest)
	if !onPostgres(db) {
		newer = fmt.Sprintf("%s has a schema of version 1000, and this program knows only up to %d; use the newer accountsd that wrote it", db, latest)
	}
	for _, args := range [][]string{
		{"migrate", "up"}, {"serve"}, {"serve", "--migrate=false"}, {"company", "list"}, {"init", "--company", "D", "--email", "a@example.com"},
	} {
		wantRefusal(t, newer, append(args, "--db", db)...)
	}
	wantSchema(t, db, "newer", 1000) // still
	setVersion(t, db, latest)
	if got := mustRun(t, "company", "list", "--db", db); !strings.Contains(got, "C") {
		t.Errorf("companies: %s", got)
	}
}

// makeFile makes an SQLite file by a script.
func makeFile(t *testing.T, path, script string) {
	t.Helper()
	if err := engine.CreateFile(path); err != nil {
		t.Fatal(err)
	}
	conn, err := engine.Open(t.Context(), engine.File(path, engine.LockTimeout))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(conn.Script(t.Context(), script), conn.Close()); err != nil {
		t.Fatal(err)
	}
}

// A file of an older version is told of, is left alone where that is asked for, and
// is brought up.
func TestMigrateOldFile(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	script, err := os.ReadFile("../../store/sqlite/migrations/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	makeFile(t, db, fmt.Sprintf("%s;\nPRAGMA user_version = 1; PRAGMA application_id = %d", script, sqlite.ApplicationID))
	before, err := os.ReadFile(db)
	if err != nil {
		t.Fatal(err)
	}
	missing := stepsAfter(sqlite.Migrations(), 1)
	wantSchema(t, db, "behind", 1, missing...)
	if got := mustRun(t, "migrate", "status", "--db", db); !strings.Contains(got, "STATE     behind\nVERSION   1\n") || !strings.Contains(got, "\nMISSING   0002_records, ") {
		t.Errorf("status:\n%s", got)
	}
	wantRefusal(t, fmt.Sprintf("%s has a schema of version 1, and this program needs %d; run accountsd migrate up", db, sqlite.SchemaVersion()),
		"serve", "--db", db, "--addr", "127.0.0.1:0", "--migrate=false")
	if after, err := os.ReadFile(db); err != nil || string(after) != string(before) {
		t.Errorf("the file has changed, %v", err)
	}
	if got := mustRun(t, "migrate", "up", "--db", db); got != fmt.Sprintf("%s went from version 1 to %d: %s", db, sqlite.SchemaVersion(), strings.Join(missing, ", ")) {
		t.Errorf("up: %s", got)
	}
	wantSchema(t, db, "current", sqlite.SchemaVersion())
	wantSchema(t, db+".schema1", "behind", 1, missing...)
	start(t, exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", "127.0.0.1:0", "--migrate=false"))
}

// stepsAfter are the names of the steps that a schema of a version lacks.
func stepsAfter(steps migration.Steps, version int) (names []string) {
	for step := version + 1; step <= steps.Latest(); step++ {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(steps.Name(step), "migrations/"), ".sql"))
	}
	return names
}

// No copy of an old file is kept where it is told not to.
func TestMigrateWithoutCopy(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	script, err := os.ReadFile("../../store/sqlite/migrations/0001_init.sql")
	if err != nil {
		t.Fatal(err)
	}
	makeFile(t, db, fmt.Sprintf("%s;\nPRAGMA user_version = 1; PRAGMA application_id = %d", script, sqlite.ApplicationID))
	mustRun(t, "migrate", "up", "--keep-copy=false", "--db", db)
	if copies, err := filepath.Glob(db + ".schema*"); err != nil || len(copies) > 0 {
		t.Errorf("there are %v, %v", copies, err)
	}
}

// Commands make no tables where there are none, as a URL may be wrong: init, migrate
// up and servers do.
func TestMigrateEmptyDatabase(t *testing.T) {
	t.Parallel()
	db := stores["PostgreSQL"](t)
	missing := stepsAfter(postgres.Migrations(), 0)
	wantSchema(t, db, "behind", 0, missing...)
	none := "the database has no tables of accountsd yet; make them with accountsd init or accountsd migrate up"
	wantRefusal(t, none, "company", "list", "--db", db)
	_, stderr, code := run(t, "", "serve", "--db", db, "--addr", "127.0.0.1:0", "--migrate=false", "--db-wait", "2s")
	if code != 1 || !strings.Contains(stderr, `"waiting for the database"`) || !strings.HasSuffix(stderr, "accountsd: "+none+"\n") {
		t.Errorf("serve: exit %d\n%s", code, stderr)
	}
	wantSchema(t, db, "behind", 0, missing...)
	if got := mustRun(t, "migrate", "up", "--db", db); got != fmt.Sprintf("%s went from version 0 to %d: %s", shown(db), postgres.SchemaVersion(), strings.Join(missing, ", ")) {
		t.Errorf("up: %s", got)
	}
	wantSchema(t, db, "current", postgres.SchemaVersion())
	p := start(t, exec.CommandContext(t.Context(), binary, "serve", "--db", db, "--addr", "127.0.0.1:0", "--migrate=false"))
	ready(t, p.url, 200, "ready")
	// A server that sees its schema become another one asks not to be used.
	setVersion(t, db, 1000)
	ready(t, p.url, 503, fmt.Sprintf("the schema has version 1000, and this program knows only up to %d: use a newer program", postgres.SchemaVersion()))
}

// ready waits until a server says so, or what it lacks.
func ready(t *testing.T, url string, status int, says string) {
	t.Helper()
	mailtest.Eventually(t, fmt.Sprintf("/readyz says %d %s", status, says), func() bool {
		got, body, err := call(t.Context(), "GET", url+"/readyz", "", "")
		return err == nil && got == status && strings.Contains(body, says)
	})
}
