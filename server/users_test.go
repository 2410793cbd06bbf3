package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestListUsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, request{method: "GET", path: "/users", key: readKey})
	want := `[{"id":1,"email":"ada@example.com","firstName":"Ada","lastName":"Reyes","isAdmin":true,"isInvited":false,"isDisabled":false,"createdAt":"2026-11-24T16:05:12.300Z"},` +
		`{"id":3,"email":"lin@example.com","firstName":"","lastName":"","isAdmin":false,"isInvited":false,"isDisabled":false,"createdAt":"2026-11-24T16:05:12.300Z"}]`
	if a.Code != http.StatusOK || strings.TrimSpace(a.Body.String()) != want {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, request{method: "GET", path: "/users", key: otherKey}); a.ids() != "2" {
		t.Errorf("another company's: %s", a.Body)
	}
	if a := f.send(t, request{method: "GET", path: "/users", key: noKey}); a.Code != http.StatusUnauthorized {
		t.Errorf("no key: %d", a.Code)
	}
}

// A key tells for whom it acts, and what it may do.
func TestSelf(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, request{method: "GET", path: "/users/me", key: readKey})
	for _, want := range []string{`{"user":{"id":1,"email":"ada@example.com",`, `"company":{"id":1,"name":"`, `"scopes":["read"]`} {
		if a.Code != http.StatusOK || !strings.Contains(a.Body.String(), want) {
			t.Errorf("%d %s, want %s", a.Code, a.Body, want)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/users/me", key: otherKey}); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), `"company":{"id":2,`) {
		t.Errorf("another company's: %d %s", a.Code, a.Body)
	}
}

// The pages of users link to each other, in both directions.
func TestUserPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 5 { // with ada and lin: 1 3 4 5 6 7 8
		f.send(t, request{method: "POST", path: "/users", key: adminKey, body: fmt.Sprintf(`{"email":"u%d@example.com"}`, i)})
	}
	get := func(path string) answer {
		t.Helper()
		a := f.send(t, request{method: "GET", path: path, key: readKey})
		if a.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, a.Code, a.Body)
		}
		return a
	}
	first := get("/users?page_size=3")
	second := get(first.link("next"))
	third := get(second.link("next"))
	if got := []string{first.ids(), second.ids(), third.ids(), third.link("next")}; !same(got, []string{"1 3 4", "5 6 7", "8", ""}) {
		t.Errorf("forwards: %q", got)
	}
	back := get(third.link("prev"))
	if got := []string{back.ids(), get(back.link("prev")).ids(), get(third.link("first")).ids()}; !same(got, []string{"5 6 7", "1 3 4", "1 3 4"}) {
		t.Errorf("backwards: %q", got)
	}
	if got := []string{get("/users?page_size=3&page=2").ids(), get("/users?page_size=3&page=9").ids()}; !same(got, []string{"5 6 7", ""}) {
		t.Errorf("by number: %q", got)
	}
	if a := f.send(t, request{method: "GET", path: "/users?cursor=x&page_size=101"}); len(a.errors()) != 2 {
		t.Errorf("malformed: %d %s", a.Code, a.Body)
	}
}

// An address is that of one user, however it is written, where users are found,
// invited and logged in.
func TestSpellingsOfAUsersAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const stored = "jos\u00e9@m\u00fcnchen.example"
	invited := f.send(t, request{method: "POST", path: "/users", key: adminKey, body: `{"email":"` + stored + `"}`})
	token := invited.json["invitation"].(map[string]any)["token"].(string)
	f.send(t, accept(`{"token":"`+token+`","password":"`+password+`"}`))
	for _, email := range []string{stored, " JOS\u00c9@m\u00fcnchen.example", "jose\u0301@M\u00dcNCHEN.example", "jos\u00e9@xn--mnchen-3ya.example", "\u200bjos\u00e9@mu\u0308nchen.example"} {
		if a := f.send(t, request{method: "GET", path: "/users?email=" + url.QueryEscape(email), key: readKey}); a.ids() != "4" {
			t.Errorf("%q finds %q", email, a.Body)
		}
		if a := f.send(t, request{method: "POST", path: "/users", key: adminKey, body: `{"email":"` + email + `"}`}); a.Code != http.StatusConflict {
			t.Errorf("%q is taken for new: %d %s", email, a.Code, a.Body)
		}
		if a := f.send(t, login(email, password, "{}")); a.Code != http.StatusOK {
			t.Errorf("%q cannot log in: %d %s", email, a.Code, a.Body)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/users?email=jose@m%C3%BCnchen.example", key: readKey}); a.ids() != "" {
		t.Errorf("accents do not count: %s", a.Body)
	}
}

// No address has a space: it was a plus.
func TestUserFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for query, want := range map[string]string{
		"email=ada+crm7@example.com": "email must not contain a space, which no e-mail address has; write + as %2B",
		"email=%20":                  "email must not be blank", "email=%E2%80%8B": "email must not be blank",
	} {
		a := f.send(t, request{method: "GET", path: "/users?" + query, key: readKey})
		if errors := a.errors(); a.Code != http.StatusBadRequest || len(errors) != 1 || !strings.HasSuffix(errors[0], want) {
			t.Errorf("%s: %d %q", query, a.Code, errors)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/users?page_size=0&email=a+b", key: readKey}); len(a.errors()) != 2 {
		t.Errorf("with another offence: %d %q", a.Code, a.errors())
	}
	for _, query := range []string{"email=ada%2Bcrm7@example.com", "email=%22a%20b%22@example.com"} {
		if a := f.send(t, request{method: "GET", path: "/users?" + query, key: readKey}); a.Code != http.StatusOK {
			t.Errorf("%s: %d %s", query, a.Code, a.Body)
		}
	}
}

