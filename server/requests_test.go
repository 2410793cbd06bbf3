package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store"
)

// Requests that are wrong before their meaning matters (S46-S50).
func TestWrongRequests(t *testing.T) {
	t.Parallel()
	with := func(r request, headers ...string) request {
		r.headers = map[string]string{}
		for i := 0; i < len(headers); i += 2 {
			r.headers[headers[i]] = headers[i+1]
		}
		return r
	}
	keyed := func(r request, key string) request { r.key = key; return r }
	invalid := func(name, body, detail string) scenario {
		return scenario{name: name, request: patch(body), status: 400, code: "INVALID_JSON", want: []string{detail}}
	}
	at := func(path string) request { return request{method: "PATCH", path: path, body: `{"title":"New"}`} }
	runScenarios(t, []scenario{
		invalid("a member twice", `{"title":"a","title":"b"}`, `member \"title\" appears twice`),
		invalid("a custom member twice", `{"custom":{"x":1,"x":1}}`, `"pointer":"/custom/x"`),
		invalid("a member twice, once escaped", `{"title":"a","t\u0069tle":"b"}`, "twice"),
		invalid("text after the value", `{"title":"New"} x`, "more text after the value"),
		invalid("a second value", `{"title":"New"}{}`, "more text after the value"),
		invalid("no JSON", `title=New`, "syntax error at byte 2"),
		invalid("a comma too many", `{"title":"New",}`, "syntax error at byte"),
		invalid("an end too early", `{"title":"New"`, "ends too early"),
		invalid("only space", " \n", "empty"),
		invalid("invalid UTF-8", "{\"title\":\"é\xff\"}", "it is not UTF-8 at byte 13"),
		invalid("UTF-16", "\xff\xfe{\x00}\x00", "it is not UTF-8 at byte 1"),
		invalid("a lone surrogate", `{"title":"\ud800"}`, "syntax error at byte"),
		invalid("absurd nesting", `{"custom":{"x":`+strings.Repeat("[", 500)+strings.Repeat("]", 500)+`}}`, "nests deeper"),
		invalid("more nesting than a decoder takes", strings.Repeat("[", 100_000), "nests deeper"),
		// The answer is held against the bounds that openapi.yaml has for its texts.
		{name: "a name of 3000 letters", request: patch(`{"` + strings.Repeat("n", 3000) + `":1}`), status: 400, code: "VALIDATION_ERROR", want: []string{`nnn…"`}},
		invalid("a name of 12000 letters twice", `{"`+strings.Repeat("é", 12_000)+`":1,"`+strings.Repeat("é", 12_000)+`":1}`, `éé…"`),
		{name: "a name of no letters", request: patch(`{"":1,"custom":{"":1,"a b":2}}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`/: "" is not a known member`, `/custom/: custom."" is not a property of this company`, `/custom/a b: custom."a b" is not a property of this company`,
		}},
		{name: "contacts without an id", request: patch(`{"contacts":[{"name":"Jo"},{"id":"1"},{"id":0},{"id":1}]}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/contacts/0/id: contacts[0].id is required", `/contacts/1/id: contacts[1].id must be an integer of at least 1; got "1"`,
			"/contacts/2/id: contacts[2].id must be an integer of at least 1; got 0",
		}},
		{name: "a user without an id", request: patch(`{"createdBy":{},"updatedBy":{"id":"1"}}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/createdBy/id: createdBy.id is required", `/updatedBy/id: updatedBy.id must be an integer of at least 1; got "1"`,
		}},
		{name: "null", request: patch(`null`), status: 400, code: "VALIDATION_ERROR"},
		{name: "a member in another case", request: patch(`{"title":"ok","TITLE":""}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{`/TITLE: TITLE is not a known member; did you mean "title"?`}},
		{name: "a body over the limit", request: patch(`{"description":"` + strings.Repeat("x", 2<<20) + `"}`), status: 413, code: "PAYLOAD_TOO_LARGE", want: []string{"1048576 bytes"}},
		{name: "no content type", request: with(patch(`{"title":"New"}`), "Content-Type", ""), status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "another content type", request: with(patch(`title=New`), "Content-Type", "application/x-www-form-urlencoded"), status: 415, code: "UNSUPPORTED_MEDIA_TYPE", want: []string{"application/merge-patch+json"}},
		{name: "a content type that starts alike", request: with(patch(`[]`), "Content-Type", "application/json-patch+json"), status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "another charset", request: with(patch(`{}`), "Content-Type", "application/json; charset=latin1"), status: 415, code: "UNSUPPORTED_MEDIA_TYPE", want: []string{"the charset of the body must be utf-8"}},
		{name: "a compressed body", request: with(patch(`{}`), "Content-Encoding", "gzip"), status: 415, code: "UNSUPPORTED_MEDIA_TYPE"},
		{name: "S10 an id that is no integer", request: at("/accounts/abc"), status: 400, code: "VALIDATION_ERROR", want: []string{`"in":"path"`, `"field":"accountId"`}},
		{name: "S10 id 0", request: at("/accounts/0"), status: 400, code: "VALIDATION_ERROR", want: []string{`"in":"path"`}},
		{name: "S10 a negative id", request: at("/accounts/-1"), status: 400, code: "VALIDATION_ERROR", want: []string{`"in":"path"`}},
		{name: "S10 an id that no record can have", request: at("/accounts/99999999999999999999"), status: 400, code: "VALIDATION_ERROR", want: []string{`"in":"path"`}},
		{name: "S48 an id that no record has", request: at("/accounts/999"), status: 404, code: "NOT_FOUND"},
		{name: "an unknown path", request: at("/account/1"), status: 404, code: "NOT_FOUND"},
		{name: "a path that goes on", request: at("/accounts/1/"), status: 404, code: "NOT_FOUND"},
		{name: "S54 another method", request: request{method: "PUT", path: "/accounts/1", body: `{}`}, status: 405, code: "METHOD_NOT_ALLOWED", header: map[string]string{"Allow": "GET, HEAD, DELETE, PATCH, OPTIONS"}},
		{name: "S11 a switch that is no boolean", request: patchQuery("allow_new_options=yes", `{}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{`query allow_new_options: allow_new_options must be true or false; got "yes"`}},
		{name: "S13 an unknown query parameter", request: patchQuery("allow_new_option=true", `{}`), status: 400, code: "VALIDATION_ERROR",
			want: []string{`did you mean \"allow_new_options\"?`}},
		{name: "a query parameter twice", request: patchQuery("dry_run=true&dry_run=false", `{}`), status: 400, code: "VALIDATION_ERROR", errors: []string{"query dry_run: dry_run must be sent once"}},
		{name: "S9 S47 no key", request: keyed(patch(`{"title":5}`), noKey), status: 401, code: "UNAUTHORIZED", notWant: []string{"must"},
			header: map[string]string{"WWW-Authenticate": `ApiKey realm="accountsd", header="x-api-key"`}},
		{name: "S47 an unknown key", request: keyed(patch(`{}`), "acc_guess"), status: 401, code: "UNAUTHORIZED"},
		{name: "S47 an expired key", request: keyed(patch(`{}`), expiredKey), status: 401, code: "UNAUTHORIZED"},
		{name: "S47 a revoked key", request: keyed(patch(`{}`), revokedKey), status: 401, code: "UNAUTHORIZED"},
		{name: "S58 a key that may only read", request: keyed(patch(`{"title":5}`), readKey), status: 403, code: "FORBIDDEN", want: []string{"scope write"}},
	})
}

// An invalid key is told the same, whatever is wrong with it, and a record of
// another company answers as one that does not exist.
func TestStrangersLearnNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	id := map[string]string{"X-Request-Id": "same"}
	bodies := map[string]string{}
	for _, key := range []string{noKey, "acc_guess", expiredKey, revokedKey} {
		bodies[f.send(t, request{method: "PATCH", path: "/accounts/1", key: key, headers: id, body: `{}`}).Body.String()] = key
	}
	if len(bodies) != 1 {
		t.Errorf("keys are told apart: %v", bodies)
	}
	for _, method := range []string{"GET", "PATCH"} {
		r := request{method: method, path: "/accounts/1", key: otherKey, headers: id}
		if method == "PATCH" {
			r.body = `{"title":"Stolen"}`
		}
		theirs := f.send(t, r)
		r.path = "/accounts/999"
		nobodys := f.send(t, r)
		if theirs.Code != http.StatusNotFound || strings.ReplaceAll(theirs.Body.String(), "/1\"", "/999\"") != nobodys.Body.String() {
			t.Errorf("%s: %s differs from %s", method, theirs.Body, nobodys.Body)
		}
		if got, want := len(theirs.Header()), len(nobodys.Header()); got != want {
			t.Errorf("%s: headers %v, %v", method, theirs.Header(), nobodys.Header())
		}
	}
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for sent, kept := range map[string]bool{"abc-1.2_3": true, "": false, "two words": false, "line\nbreak": false, strings.Repeat("x", 129): false} {
		got := f.send(t, request{method: "GET", path: "/accounts/1", headers: map[string]string{"X-Request-Id": sent}}).Header().Get("X-Request-Id")
		if (got == sent) != kept {
			t.Errorf("sent %q, got %q", sent, got)
		}
	}
}

func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, patchQuery("dry_run=true", `{"primaryEmail":"private@sunrise.example"}`))
	f.send(t, request{method: "PATCH", path: "/clients/1?q=private@sunrise.example", body: `{"primaryEmail":"private"}`})
	log := f.log.String()
	for _, secret := range []string{"private", writeKey, "example"} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
	var line map[string]any
	must(t, json.Unmarshal([]byte(strings.SplitN(log, "\n", 2)[0]), &line))
	for name, want := range map[string]any{"method": "PATCH", "route": "/v1/accounts/:accountId", "status": 200, "userId": f.ada.ID, "alias": false} {
		if !same(line[name], want) {
			t.Errorf("log member %s is %v, want %v", name, line[name], want)
		}
	}
}

