package server_test

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// A step that is refused changes nothing.
func TestRefusedSteps(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	var stranger identity.User
	must(t, f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) (err error) {
		stranger, err = userByEmail(ctx, tx, "stranger@other.example")
		return err
	}))
	now := f.clock.Now()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339Nano) }
	const hour, day = time.Hour, 24 * time.Hour
	foreign := fmt.Sprintf("/alias-migrations/%d", stranger.ID)
	notice := `{"message":"Please move."}`
	rehearsal := fmt.Sprintf(`{"until":%q}`, at(hour))
	before := f.report(t)
	for _, c := range []struct {
		name, path, key, body string
		status                int
		want                  string
	}{
		{"a key that may write", f.path("/migrate?force=true"), linKey, "", 403, "scope admin"},
		{"a notice by a key that may write", f.path("/notify"), maxKey, notice, 403, "scope admin"},
		{"a rehearsal by a key that may write", f.path("/rehearse"), maxKey, rehearsal, 403, "scope admin"},
		{"a roll-back by a key that may write", f.path("/rollback"), maxKey, "", 403, "scope admin"},
		{"no key", f.path("/migrate?force=true"), noKey, "", 401, "x-api-key"},
		{"a user of another company", foreign + "/migrate?force=true", adminKey, "", 404, "user not found"},
		{"a notice to a user of another company", foreign + "/notify", adminKey, notice, 404, "user not found"},
		{"a rehearsal of a user of another company", foreign + "/rehearse", adminKey, rehearsal, 404, "user not found"},
		{"nobody", "/alias-migrations/999999/rollback", adminKey, "", 404, "user not found"},
		{"no id", "/alias-migrations/0/migrate", adminKey, "", 400, "userId must be an integer of at least 1"},
		{"no message", f.path("/notify"), adminKey, `{}`, 400, "message"},
		{"a blank message", f.path("/notify"), adminKey, `{"message":" \n"}`, 400, "message must"},
		{"a long message", f.path("/notify"), adminKey, `{"message":"` + strings.Repeat("x", 4001) + `"}`, 400, "4000"},
		{"a sunset in the past", f.path("/notify"), adminKey, fmt.Sprintf(`{"message":"x","sunset":%q}`, at(-time.Millisecond)), 400, "sunset must not be in the past"},
		{"a sunset that is no time", f.path("/notify"), adminKey, `{"message":"x","sunset":"tomorrow"}`, 400, "sunset"},
		{"a sunset in the year 10000", f.path("/notify"), adminKey, `{"message":"x","sunset":"9999-12-31T23:59:59-23:59"}`, 400, "sunset must be an RFC 3339 date-time"},
		{"an unknown member", f.path("/notify"), adminKey, `{"message":"x","sunsett":null}`, 400, `did you mean \"sunset\"`},
		{"a rehearsal without an end", f.path("/rehearse"), adminKey, `{}`, 400, "until"},
		{"a rehearsal that is over", f.path("/rehearse"), adminKey, fmt.Sprintf(`{"from":%q,"until":%q}`, at(-2*hour), at(-hour)), 400, "until must be in the future"},
		{"a rehearsal backwards", f.path("/rehearse"), adminKey, fmt.Sprintf(`{"from":%q,"until":%q}`, at(2*hour), at(hour)), 400, "after the beginning"},
		{"a rehearsal of more than a week", f.path("/rehearse"), adminKey, fmt.Sprintf(`{"until":%q}`, at(7*day+time.Millisecond)), 400, "at most 7 days"},
		{"a rehearsal with another user's key", f.path("/rehearse"), adminKey, fmt.Sprintf(`{"until":%q,"keyId":%d}`, at(hour), f.keys[maxKey].ID), 400, "is not a key of lin@example.com"},
		{"an unknown parameter", f.path("/migrate?forced=true"), adminKey, "", 400, `did you mean \"force\"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := f.send(t, request{method: "POST", path: c.path, key: c.key, body: c.body})
			if a.Code != c.status || !strings.Contains(a.Body.String(), c.want) {
				t.Fatalf("%d, want %d with %q: %s", a.Code, c.status, c.want, a.Body)
			}
			checkProblem(t, a)
		})
	}
	for _, path := range []string{"/alias-migrations", f.path("")} {
		if a := f.send(t, request{method: "GET", path: path, key: linKey}); a.Code != http.StatusForbidden {
			t.Errorf("%s: %d", path, a.Code)
		}
	}
	if after := f.report(t); !reflect.DeepEqual(after, before) {
		t.Errorf("it changed:\n%v\n%v", before, after)
	}
	f.alias(t, linKey, http.StatusOK)

	// Nothing but a roll-back can be done with a user who is migrated.
	f.step(t, "/migrate?force=true", "", http.StatusOK)
	before = f.report(t)
	f.step(t, "/notify", notice, http.StatusConflict)
	f.step(t, "/rehearse", rehearsal, http.StatusConflict)
	f.step(t, "/migrate?force=true", "", http.StatusConflict)
	if after := f.report(t); !reflect.DeepEqual(after, before) {
		t.Errorf("it changed:\n%v\n%v", before, after)
	}
}

// A key that may read sees its own user's use, and no other.
func TestOwnMigration(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	f.alias(t, linKey, http.StatusOK)
	f.alias(t, maxKey, http.StatusOK)
	f.step(t, "/notify", `{"message":"Please move.","sunset":"2027-03-01T00:00:00Z"}`, http.StatusOK)
	want := f.report(t)
	got := f.send(t, request{method: "GET", path: "/alias-migrations/me", key: linReadKey})
	if got.Code != http.StatusOK || !reflect.DeepEqual(got.json, want) {
		t.Errorf("%d %v\nwant %v", got.Code, got.json, want)
	}
	if got.json["state"] != "notified" || got.json["sunset"] != "2027-03-01T00:00:00.000Z" || len(got.json["operations"].([]any)) != 1 {
		t.Errorf("%v", got.json)
	}
	if a := f.send(t, request{method: "GET", path: "/alias-migrations/me", key: noKey}); a.Code != http.StatusUnauthorized {
		t.Errorf("%d", a.Code)
	}
}

// The list holds who has used the alias or was notified, page by page.
func TestListMigrations(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	f.alias(t, maxKey, http.StatusOK)
	f.flush(t)
	f.step(t, "/notify", `{"message":"Please move."}`, http.StatusOK)
	list := func(path string) (emails string, a answer) {
		a = f.send(t, request{method: "GET", path: path, key: adminKey})
		if a.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, a.Code, a.Body)
		}
		for _, item := range a.list {
			user := item.(map[string]any)
			emails += user["email"].(string) + " " + user["state"].(string) + ";"
			if user["steps"] != nil || user["operations"] != nil {
				t.Errorf("a list with %v", user)
			}
			if mail, ok := user["mail"].(map[string]any); ok != (user["state"] == "notified") || ok && mail["state"] != "not_sent" {
				t.Errorf("the mail is %v", user["mail"])
			}
		}
		return emails, a
	}
	for path, want := range map[string]string{
		"":                 "lin@example.com notified;max@example.com using;",
		"?state=using":     "max@example.com using;",
		"?state=migrated":  "",
		"?page_size=1":     "lin@example.com notified;",
		"?after=999999999": "",
	} {
		if got, _ := list("/alias-migrations" + path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	seen, path := "", "/alias-migrations?page_size=1"
	for path != "" {
		page, a := list(path)
		seen += page
		path = a.link("next")
	}
	if seen != "lin@example.com notified;max@example.com using;" {
		t.Errorf("pages %q", seen)
	}
	if a := f.send(t, request{method: "GET", path: "/alias-migrations?state=moved", key: adminKey}); a.Code != http.StatusBadRequest {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}