func TestInviteUser(t *testing.T) {
	t.Parallel()
	invite := func(body string) request {
		return request{method: "POST", path: "/users", key: adminKey, body: body}
	}
	runScenarios(t, []scenario{
		{name: "a user", request: invite(`{"email":" Sam@Example.com ","firstName":" Sam "}`), status: 201, want: []string{
			`"user":{"id":4,"email":"sam@example.com","firstName":"Sam","lastName":"","isAdmin":false,"isInvited":true,"isDisabled":false,"createdAt":"2026-11-24T16:05:12.300Z"}`,
			`"token":"inv_`, `"expiresAt":"2026-12-01T16:05:12.300Z"`}},
		{name: "an admin", request: invite(`{"email":"sam@example.com","isAdmin":true}`), status: 201, want: []string{`"isAdmin":true`}},
		{name: "a taken address", request: invite(`{"email":"LIN@example.com"}`), status: 409, code: "CONFLICT", errors: []string{"/email: email is taken"}, want: []string{`"field":"email"`}},
		{name: "an address that another company's user has", request: invite(`{"email":"stranger@other.example"}`), status: 201, want: []string{`"user":{"id":4,"email":"stranger@other.example",`}},
		{name: "every offence", request: invite(`{"email":"lin@example.com","firstName":5,"isAdmin":"yes","role":"x"}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/email: email is taken", "/firstName: firstName must be a string; got 5", `/isAdmin: isAdmin must be true or false; got "yes"`, "/role: role is not a known member"}},
		{name: "no address", request: invite(`{"email":"nobody"}`), status: 400, code: "VALIDATION_ERROR", errors: []string{`/email: email must be an e-mail address; got "nobody"`}},
		{name: "a key that may only write", request: request{method: "POST", path: "/users", body: `{"email":"sam@example.com"}`}, status: 403, code: "FORBIDDEN"},
		{name: "no key", request: request{method: "POST", path: "/users", key: noKey, body: `{"email":"sam@example.com"}`}, status: 401, code: "UNAUTHORIZED"},
	})
}

func accept(body string) request {
	return request{method: "POST", path: "/users/accept", key: noKey, body: body}
}

// invited returns the token of a new invitation of sam.
func (f *fixture) invited(t *testing.T) string {
	t.Helper()
	a := f.send(t, request{method: "POST", path: "/users", key: adminKey, body: `{"email":"sam@example.com","lastName":"Sand"}`})
	invitation, ok := a.json["invitation"].(map[string]any)
	if !ok {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	return invitation["token"].(string)
}

func TestAcceptInvitation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := f.invited(t)
	if a := f.send(t, login("sam@example.com", "a new long password", "")); a.Code != http.StatusUnauthorized {
		t.Errorf("before: %d %s", a.Code, a.Body)
	}
	before := f.stored(t)
	wrong := f.send(t, accept(`{"token":"inv_wrong","password":"a new long password"}`))
	if got := wrong.errors(); wrong.Code != http.StatusBadRequest || !same(got, []string{"/token: token must be that of an open invitation"}) {
		t.Errorf("a wrong token: %d %s", wrong.Code, wrong.Body)
	}
	short := f.send(t, accept(`{"token":"inv_wrong","password":"short","nope":1}`))
	if got := short.errors(); len(got) != 3 {
		t.Errorf("every offence: %q", got)
	}
	if f.stored(t) != before {
		t.Error("something was written")
	}
	f.clock.advance(7*24*time.Hour - time.Second)
	a := f.send(t, accept(`{"token":"`+token+`","password":"a new long password","firstName":" Sam "}`))
	if a.Code != http.StatusOK || a.json["isInvited"] != false || a.json["firstName"] != "Sam" || a.json["lastName"] != "Sand" {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	used := f.send(t, accept(`{"token":"`+token+`","password":"a third long password"}`))
	if used.Code != http.StatusBadRequest || !same(used.errors(), wrong.errors()) {
		t.Errorf("used: %d %s", used.Code, used.Body)
	}
	created := f.send(t, login("sam@example.com", "a new long password", ""))
	if created.Code != http.StatusOK || !same(created.json["scopes"], []any{"read", "write"}) {
		t.Errorf("login: %d %s", created.Code, created.Body)
	}
	log := f.log.String()
	for _, secret := range []string{token, "long password", "sam@", created.json["token"].(string)} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
}

func TestExpiredInvitation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	token := f.invited(t)
	f.clock.advance(7 * 24 * time.Hour)
	before := f.stored(t)
	a := f.send(t, accept(`{"token":"`+token+`","password":"a new long password"}`))
	if a.Code != http.StatusBadRequest || !same(a.errors(), []string{"/token: token must be that of an open invitation"}) || f.stored(t) != before {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}