// brokenStore fails where a test says so; all else is the real store.
type brokenStore struct {
	store.Store
	fault func(context.Context) error
}

func (b brokenStore) StoredAccount(ctx context.Context, company, id int64, contacts bool) (account.Stored, error) {
	return account.Stored{}, b.fault(ctx)
}

// A fault of the server is told without its cause; the log has it.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   func(context.Context) error
		timeout time.Duration // 0: as it is unless it is said
		status  int
		code    string
	}{
		"an error": {func(context.Context) error { return &fault.Error{Message: "secret cause"} }, 0, 500, "INTERNAL_SERVER_ERROR"},
		"a panic":  {func(context.Context) error { panic("secret cause") }, 0, 500, "INTERNAL_SERVER_ERROR"},
		"a busy store": {func(context.Context) error {
			return &fault.Error{Kind: fault.KindUnavailable, Message: "the server is busy; try again"}
		}, 0, 503, "UNAVAILABLE"},
		"a deadline": {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, 50 * time.Millisecond, 503, "UNAVAILABLE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			config := server.Config{Logger: newLogger(f.log), Timeout: c.timeout}
			handler, err := server.New(config, server.NewServices(brokenStore{f.store, c.fault}, server.ServiceConfig{Clock: f.clock.Now}))
			must(t, err)
			f.handler = handler
			a := f.send(t, request{method: "GET", path: "/accounts/1"})
			if a.Code != c.status || a.json["code"] != c.code || strings.Contains(a.Body.String(), "secret") {
				t.Errorf("%d %s", a.Code, a.Body)
			}
			if c.status == http.StatusServiceUnavailable && a.Header().Get("Retry-After") == "" {
				t.Error("no Retry-After")
			}
			if c.status == http.StatusInternalServerError && !strings.Contains(f.log.String(), "secret cause") {
				t.Errorf("the log lacks the cause: %s", f.log)
			}
		})
	}
}

