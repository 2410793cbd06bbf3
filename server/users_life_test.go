package server_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func patchUser(id int64, body string) request {
	return request{method: "PATCH", path: fmt.Sprintf("/users/%d", id), key: adminKey, body: body}
}

// newPassword is a change of one's own password.
func newPassword(email, password, body string) request {
	r := login(email, password, body)
	r.path = "/users/me/password"
	return r
}

func TestUpdateUser(t *testing.T) {
	t.Parallel()
	const last = "this is the company's last active admin"
	runScenarios(t, []scenario{
		{name: "every member", request: patchUser(3, `{"firstName":" Lin ","lastName":"Ito","isAdmin":true,"disabled":true}`), status: 200,
			members: map[string]any{"id": 3, "firstName": "Lin", "lastName": "Ito", "isAdmin": true, "isDisabled": true, "isInvited": false}},
		{name: "cleared names", request: patchUser(1, `{"firstName":null}`), status: 200, changes: true, members: map[string]any{"firstName": "", "lastName": "Reyes", "isAdmin": true}},
		{name: "nothing", request: patchUser(1, `{}`), status: 200, members: map[string]any{"firstName": "Ada", "isDisabled": false}},
		{name: "the last admin disabled", request: patchUser(1, `{"disabled":true}`), status: 409, code: "CONFLICT", errors: []string{"/disabled: disabled must be false: " + last}},
		{name: "the last admin demoted", request: patchUser(1, `{"isAdmin":false}`), status: 409, code: "CONFLICT", errors: []string{"/isAdmin: isAdmin must be true: " + last}},
		{name: "every offence", request: patchUser(1, `{"isAdmin":null,"disabled":"yes","firstName":5,"email":"x@example.com"}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`/disabled: disabled must be true or false; got "yes"`, "/email: email cannot be changed; leave it out, or send it as it was fetched", "/firstName: firstName must be a string; got 5", "/isAdmin: isAdmin must not be null"}},
		{name: "an offence beside the last admin", request: patchUser(1, `{"disabled":true,"lastName":5}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/disabled: disabled must be false: " + last, "/lastName: lastName must be a string; got 5"}},
		{name: "another company's", request: patchUser(2, `{"disabled":true}`), status: 404, code: "NOT_FOUND"},
		{name: "none", request: patchUser(99, `{"disabled":true}`), status: 404, code: "NOT_FOUND"},
		{name: "a key that may only write", request: request{method: "PATCH", path: "/users/3", body: `{"disabled":true}`}, status: 403, code: "FORBIDDEN"},
	})
}

// A disabled user can do nothing from the next request on, and gets the password
// back, not the keys.
func TestDisabledUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	own := request{method: "GET", path: "/api-keys", key: linKey}
	want := func(name string, r request, status int) {
		t.Helper()
		if a := f.send(t, r); a.Code != status {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
	want("a key before", own, 200)
	want("disable", patchUser(3, `{"disabled":true}`), 200)
	disabled, unknown := f.send(t, own), f.send(t, request{method: "GET", path: "/api-keys", key: "acc_nobody"})
	if disabled.Code != 401 || disabled.json["detail"] != unknown.json["detail"] {
		t.Errorf("a key: %d %s", disabled.Code, disabled.Body)
	}
	refused, wrong := f.send(t, login("lin@example.com", password, "")), f.send(t, login("lin@example.com", "wrong", ""))
	if refused.Code != 401 || refused.json["detail"] != wrong.json["detail"] {
		t.Errorf("login: %d %s", refused.Code, refused.Body)
	}
	want("own password", newPassword("lin@example.com", password, `{"newPassword":"a new long password"}`), 401)
	want("invite again", request{method: "POST", path: "/users/3/invitation", key: adminKey}, 409)
	want("reset", request{method: "POST", path: "/users/3/password-reset", key: adminKey}, 409)
	want("enable", patchUser(3, `{"disabled":false}`), 200)
	want("a key after", own, 401)
	want("a login after", login("lin@example.com", password, ""), 200)
	if log := f.log.String(); !strings.Contains(log, `"change":"disabled=true","companyId":1,"userId":3,"byUserId":1,"byKeyId":`) || strings.Contains(log, "lin@") {
		t.Errorf("the log: %s", log)
	}
}

// Who is no longer an admin has no admin key either.
func TestDemotedUser(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if a := f.send(t, patchUser(3, `{"isAdmin":true}`)); a.Code != 200 {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	lin := f.send(t, login("lin@example.com", password, "")).json["token"].(string)
	byLin := patchUser(1, `{"isAdmin":false}`)
	byLin.key = lin
	if a := f.send(t, byLin); a.Code != 200 {
		t.Fatalf("demote ada: %d %s", a.Code, a.Body)
	}
	for name, want := range map[string]struct {
		request
		status int
	}{
		"an admin's operation": {patchUser(3, `{"firstName":"x"}`), 403},
		"a write":              {request{method: "PATCH", path: "/accounts/1", key: adminKey, body: `{"title":"New"}`}, 200},
		"an admin's key":       {login("ada@example.com", password, `{"scopes":["admin"]}`), 403},
		"a key":                {login("ada@example.com", password, ""), 200},
	} {
		if a := f.send(t, want.request); a.Code != want.status {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
	keys := f.send(t, request{method: "GET", path: "/api-keys", key: adminKey})
	if strings.Contains(keys.Body.String(), `"admin"`) {
		t.Errorf("keys: %s", keys.Body)
	}
}

// An invited admin who has not accepted cannot stand in for the last one.
func TestInvitedAdminDoesNotCount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, request{method: "POST", path: "/users", key: adminKey, body: `{"email":"sam@example.com","isAdmin":true}`})
	if a := f.send(t, patchUser(1, `{"disabled":true}`)); a.Code != 409 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, patchUser(4, `{"disabled":true}`)); a.Code != 200 {
		t.Errorf("the invited one: %d %s", a.Code, a.Body)
	}
}

func TestInviteAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.invited(t)
	f.clock.advance(8 * 24 * time.Hour) // it has run out
	again := request{method: "POST", path: "/users/4/invitation", key: adminKey}
	a := f.send(t, again)
	invitation, _ := a.json["invitation"].(map[string]any)
	if a.Code != 200 || invitation["expiresAt"] != "2026-12-09T16:05:12.300Z" {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	second := invitation["token"].(string)
	for token, status := range map[string]int{first: 400, second: 200} {
		if a := f.send(t, accept(`{"token":"`+token+`","password":"a new long password"}`)); a.Code != status {
			t.Errorf("%d %s, want %d", a.Code, a.Body, status)
		}
	}
	for name, want := range map[string]struct {
		request
		status int
	}{
		"accepted":            {again, 409},
		"never invited":       {request{method: "POST", path: "/users/3/invitation", key: adminKey}, 409},
		"another company's":   {request{method: "POST", path: "/users/2/invitation", key: adminKey}, 404},
		"by a key for writes": {request{method: "POST", path: "/users/4/invitation"}, 403},
	} {
		if a := f.send(t, want.request); a.Code != want.status {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
}

// A reset ends the password at once, and the keys if they are to end.
func TestResetPassword(t *testing.T) {
	t.Parallel()
	for body, keyStatus := range map[string]int{"": 200, `{"revokeKeys":true}`: 401} {
		f := newFixture(t)
		reset := request{method: "POST", path: "/users/3/password-reset", key: adminKey, body: body}
		first := f.send(t, reset)
		a := f.send(t, reset) // the first token was lost
		if first.Code != 200 || a.Code != 200 || !strings.Contains(a.Body.String(), `"isInvited":false`) {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
		token := func(a answer) string { return a.json["invitation"].(map[string]any)["token"].(string) }
		for _, r := range []struct {
			name string
			request
			status int
		}{
			{"the old password", login("lin@example.com", password, ""), 401},
			{"a key", request{method: "GET", path: "/users", key: linKey}, keyStatus},
			{"an invitation", request{method: "POST", path: "/users/3/invitation", key: adminKey}, 409},
			{"the first token", accept(`{"token":"` + token(first) + `","password":"a new long password"}`), 400},
			{"the token", accept(`{"token":"` + token(a) + `","password":"a new long password"}`), 200},
			{"the token again", accept(`{"token":"` + token(a) + `","password":"a new long password"}`), 400},
			{"the old password after", login("lin@example.com", password, ""), 401},
			{"the new one", login("lin@example.com", "a new long password", ""), 200},
		} {
			if a := f.send(t, r.request); a.Code != r.status {
				t.Errorf("%s: %d %s, want %d", r.name, a.Code, a.Body, r.status)
			}
		}
	}
	runScenarios(t, []scenario{
		{name: "of one who is invited", request: request{method: "POST", path: "/users/2/password-reset", key: adminKey}, status: 404, code: "NOT_FOUND"},
		{name: "every offence", request: request{method: "POST", path: "/users/3/password-reset", key: adminKey, body: `{"revokeKeys":1,"x":2}`}, status: 400, code: "VALIDATION_ERROR",
			errors: []string{"/revokeKeys: revokeKeys must be true or false; got 1", "/x: x is not a known member"}},
		{name: "by a key for writes", request: request{method: "POST", path: "/users/3/password-reset"}, status: 403, code: "FORBIDDEN"},
	})
}

// A token that was not used in a day is good no more.
func TestExpiredReset(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, request{method: "POST", path: "/users/3/password-reset", key: adminKey})
	f.clock.advance(24 * time.Hour)
	token := a.json["invitation"].(map[string]any)["token"].(string)
	if a := f.send(t, accept(`{"token":"`+token+`","password":"a new long password"}`)); a.Code != 400 {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.stored(t)
	for name, want := range map[string]struct {
		request
		status int
		errors []string
	}{
		"a wrong password": {newPassword("lin@example.com", "wrong", `{"newPassword":"a new long password"}`), 401, nil},
		"a key":            {request{method: "POST", path: "/users/me/password", key: linKey, body: `{"newPassword":"a new long password"}`}, 401, nil},
		"a short one":      {newPassword("lin@example.com", password, `{"newPassword":"short"}`), 400, nil},
		"none":             {newPassword("lin@example.com", password, `{}`), 400, []string{"/newPassword: newPassword is required"}},
	} {
		if a := f.send(t, want.request); a.Code != want.status || len(want.errors) > 0 && !same(a.errors(), want.errors) {
			t.Errorf("%s: %d %s", name, a.Code, a.Body)
		}
	}
	if f.stored(t) != before {
		t.Error("something was written")
	}
	if a := f.send(t, newPassword("LIN@example.com", password, `{"newPassword":"a new long password"}`)); a.Code != http.StatusNoContent {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	for tried, status := range map[string]int{password: 401, "a new long password": 200} {
		if a := f.send(t, login("lin@example.com", tried, "")); a.Code != status {
			t.Errorf("%q: %d %s", tried, a.Code, a.Body)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/users", key: linKey}); a.Code != http.StatusOK {
		t.Errorf("a key: %d", a.Code)
	}
	if log := f.log.String(); !strings.Contains(log, `"change":"password changed"`) || strings.Contains(log, "long password") {
		t.Errorf("the log: %s", log)
	}
}

func TestFilterUsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for query, want := range map[string]string{
		"?email=LIN@example.com": "3", "?email=stranger@other.example": "", "?email=lin": "", "?id=1": "1", "?id=2": "", "?id=3&email=ada@example.com": "", "": "1 3",
	} {
		if a := f.send(t, request{method: "GET", path: "/users" + query, key: readKey}); a.Code != 200 || a.ids() != want {
			t.Errorf("%s: %d %s", query, a.Code, a.Body)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/users?id=0&email=", key: readKey}); a.Code != 400 || len(a.errors()) != 2 {
		t.Errorf("malformed: %d %s", a.Code, a.Body)
	}
}

// A key that may do less than another does not revoke it.
func TestRevokeStrongerKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := map[string]string{}
	for _, k := range f.send(t, request{method: "GET", path: "/api-keys", key: adminKey}).list {
		key := k.(map[string]any)
		ids[key["prefix"].(string)] = fmt.Sprint(key["id"])
	}
	a := f.send(t, request{method: "DELETE", path: "/api-keys/" + ids[adminKey], key: writeKey})
	if a.Code != http.StatusForbidden || a.json["code"] != "FORBIDDEN" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, request{method: "GET", path: "/users", key: adminKey}); a.Code != http.StatusOK {
		t.Errorf("the key answers %d", a.Code)
	}
	if a := f.send(t, request{method: "DELETE", path: "/api-keys/" + ids[writeKey], key: writeKey}); a.Code != http.StatusNoContent {
		t.Errorf("an equal one: %d %s", a.Code, a.Body)
	}
}

// A person may be a user of several companies, and says of which where the
// password does not.
func TestUserOfSeveralCompanies(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	accepted := func(key, email, password string) {
		t.Helper()
		a := f.send(t, request{method: "POST", path: "/users", key: key, body: fmt.Sprintf(`{"email":%q}`, email)})
		token := a.json["invitation"].(map[string]any)["token"].(string)
		if a := f.send(t, accept(fmt.Sprintf(`{"token":%q,"password":%q}`, token, password))); a.Code != 200 {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
	accepted(otherKey, "lin@example.com", "another long password")
	accepted(otherKey, "ada@example.com", password)
	at := func(r request, company string) request { r.path += "?company_id=" + company; return r }
	for _, c := range []struct {
		name string
		request
		status  int
		company any
	}{
		{"one password", login("lin@example.com", password, ""), 200, 1},
		{"the other one", login("lin@example.com", "another long password", ""), 200, 2},
		{"none", login("lin@example.com", "a wrong long password", ""), 401, nil},
		{"one password, the other company", at(login("lin@example.com", password, ""), "2"), 401, nil},
		{"the same password", login("ada@example.com", password, ""), 409, nil},
		{"the same in the one", at(login("ada@example.com", password, ""), "1"), 200, 1},
		{"the same in the other", at(login("ada@example.com", password, ""), "2"), 200, 2},
		{"the same in none", at(login("ada@example.com", password, ""), "3"), 401, nil},
		{"no company", at(login("lin@example.com", password, ""), "x"), 400, nil},
	} {
		a := f.send(t, c.request)
		if a.Code != c.status || c.company != nil && !same(a.json["companyId"], c.company) {
			t.Errorf("%s: %d %s", c.name, a.Code, a.Body)
		}
		if c.status == 409 && !same(a.errors(), []string{"query company_id: company_id must be one of 1, 2: you have this password in several companies"}) {
			t.Errorf("%s: %s", c.name, a.Body)
		}
	}
}

// from is a request from another remote address than others.
func (f *fixture) loginFrom(t *testing.T, address, email, password string) answer {
	t.Helper()
	return f.sendFrom(t, address, request{method: "POST", path: "/api-keys", key: noKey, headers: map[string]string{
		"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(email+":"+password)),
	}})
}

// Who guesses has to pause, longer each time, and the user can log in from
// another address meanwhile.
func TestGuessing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const here, there = "203.0.113.7:4711", "[2001:db8:1:2::3]:4711"
	for i, pause := range []int{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2} {
		for _, email := range []string{"lin@example.com", "nobody@example.com"} { // alike
			if pause > 0 {
				a := f.loginFrom(t, here, email, password)
				if a.Code != 429 || a.json["code"] != "RATE_LIMIT_EXCEEDED" || a.Header().Get("Retry-After") != fmt.Sprint(pause) {
					t.Fatalf("%d %s: %d %s %s", i, email, a.Code, a.Header().Get("Retry-After"), a.Body)
				}
			}
		}
		f.clock.advance(time.Duration(pause) * time.Second)
		for _, email := range []string{"lin@example.com", "nobody@example.com"} {
			if a := f.loginFrom(t, here, email, "wrong"); a.Code != 401 {
				t.Fatalf("%d %s: %d %s", i, email, a.Code, a.Body)
			}
		}
	}
	if a := f.loginFrom(t, there, "lin@example.com", password); a.Code != 200 {
		t.Errorf("from another address: %d %s", a.Code, a.Body)
	}
	f.clock.advance(time.Minute)
	if a := f.loginFrom(t, here, "lin@example.com", password); a.Code != 200 {
		t.Errorf("after the pause: %d %s", a.Code, a.Body)
	}
	log := f.log.String()
	if n := strings.Count(log, `"msg":"the password of a user is being guessed","companyId":1,"userId":3`); n != 1 || strings.Contains(log, "lin@") {
		t.Errorf("%d lines in the log: %s", n, log)
	}
}

// lateBody is a body before which something happens: a request is authenticated
// by its header, before its body is read.
type lateBody struct {
	before func()
	io.Reader
}

func (b *lateBody) Read(p []byte) (int, error) {
	if b.before != nil {
		b.before()
		b.before = nil
	}
	return b.Reader.Read(p)
}

// A login ends with the password that it was made with, however late the body
// of its request comes.
func TestLoginEndsWithPassword(t *testing.T) {
	t.Parallel()
	reset := func(f *fixture) string {
		return f.send(t, request{method: "POST", path: "/users/3/password-reset", key: adminKey}).json["invitation"].(map[string]any)["token"].(string)
	}
	for name, c := range map[string]struct {
		status int
		before func(f *fixture)
	}{
		"nothing": {0, func(*fixture) {}},
		"a reset": {401, func(f *fixture) { reset(f) }},
		"another password": {401, func(f *fixture) {
			if a := f.send(t, accept(`{"token":"`+reset(f)+`","password":"a new long password"}`)); a.Code != 200 {
				t.Error(a.Body)
			}
		}},
		"one's own change": {401, func(f *fixture) {
			if a := f.send(t, newPassword("lin@example.com", password, `{"newPassword":"a new long password"}`)); a.Code != 204 {
				t.Error(a.Body)
			}
		}},
		"the end of the user": {403, func(f *fixture) { f.send(t, patchUser(3, `{"disabled":true}`)) }},
	} {
		for path, body := range map[string]string{"/api-keys": "{}", "/users/me/password": `{"newPassword":"that of a thief"}`} {
			t.Run(name+" "+path, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				late := &lateBody{func() { c.before(f) }, strings.NewReader(body)}
				req := httptest.NewRequestWithContext(t.Context(), "POST", "/v1"+path, late)
				req.SetBasicAuth("lin@example.com", password)
				req.Header.Set("Content-Type", "application/json")
				recorder := httptest.NewRecorder()
				f.handler.ServeHTTP(recorder, req)
				if late.before != nil {
					t.Fatalf("the body was not read: %d %s", recorder.Code, recorder.Body)
				}
				want := c.status
				switch {
				case want == 0 && path == "/api-keys":
					want = 200
				case want == 0:
					want = 204
				case path != "/api-keys":
					want = 401
				}
				if recorder.Code != want {
					t.Errorf("%d %s, want %d", recorder.Code, recorder.Body, want)
				}
			})
		}
	}
}
