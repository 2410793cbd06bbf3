package server_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/identity"
)

// login is a request for a key with a password.
func login(email, password, body string) request {
	basic := base64.StdEncoding.EncodeToString([]byte(email + ":" + password))
	return request{method: "POST", path: "/api-keys", key: noKey, body: body, headers: map[string]string{"Authorization": "Basic " + basic}}
}

func TestCreateKey(t *testing.T) {
	t.Parallel()
	ada := func(body string) request { return login("Ada@example.com", password, body) }
	lin := func(body string) request { return login("lin@example.com", password, body) }
	with := func(r request, name, value string) request { r.headers[name] = value; return r }
	challenge := map[string]string{"WWW-Authenticate": `Basic realm="accountsd", charset="UTF-8"`}
	refused := func(name string, r request) scenario {
		return scenario{name: name, request: r, status: 401, code: "UNAUTHORIZED", header: challenge,
			members: map[string]any{"error": "send a user's e-mail address and password by HTTP Basic authentication", "detail": "send a user's e-mail address and password by HTTP Basic authentication"}}
	}
	runScenarios(t, []scenario{
		{name: "without a body", request: ada(""), status: 200, want: []string{`"token":"acc_`},
			members: map[string]any{"companyId": 1, "name": "", "description": "", "email": "ada@example.com", "scopes": []any{"read", "write", "admin"}, "expiresAt": nil}},
		{name: "without a body, of another type", request: with(ada(""), "Content-Type", "application/x-www-form-urlencoded"), status: 200},
		{name: "by one who is no admin", request: lin(""), status: 200, members: map[string]any{"scopes": []any{"read", "write"}, "email": "lin@example.com"}},
		{name: "with every member", request: ada(`{"name":" report ","description":" nightly ","scopes":["read"],"expiresAt":"2026-11-24T18:05:12.3009+01:00"}`), status: 200,
			members: map[string]any{"name": "report", "description": "nightly", "scopes": []any{"read"}, "expiresAt": "2026-11-24T17:05:12.300Z"}},
		{name: "from some networks", request: ada(`{"allowedIps":["203.0.113.77/24","2001:db8::1","192.0.2.7/32"]}`), status: 200,
			members: map[string]any{"allowedIps": []any{"203.0.113.0/24", "2001:db8::1", "192.0.2.7"}}},
		{name: "from what is no network", request: ada(`{"allowedIps":["203.0.113.0/33","fe80::1%eth0","::ffff:192.0.2.1",""]}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`/allowedIps/0: allowedIps[0] must be a network such as 203.0.113.0/24, or an address; got "203.0.113.0/33"`,
			`/allowedIps/1: allowedIps[1] must be a network such as 203.0.113.0/24, or an address; got "fe80::1%eth0"`,
			`/allowedIps/2: allowedIps[2] must be a network such as 203.0.113.0/24, or an address; got "::ffff:192.0.2.1"`,
			"/allowedIps/3: allowedIps[3] must not be empty"}},
		{name: "more than the user may", request: lin(`{"scopes":["read","admin"]}`), status: 403, code: "FORBIDDEN", want: []string{"up to write; got admin"}},
		{name: "every offence", request: ada(`{"scopes":["all"],"expiresAt":"2026-11-24T16:05:12.300Z","name":5}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/expiresAt: expiresAt must be in the future; got 2026-11-24T16:05:12Z", "/name: name must be a string; got 5", `/scopes/0: scopes[0] must be one of read, write, admin; got "all"`}},
		{name: "an end whose year in UTC has five digits", request: ada(`{"expiresAt":"9999-12-31T23:59:59-23:59"}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`/expiresAt: expiresAt must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "9999-12-31T23:59:59-23:59"`}},
		{name: "no scopes", request: ada(`{"scopes":[]}`), status: 400, code: "VALIDATION_ERROR", errors: []string{"/scopes: scopes must contain at least 1 item"}},
		{name: "a body that is not JSON", request: ada(`{`), status: 400, code: "INVALID_JSON"},
		{name: "a body of another type", request: with(ada(`{}`), "Content-Type", "text/plain"), status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		refused("a wrong password", login("ada@example.com", "wrong", `{"name":5}`)),
		refused("an unknown user", login("nobody@example.com", password, "")),
		refused("a user without a password", login("stranger@other.example", "", "")),
		refused("nothing", request{method: "POST", path: "/api-keys", key: noKey}),
		refused("a key", request{method: "POST", path: "/api-keys", key: adminKey}),
		{name: "other operations have no member for it", request: request{method: "GET", path: "/api-keys", key: noKey}, status: 401, code: "UNAUTHORIZED", notWant: []string{`"error"`},
			header: map[string]string{"WWW-Authenticate": `ApiKey realm="accountsd", header="x-api-key"`}},
		refused("another scheme", with(ada(""), "Authorization", "Bearer x")),
	})
}

// A key works until it is revoked, from one request to the next.
func TestKeyLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	created := f.send(t, login("lin@example.com", password, `{"name":"mine","expiresAt":"2026-11-24T17:00:00Z"}`))
	token, id := created.json["token"].(string), created.json["id"]
	own := request{method: "GET", path: "/api-keys", key: token}
	keys := f.send(t, own)
	mine, _ := keys.list[len(keys.list)-1].(map[string]any)
	if len(keys.list) != 2 || !same(mine["id"], id) || mine["name"] != "mine" || !same(mine["userId"], f.lin.ID) || mine["revokedAt"] != nil ||
		mine["expiresAt"] != "2026-11-24T17:00:00.000Z" || !strings.HasPrefix(token, mine["prefix"].(string)) || strings.Contains(keys.Body.String(), token) {
		t.Errorf("own keys: %s", keys.Body)
	}
	path := "/api-keys/" + fmt.Sprint(id)
	revoke := request{method: "DELETE", path: path, key: token}
	if a := f.send(t, revoke); a.Code != http.StatusNoContent {
		t.Fatalf("revoke: %d %s", a.Code, a.Body)
	}
	if a := f.send(t, own); a.Code != http.StatusUnauthorized {
		t.Errorf("a revoked key: %d", a.Code)
	}
	f.clock.advance(time.Minute)
	if a := f.send(t, request{method: "DELETE", path: path, key: linKey}); a.Code != http.StatusNoContent {
		t.Errorf("revoked again: %d", a.Code)
	}
	all := f.send(t, request{method: "GET", path: "/api-keys", key: adminKey})
	last, _ := all.list[len(all.list)-1].(map[string]any)
	if len(all.list) != 7 || last["revokedAt"] != "2026-11-24T16:05:12.300Z" {
		t.Errorf("the company's keys: %s", all.Body)
	}
	short := f.send(t, login("lin@example.com", password, `{"expiresAt":"2026-11-24T17:00:00Z"}`)).json["token"].(string)
	f.clock.advance(time.Hour)
	if a := f.send(t, request{method: "GET", path: "/api-keys", key: short}); a.Code != http.StatusUnauthorized {
		t.Errorf("an expired key: %d", a.Code)
	}
}

func TestRevokeKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := map[string]int64{}
	for _, token := range []string{readKey, linKey, otherKey} {
		key, _, err := f.store.KeyByHash(t.Context(), identity.HashToken(token), f.clock.Now())
		must(t, err)
		ids[token] = key.ID
	}
	for _, c := range []struct {
		name, by, key string
		status        int
	}{
		{"a colleague's", linKey, readKey, 404},
		{"another company's", adminKey, otherKey, 404},
		{"with a key that may only read", readKey, readKey, 403},
		{"without a key", noKey, readKey, 401},
		{"a colleague's, by an admin", adminKey, linKey, 204},
		{"one's own", writeKey, readKey, 204},
	} {
		before := f.stored(t)
		a := f.send(t, request{method: "DELETE", path: "/api-keys/" + fmt.Sprint(ids[c.key]), key: c.by})
		if a.Code != c.status {
			t.Errorf("%s: %d %s", c.name, a.Code, a.Body)
		}
		if written := f.stored(t) != before; written != (c.status == 204) {
			t.Errorf("%s: written %t", c.name, written)
		}
		use := f.send(t, request{method: "GET", path: "/users", key: c.key})
		if works := use.Code == http.StatusOK; works != (c.status != 204) {
			t.Errorf("%s: the key answers %d", c.name, use.Code)
		}
	}
	if a := f.send(t, request{method: "DELETE", path: "/api-keys/999", key: adminKey}); a.Code != http.StatusNotFound {
		t.Errorf("none: %d", a.Code)
	}
}

// A key with networks is refused from elsewhere, by the address that a trusted proxy
// names, and each use of it is seen.
func TestKeyOfNetworks(t *testing.T) {
	t.Parallel()
	f := newFixture(t, trusting)
	created := f.send(t, login("ada@example.com", password, `{"name":"office","allowedIps":["203.0.113.0/24","2001:db8:7::/48"]}`))
	token := created.json["token"].(string)
	for from, status := range map[string]int{
		"203.0.113.9:4711": 200, "203.0.114.9:4711": 403, "[2001:db8:7::1]:4711": 200, "[::ffff:203.0.113.9]:4711": 200, "": 403,
	} {
		a := f.sendFrom(t, from, request{method: "GET", path: "/users/me", key: token})
		if a.Code != status || status == 403 && !strings.Contains(a.Body.String(), "this key may not be used from the address") {
			t.Errorf("from %s: %d %s", from, a.Code, a.Body)
		}
	}
	forwarded := request{method: "GET", path: "/users/me", key: token, headers: map[string]string{"X-Forwarded-For": "203.0.113.9"}}
	if a := f.sendFrom(t, "10.1.2.3:4711", forwarded); a.Code != 200 {
		t.Errorf("through a proxy: %d %s", a.Code, a.Body)
	}
	if a := f.sendFrom(t, "192.0.2.1:4711", forwarded); a.Code != 403 {
		t.Errorf("by one who says so: %d %s", a.Code, a.Body)
	}
	list := f.send(t, request{method: "GET", path: "/api-keys", key: adminKey}).Body.String()
	if !strings.Contains(list, `"allowedIps":["203.0.113.0/24","2001:db8:7::/48"]`) || strings.Count(list, `"lastUsedAt":"2026-11-24T16:05:12.`) != 2 {
		t.Error(list)
	}
	if log := f.send(t, request{method: "GET", path: "/audit", key: adminKey}).Body.String(); !strings.Contains(log, `"allowedIps":["203.0.113.0/24","2001:db8:7::/48"]`) {
		t.Error(log)
	}
}
