package main_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An operator leads users and keys from their beginning to their end, also while
// a server runs.
func TestUserCommands(t *testing.T) { onEachStore(t, testUserCommands) }

func testUserCommands(t *testing.T, db string) {
	key := mustRun(t, "init", "--db", db, "--company", "Sunrise", "--email", "ada@example.com")
	p := serve(t, db)
	list := func(thing string) string { return mustRun(t, thing, "list", "--db", db, "--company", "Sunrise") }
	onLin := func(command string, more ...string) string {
		return mustRun(t, append([]string{"user", command, "--db", db, "--email", "Lin@example.com"}, more...)...)
	}
	accept := func(token string) int {
		t.Helper()
		status, _, err := call(t.Context(), "POST", p.url+"/v1/users/accept", "", `{"token":"`+token+`","password":"a long new password"}`)
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	first := onLin("invite", "--company", "Sunrise", "--first-name", "Lin")
	second := onLin("invite", "--company", "Sunrise")
	if !strings.Contains(list("user"), "invited until") || accept(first) != http.StatusBadRequest || accept(second) != http.StatusOK {
		t.Errorf("invited: %s", list("user"))
	}
	lin := mustRun(t, "key", "create", "--db", db, "--email", "lin@example.com", "--name", "nightly")
	if _, stderr, code := run(t, "", "key", "create", "--db", db, "--email", "lin@example.com", "--scopes", "admin"); code == 0 || !strings.Contains(stderr, "up to write") {
		t.Errorf("an admin key of one who is none: %d %s", code, stderr)
	}
	if token := onLin("reset-password"); !strings.Contains(list("user"), "resetting") || accept(token) != http.StatusOK {
		t.Errorf("reset: %s", list("user"))
	}
	uses := func(key string) int {
		t.Helper()
		status, _, err := call(t.Context(), "GET", p.url+"/v1/users", key, "")
		if err != nil {
			t.Fatal(err)
		}
		return status
	}
	// Servers on PostgreSQL look once in half a second at what others have changed.
	ends := func(key string) bool {
		for range 20 {
			if uses(key) == http.StatusUnauthorized || !onPostgres(db) {
				break
			}
			time.Sleep(50 * time.Millisecond)
		}
		return uses(key) == http.StatusUnauthorized
	}
	if got := uses(lin); got != http.StatusOK {
		t.Errorf("the key answers %d", got)
	}
	if got := onLin("disable"); got != "lin@example.com is disabled" || !ends(lin) || uses(key) != http.StatusOK {
		t.Errorf("disable: %s", got)
	}
	if keys := list("key"); !strings.Contains(keys, "nightly") || strings.Contains(keys, lin) {
		t.Errorf("keys: %s", keys)
	}
	if got := onLin("enable"); got != "lin@example.com is active" || uses(lin) != http.StatusUnauthorized {
		t.Errorf("enable: %s", got)
	}
	if got := mustRun(t, "key", "revoke", "--db", db, "--company", "Sunrise", "1"); got != "key 1 is revoked" || !ends(key) {
		t.Errorf("revoke: %s", got)
	}
}

// An address that two companies know needs a company, in every command.
func TestUserOfTwoCompanies(t *testing.T) { onEachStore(t, testUserOfTwoCompanies) }

func testUserOfTwoCompanies(t *testing.T, db string) {
	for _, company := range []string{"Sunrise", "Harbor"} {
		mustRun(t, "init", "--db", db, "--company", company, "--email", "ada@example.com")
	}
	if got := mustRun(t, "company", "list", "--db", db); !strings.Contains(got, "Sunrise") || !strings.Contains(got, "Harbor") {
		t.Errorf("companies: %s", got)
	}
	file := filepath.Join(t.TempDir(), "none.csv")
	for _, args := range [][]string{
		{"key", "create", "--email", "ada@example.com"},
		{"user", "reset-password", "--email", "ada@example.com"},
		{"user", "disable", "--email", "ada@example.com"},
		{"alias", "notify", "--as", "ada@example.com", "--user", "ada@example.com", "--message", "Move."},
	} {
		args = append(args, "--db", db)
		if _, stderr, code := run(t, "", args...); code == 0 || !strings.Contains(stderr, `--company: the user is of several companies; name one of "Sunrise", "Harbor"`) {
			t.Errorf("%v: %d %s", args, code, stderr)
		}
	}
	mustRun(t, "key", "create", "--email", "ada@example.com", "--db", db, "--company", "harbor")
	for _, c := range []struct{ args, words string }{
		{"user disable --email ada@example.com --company Harbor", "last active admin"},
		{"user enable --email nobody@example.com", "user not found; accountsd company list shows the companies, and accountsd user list the users of one"},
		{"user list --company Nowhere", `--company "Nowhere": company not found; accountsd company list shows the companies`},
		{"user invite --company Harbor --email nobody", "must be an e-mail address"},
		{"key revoke --company Harbor", "name the ids"},
		{"key revoke --company Harbor x", "must be an integer"},
		{"key revoke --company Harbor 1", "1: key not found"},
		{"import --email nobody@example.com " + file, ""},
	} {
		args := strings.Fields(c.args)
		args = append(args[:2:2], append([]string{"--db", db}, args[2:]...)...)
		if _, stderr, code := run(t, "", args...); code == 0 || !strings.Contains(stderr, c.words) {
			t.Errorf("%s: %d %s", c.args, code, stderr)
		}
	}
}
