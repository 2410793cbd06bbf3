package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/audit"
)

// logged are the entries of the audit log after a sequence, each as "action subject by
// whom", of which only the first is asked for.
func (f *fixture) logged(t *testing.T, query string) []string {
	t.Helper()
	var lines []string
	for path := "/audit?" + query; path != ""; {
		a := f.send(t, request{method: "GET", path: path, key: adminKey})
		if a.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, a.Code, a.Body)
		}
		for _, entry := range a.json["entries"].([]any) {
			e := entry.(map[string]any)
			by := "nobody"
			if actor, ok := e["actor"].(map[string]any); ok {
				by = fmt.Sprint(actor["email"])
			}
			lines = append(lines, fmt.Sprintf("%s %v by %s", e["action"], e["subject"].(map[string]any)["name"], by))
		}
		path = a.link("next")
	}
	return lines
}

// Each thing that is done is logged once, as what it was; what fails, is only looked
// at or changes nothing is not.
func TestAudit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	admin := func(method, path, body string) request {
		return request{method: method, path: path, key: adminKey, body: body}
	}
	steps := []struct {
		request
		status int
		want   string // in the log; empty: nothing
	}{
		{login("ada@example.com", password, `{"scopes":["read"]}`), 200, "key.created acc_ by ada@example.com"},
		{login("ada@example.com", "wrong", ""), 401, "login.failed ada@example.com by nobody"},
		{login("nobody@example.com", "wrong", ""), 401, ""},
		{admin("POST", "/users", `{"email":"sam@example.com"}`), 201, "user.invited sam@example.com by ada@example.com"},
		{admin("POST", "/users", `{"email":"sam@example.com"}`), 409, ""},
		{admin("POST", "/users/4/invitation", ""), 200, "user.invited_again sam@example.com by ada@example.com"},
		{admin("PATCH", "/users/3", `{"firstName":"Linnea"}`), 200, "user.updated lin@example.com by ada@example.com"},
		{admin("PATCH", "/users/3", `{"firstName":"Linnea"}`), 200, ""},
		{admin("POST", "/users/3/password-reset", ""), 200, "user.password_reset lin@example.com by ada@example.com"},
		{admin("POST", "/properties", `{"name":"Gate","type":"DROPDOWN","options":["A"]}`), 201, "property.created gate by ada@example.com"},
		{admin("POST", "/properties", `{"name":"Gate","type":"DROPDOWN"}`), 409, ""},
		{admin("PATCH", "/properties/gate", `{"addOptions":["B"],"name":"Gates"}`), 200, "property.updated gate by ada@example.com"},
		{admin("PATCH", "/properties/gate", `{"name":"Gates"}`), 200, ""},
		{admin("DELETE", "/properties/gate", ""), 204, "property.deleted gate by ada@example.com"},
		{admin("POST", "/alias-migrations/3/notify", `{"message":"Please move."}`), 200, "alias.notified lin@example.com by ada@example.com"},
		{admin("POST", "/alias-migrations/3/rehearse", `{"until":"2026-11-24T17:00:00Z"}`), 200, "alias.rehearsed lin@example.com by ada@example.com"},
		{admin("POST", "/alias-migrations/3/migrate?force=true", ""), 200, "alias.migrated lin@example.com by ada@example.com"},
		{admin("POST", "/alias-migrations/3/rollback", ""), 200, "alias.rolled_back lin@example.com by ada@example.com"},
		{admin("PATCH", "/accounts/1", `{"title":"Changed"}`), 200, ""},
		{request{method: "DELETE", path: "/api-keys/1", key: adminKey}, 204, "key.revoked "},
		{request{method: "DELETE", path: "/api-keys/1", key: adminKey}, 204, ""},
	}
	var want []string
	for _, step := range steps {
		if a := f.send(t, step.request); a.Code != step.status {
			t.Fatalf("%s %s: %d %s, want %d", step.method, step.path, a.Code, a.Body, step.status)
		}
		if step.want != "" {
			want = append(want, step.want)
		}
		got := f.logged(t, "page_size=3")
		if len(got) != len(want) {
			t.Fatalf("after %s %s: %q, want %q", step.method, step.path, got, want)
		}
		for i := range want {
			before, after, _ := strings.Cut(want[i], " acc_ by ")
			if !strings.HasPrefix(got[i], before) || !strings.HasSuffix(got[i], after) {
				t.Errorf("after %s %s: entry %d is %q, want %q", step.method, step.path, i, got[i], want[i])
			}
		}
	}
	if got := f.logged(t, "action=login.failed"); len(got) != 1 {
		t.Errorf("failed logins: %q", got)
	}
}

// What an entry tells beside who did what has no secret.
func TestAuditDetails(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	key := f.send(t, login("ada@example.com", password, `{"scopes":["read"]}`)).json["token"].(string)
	invited := f.send(t, request{method: "POST", path: "/users", key: adminKey, body: `{"email":"sam@example.com","isAdmin":true}`})
	token := invited.json["invitation"].(map[string]any)["token"].(string)
	f.send(t, accept(`{"token":"`+token+`","password":"`+password+`"}`))
	f.send(t, request{method: "POST", path: "/users/4/password-reset", key: adminKey})
	f.send(t, request{method: "POST", path: "/users/4/password-reset", key: adminKey, body: `{"revokeKeys":true}`})
	f.send(t, request{method: "PATCH", path: "/users/4", key: adminKey, body: `{"disabled":true}`})
	f.send(t, login("ada@example.com", "wrong", ""))
	a := f.send(t, request{method: "GET", path: "/audit", key: adminKey})
	for _, part := range []string{
		`"sequence":"0000000000000000001","at":"2026-11-24T16:05:12.300Z","actor":{"userId":1,"keyId":null,"email":"ada@example.com"},"action":"key.created"`,
		`"details":{"scope":"read","userId":1}`, `"details":{"isAdmin":true}`, `"action":"user.password_set","subject":{"id":4,"name":"sam@example.com"},"details":{}`,
		`"action":"user.password_reset","subject":{"id":4,"name":"sam@example.com"},"details":{}`,
		`"action":"user.password_reset","subject":{"id":4,"name":"sam@example.com"},"details":{"revokeKeys":true}`,
		`"disabled":{"after":true,"before":false}`, `"actor":null,"action":"login.failed"`, `"failures":1`, `"address":"192.0.2.1"`,
	} {
		if !strings.Contains(a.Body.String(), part) {
			t.Errorf("without %s: %s", part, a.Body)
		}
	}
	for _, secret := range []string{key[len("acc_123456"):], token, password} {
		if strings.Contains(a.Body.String(), secret) {
			t.Errorf("with the secret %s: %s", secret, a.Body)
		}
	}
}

func TestAuditRequests(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for query, status := range map[string]int{"after=0": 200, "after=1": 400, "after=x": 400, "action=" + url.QueryEscape(string(audit.KeyRevoked)): 200, "action=other": 400, "page_size=101": 400} {
		if a := f.send(t, request{method: "GET", path: "/audit?" + query, key: adminKey}); a.Code != status {
			t.Errorf("%s: %d %s, want %d", query, a.Code, a.Body, status)
		}
	}
	for _, key := range []string{readKey, linKey} {
		if a := f.send(t, request{method: "GET", path: "/audit", key: key}); a.Code != http.StatusForbidden {
			t.Errorf("with %s: %d", key, a.Code)
		}
	}
}