func TestHealth(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	status := func(path string) int {
		recorder := httptest.NewRecorder()
		f.handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		return recorder.Code
	}
	if live, ready := status("/healthz"), status("/readyz"); live != 200 || ready != 200 {
		t.Errorf("healthz %d, readyz %d", live, ready)
	}
	f.handler.(*server.Server).Drain()
	if live, ready := status("/healthz"), status("/readyz"); live != 200 || ready != 503 {
		t.Errorf("draining: healthz %d, readyz %d", live, ready)
	}
}

// Whatever keeps the store from being used, /readyz is 503, and tells no more than
// the store itself says.
func TestReadyzTellsWhy(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"the schema is too new":        &fault.Error{Kind: fault.KindInvalid, Message: "the schema is too new"},
		"the database is damaged":      fmt.Errorf("ping: %w", &fault.Error{Kind: fault.KindUnavailable, Message: "the database is damaged", Err: errors.New("at 192.0.2.1")}),
		"the database cannot be read":  errors.New("at 192.0.2.1"),
		"the database does not answer": nil,
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.services.Ping = func(ctx context.Context) error {
				if err == nil {
					<-ctx.Done()
					return ctx.Err()
				}
				return err
			}
			handler, err := server.New(server.Config{Logger: newLogger(f.log)}, f.services)
			if err != nil {
				t.Fatal(err)
			}
			recorder := httptest.NewRecorder()
			handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", "/readyz", nil))
			if recorder.Code != http.StatusServiceUnavailable || !strings.Contains(recorder.Body.String(), `"detail":"`+want+`"`) || strings.Contains(recorder.Body.String(), "192.0.2.1") {
				t.Errorf("%d %s", recorder.Code, recorder.Body)
			}
		})
	}
}
