package server_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/accountsd/accountsd/server"
)

// serve sends a request for any path, and does not hold the answer against the
// spec. Headers come in pairs.
func (f *fixture) serve(t *testing.T, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	req.Header.Set("X-Api-Key", adminKey)
	req.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	recorder := httptest.NewRecorder()
	f.handler.ServeHTTP(recorder, req)
	return recorder
}

// eachOperation goes through the spec, with an existing record in each path.
func eachOperation(t *testing.T, visit func(method, path string, op *openapi3.Operation, item *openapi3.PathItem)) {
	t.Helper()
	records := strings.NewReplacer("{accountId}", "1", "{clientId}", "1", "{contactId}", "1", "{keyName}", "roof_type", "{keyId}", "1", "{userId}", "1", "{id}", "1",
		"{webhookId}", "1", "{sequence}", "1", "{value}", "nothing")
	for path, item := range loadSpec(t).Paths.Map() {
		for method, op := range item.Operations() {
			visit(method, "/v1"+records.Replace(path), op, item)
		}
	}
}

// HEAD answers as GET does, without the body.
func TestHead(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	paths := []string{"/healthz", "/readyz", "/openapi.yaml", "/openapi.json", "/v1/accounts/999", "/v1/nothing"}
	eachOperation(t, func(method, path string, _ *openapi3.Operation, _ *openapi3.PathItem) {
		if method == "GET" {
			paths = append(paths, path)
		}
	})
	for _, path := range paths {
		get, head := f.serve(t, "GET", path, "", "X-Request-Id", "same"), f.serve(t, "HEAD", path, "", "X-Request-Id", "same")
		if head.Code != get.Code || head.Body.Len() > 0 || head.Header().Get("Content-Length") != strconv.Itoa(get.Body.Len()) || !maps.EqualFunc(get.Header(), head.Header(), slices.Equal) {
			t.Errorf("%s: GET %d %v, HEAD %d %v %s", path, get.Code, get.Header(), head.Code, head.Header(), head.Body)
		}
	}
	if got := f.serve(t, "HEAD", "/v1/users/accept", ""); got.Code != 405 || got.Header().Get("Allow") != "POST, OPTIONS" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
}

// A path with a name of its own is no record of that name, whatever the method.
func TestNamedPaths(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	methods := map[string][]string{}
	eachOperation(t, func(method, path string, _ *openapi3.Operation, item *openapi3.PathItem) {
		methods[path] = append(methods[path], method)
	})
	for _, path := range []string{"/v1/accounts/batch", "/v1/clients/search", "/v1/accounts/changes", "/v1/users/me", "/v1/users/accept"} {
		allow := f.serve(t, "OPTIONS", path, "").Header().Get("Allow")
		for _, method := range []string{"GET", "POST", "PATCH", "DELETE"} {
			if slices.Contains(methods[path], method) {
				continue
			}
			if a := f.serve(t, method, path, "{}"); a.Code != http.StatusMethodNotAllowed || a.Header().Get("Allow") != allow || allow == "" {
				t.Errorf("%s %s: %d %v %s", method, path, a.Code, a.Header(), a.Body)
			}
		}
	}
}

// OPTIONS tells what a path takes, to anyone.
func TestOptions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	eachOperation(t, func(method, path string, _ *openapi3.Operation, item *openapi3.PathItem) {
		a := f.serve(t, "OPTIONS", path, "", "X-Api-Key", "")
		allowed := strings.Split(a.Header().Get("Allow"), ", ")
		if a.Code != http.StatusNoContent || a.Body.Len() > 0 || !slices.Contains(allowed, method) || slices.Contains(allowed, "HEAD") != (item.Get != nil) {
			t.Errorf("%s %s: %d %v", method, path, a.Code, a.Header())
		}
		if (item.Patch != nil) != (a.Header().Get("Accept-Patch") != "") || a.Header().Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: %v", path, a.Header())
		}
	})
	if a := f.serve(t, "OPTIONS", "/v1/nothing", ""); a.Code != http.StatusNotFound {
		t.Errorf("%d", a.Code)
	}
}

// A page of another origin cannot use the password that a browser remembers.
func TestForeignPage(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *server.Config) { c.CORSOrigins = []string{"https://crm.example"} })
	for _, c := range []struct {
		site, origin string
		status       int
	}{
		{"", "", 200}, {"", "https://evil.example", 200}, {"none", "", 200}, {"same-origin", "https://accounts.example", 200}, {"cross-site", "https://crm.example", 200},
		{"cross-site", "https://evil.example", 403}, {"same-site", "https://blog.example", 403}, {"cross-site", "null", 403}, {"cross-site", "", 403},
	} {
		r := login("ada@example.com", password, "")
		r.headers["Content-Type"] = "application/x-www-form-urlencoded"
		r.headers["Sec-Fetch-Site"], r.headers["Origin"] = c.site, c.origin
		if a := f.send(t, r); a.Code != c.status {
			t.Errorf("%q from %q: %d %s, want %d", c.site, c.origin, a.Code, a.Body, c.status)
		}
	}
	change := login("ada@example.com", password, `{"newPassword":"another long password"}`)
	change.path, change.headers["Sec-Fetch-Site"] = "/users/me/password", "cross-site"
	if a := f.send(t, change); a.Code != http.StatusForbidden {
		t.Errorf("a change of the password: %d %s", a.Code, a.Body)
	}
}

// A slash too many is told, and leads to no other host.
func TestTrailingSlash(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	eachOperation(t, func(method, path string, _ *openapi3.Operation, _ *openapi3.PathItem) {
		a := f.serve(t, method, path+"/", "")
		canonical := strings.Replace(path, "/v1/clients", "/v1/accounts", 1)
		links := strings.Join(a.Header().Values("Link"), ", ")
		if a.Code != http.StatusNotFound || !strings.Contains(links, "<"+canonical+`>; rel="canonical"`) || !strings.Contains(a.Body.String(), canonical+" without a slash") {
			t.Errorf("%s %s/: %d %v %s", method, path, a.Code, a.Header(), a.Body)
		}
	})
	for _, path := range []string{"//evil.example/", "/v1//evil.example/", "/v1/nothing/", "/v1/"} {
		if a := f.serve(t, "GET", path, ""); a.Code != http.StatusNotFound || a.Header().Get("Link") != "" {
			t.Errorf("%s: %d %v", path, a.Code, a.Header())
		}
	}
}

// Each answer says how it may be kept, and by what it differs; the spec declares
// each header.
func TestHeadersOfAllAnswers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	eachOperation(t, func(method, path string, op *openapi3.Operation, _ *openapi3.PathItem) {
		for _, key := range []string{adminKey, "acc_guess"} {
			a := f.serve(t, method, path, "", "X-Api-Key", key)
			want := "no-store"
			if method == "GET" {
				want = "private, no-cache"
			}
			h := a.Header()
			if h.Get("Cache-Control") != want || !strings.HasPrefix(h.Get("Vary"), "x-api-key") || h.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("%s %s: %d %v", method, path, a.Code, h)
			}
			response := op.Responses.Status(a.Code)
			if response == nil {
				t.Errorf("%s %s: %d is not declared", method, path, a.Code)
				continue
			}
			for name := range h {
				declared := slices.ContainsFunc(slices.Collect(maps.Keys(response.Value.Headers)), func(d string) bool { return strings.EqualFold(d, name) })
				if !declared && name != "Content-Type" && name != "Content-Length" {
					t.Errorf("%s %s: %d: header %s is not declared", method, path, a.Code, name)
				}
			}
		}
	})
}

// A boolean is true or false, whatever else other languages write for it.
func TestBooleansOfAllOperations(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	found := 0
	eachOperation(t, func(method, path string, op *openapi3.Operation, item *openapi3.PathItem) {
		for _, p := range slices.Concat(item.Parameters, op.Parameters) {
			if !p.Value.Schema.Value.Type.Is("boolean") || method == "PUT" { // which is PATCH read leniently
				continue
			}
			found++
			for sent, want := range map[string]string{
				"True": `got "True"; write true`, "TRUE": `got "TRUE"; write true`, "1": "got 1; write true", "t": `got "t"; write true`,
				"False": `got "False"; write false`, "0": "got 0; write false", "yes": `got "yes"`, "": "must not be empty",
			} {
				a := f.serve(t, method, path+"?"+p.Value.Name+"="+sent, "{}", "Idempotency-Key", "k", "Prefer", "handling=strict")
				var problem struct {
					Errors []struct{ Field, In, Message string }
				}
				must(t, json.Unmarshal(a.Body.Bytes(), &problem))
				told := slices.ContainsFunc(problem.Errors, func(e struct{ Field, In, Message string }) bool {
					return e.Field == p.Value.Name && e.In == "query" && strings.HasSuffix(e.Message, want)
				})
				if a.Code != http.StatusBadRequest || !told {
					t.Errorf("%s %s?%s=%s: %d %s", method, path, p.Value.Name, sent, a.Code, a.Body)
				}
			}
		}
	})
	if found < 10 {
		t.Errorf("only %d booleans", found)
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := strings.Repeat("long ", 400)
	if a := f.serve(t, "PATCH", "/v1/accounts/1", `{"description":"`+long+`"}`); a.Code != 200 {
		t.Fatal(a.Body)
	}
	for accepted, want := range map[string]string{
		"gzip": "gzip", "deflate, GZIP;q=0.5": "gzip", "*": "gzip", "gzip;q=0": "", "*;q=0": "", "gzip;q=0, *": "", "br": "", "": "", "identity": "",
	} {
		a := f.serve(t, "GET", "/v1/accounts/1", "", "Accept-Encoding", accepted)
		if got := a.Header().Get("Content-Encoding"); got != want || !strings.Contains(a.Header().Get("Vary"), "Accept-Encoding") {
			t.Errorf("%q: %v", accepted, a.Header())
		}
		if tag := a.Header().Get("ETag"); strings.HasSuffix(tag, `-gzip"`) != (want == "gzip") {
			t.Errorf("%q: ETag %s", accepted, tag)
		}
	}
	plain, packed := f.serve(t, "GET", "/v1/accounts/1", ""), f.serve(t, "GET", "/v1/accounts/1", "", "Accept-Encoding", "gzip")
	reader, err := gzip.NewReader(packed.Body)
	must(t, err)
	unpacked, err := io.ReadAll(reader)
	must(t, err)
	if string(unpacked) != plain.Body.String() {
		t.Errorf("%s\n%s", unpacked, plain.Body)
	}
	if a := f.serve(t, "GET", "/v1/accounts/2", "", "Accept-Encoding", "gzip"); a.Header().Get("Content-Encoding") != "" {
		t.Errorf("a short answer is compressed: %v", a.Header())
	}
	tag := packed.Header().Get("ETag")
	a := f.serve(t, "GET", "/v1/accounts/1", "", "Accept-Encoding", "gzip", "If-None-Match", tag)
	if a.Code != http.StatusNotModified || a.Header().Get("ETag") != tag || a.Header().Get("Content-Encoding") != "" || a.Body.Len() > 0 {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	if a := f.serve(t, "PATCH", "/v1/accounts/1", `{"title":"x"}`, "If-Match", tag); a.Code != http.StatusOK {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.serve(t, "PATCH", "/v1/accounts/1", `{"title":"y"}`, "If-Match", tag); a.Code != http.StatusPreconditionFailed {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// The tag of an answer with contacts follows them.
func TestTagOfContacts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tag := func() string {
		return f.serve(t, "GET", "/v1/accounts/1?include_contacts=true", "").Header().Get("ETag")
	}
	first := tag()
	plain := f.serve(t, "GET", "/v1/accounts/1", "").Header().Get("ETag")
	if first == plain || !strings.HasPrefix(first, `"1-1-`) || tag() != first {
		t.Errorf("%s, then %s; without contacts %s", first, tag(), plain)
	}
	current := func(tag string) int {
		return f.serve(t, "GET", "/v1/accounts/1?include_contacts=true", "", "If-None-Match", tag).Code
	}
	if current(first) != 304 || current(plain) != 200 || current(`"x", ,,`+first) != 304 {
		t.Errorf("%d %d %d", current(first), current(plain), current(`"x", ,,`+first))
	}
	f.serve(t, "PATCH", "/v1/contacts/1", `{"name":"Joe Park"}`)
	second := tag()
	if second == first || current(first) != 200 || current(second) != 304 {
		t.Errorf("%s after %s", second, first)
	}
	for _, match := range []string{second, first, `"1-1"`, `,"x", , "1-1",`} {
		if a := f.serve(t, "PATCH", "/v1/accounts/1?dry_run=true", `{"title":"New"}`, "If-Match", match); a.Code != 200 {
			t.Errorf("%s: %d %s", match, a.Code, a.Body)
		}
	}
}

// Whatever changes the bytes of an answer changes its tag. What is no change of
// the account leaves it good for If-Match.
func TestTagFollowsNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	written := f.serve(t, "PATCH", "/v1/accounts/1", `{"title":"New"}`, "X-Api-Key", linKey)
	paths := []string{"/v1/accounts/1", "/v1/accounts/1?include_contacts=true", "/v1/clients/1"}
	var before []*httptest.ResponseRecorder
	for _, path := range paths {
		before = append(before, f.serve(t, "GET", path, ""))
	}
	if tag := written.Header().Get("ETag"); tag != before[0].Header().Get("ETag") {
		t.Errorf("the tag of PATCH is %s, that of GET %v", tag, before[0].Header())
	}
	for _, user := range []string{"/v1/users/1", "/v1/users/3"} { // who made it, and who changed it
		if a := f.serve(t, "PATCH", user, `{"lastName":"Okafor"}`); a.Code != http.StatusOK {
			t.Fatal(a.Body)
		}
		for i, path := range paths {
			old := before[i]
			a := f.serve(t, "GET", path, "", "If-None-Match", old.Header().Get("ETag"))
			if a.Code != http.StatusOK || a.Header().Get("ETag") == old.Header().Get("ETag") || a.Body.String() == old.Body.String() {
				t.Errorf("%s after %s: %d %v %s", path, user, a.Code, a.Header(), a.Body)
			}
			before[i] = a
		}
	}
	if a := f.serve(t, "PATCH", "/v1/accounts/1", `{"title":"Newer"}`, "If-Match", written.Header().Get("ETag")); a.Code != http.StatusOK {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		key, authorization string
		status             int
	}{
		{"", "Bearer " + writeKey, 200}, {"", "bearer  " + writeKey, 200}, {writeKey, "Bearer " + writeKey, 200}, {writeKey, "Basic eDp5", 200},
		{readKey, "Bearer " + writeKey, 400}, {"", "Bearer acc_guess", 401}, {"", "Bearer", 401}, {"", "Basic eDp5", 401},
	} {
		a := f.serve(t, "GET", "/v1/accounts/1", "", "X-Api-Key", c.key, "Authorization", c.authorization)
		if a.Code != c.status || c.status == 401 && len(a.Header().Values("WWW-Authenticate")) != 2 {
			t.Errorf("%q %q: %d %v %s", c.key, c.authorization, a.Code, a.Header(), a.Body)
		}
	}
}

// Who sends two different keys does not know for whom it acts.
func TestSeveralKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		header, second string
		status         int
	}{
		{"X-Api-Key", writeKey, 200}, {"X-Api-Key", "", 200}, {"X-Api-Key", otherKey, 400}, {"Authorization", "Bearer " + writeKey, 200}, {"Authorization", "Bearer " + otherKey, 400},
	} {
		req := f.request(t.Context(), request{method: "GET", path: "/accounts/1", headers: map[string]string{"Authorization": "Bearer " + writeKey}})
		req.Header.Add(c.header, c.second)
		if a := f.answerTo(t, req); a.Code != c.status {
			t.Errorf("also %s: %q: %d %s", c.header, c.second, a.Code, a.Body)
		}
	}
}

// Behind a proxy, links and locations lead where callers reach the server.
func TestPublicURL(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *server.Config) { c.PublicURL = "https://example.com/crm/" })
	for _, c := range []struct{ method, path, body, header, want string }{
		{"POST", "/v1/accounts?match_by=none", `{"title":"x","address":["x"]}`, "Location", "/crm/v1/accounts/"},
		{"POST", "/v1/accounts?match_by=none", `{"title":"y","address":["x"]}`, "Location", "/crm/v1/accounts/"},
		{"POST", "/v1/contacts", `{"name":"x"}`, "Location", "/crm/v1/contacts/"},
		{"POST", "/v1/properties", `{"name":"Colour","type":"TEXT"}`, "Location", "/crm/v1/properties/colour"},
		{"GET", "/v1/accounts?page_size=1", "", "Link", "</crm/v1/accounts?"},
		{"GET", "/v1/clients/1", "", "Link", "</crm/v1/accounts/1>"},
		{"GET", "/v1/accounts/changes?page_size=1", "", "Link", "</crm/v1/accounts/changes?"},
		{"GET", "/v1/users?page_size=1", "", "Link", "</crm/v1/users?"},
		{"GET", "/v1/accounts/1/", "", "Link", "</crm/v1/accounts/1>"},
	} {
		a := f.serve(t, c.method, c.path, c.body)
		if got := a.Header().Get(c.header); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s %s: %d, %s %q, want %q: %s", c.method, c.path, a.Code, c.header, got, c.want, a.Body)
		}
	}
	for path, want := range map[string]string{"/v1/accounts/999": "/crm/v1/accounts/999", "/v1/clients/x": "/crm/v1/accounts/x", "/v1/accounts/by/x/a%2Fb": "/crm/v1/accounts/by/x/a%2Fb"} {
		if a := f.serve(t, "GET", path, ""); !strings.Contains(a.Body.String(), fmt.Sprintf(`"instance":%q`, want)) {
			t.Errorf("%s: %s", path, a.Body)
		}
	}
}

func TestBodiesOfOtherForms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if a := f.serve(t, "PATCH", "/v1/accounts/1", "\ufeff"+`{"title":"New"}`); a.Code != http.StatusOK {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	for _, path := range []string{"/v1/accounts/1", "/v1/contacts/1", "/v1/properties/roof_type", "/v1/clients/1"} {
		a := f.serve(t, "PATCH", path, "{}", "Content-Type", "text/plain")
		if got := a.Header().Get("Accept-Patch"); a.Code != 415 || got != "application/json, application/merge-patch+json" {
			t.Errorf("%s: %d, Accept-Patch %q", path, a.Code, got)
		}
	}
	if a := f.serve(t, "POST", "/v1/accounts", "{}", "Content-Type", "text/plain"); a.Code != 415 || a.Header().Get("Accept-Patch") != "" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}

// The same request is the same, however its body is written; another number is
// another one.
func TestSameRequestInAnotherOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for body, status := range map[string]int{
		`{"title":"A","custom":{"capacity":12345678901234567890.123,"roof_type":"Tile"}}`:                        200,
		"{ \"custom\": {\"roof_type\":\"Tile\",\n\"capacity\":12345678901234567890.123},\"title\":\"\\u0041\" }": 200,
		`{"title":"A","custom":{"capacity":12345678901234567890.124,"roof_type":"Tile"}}`:                        409,
	} {
		first := `{"title":"A","custom":{"capacity":12345678901234567890.123,"roof_type":"Tile"}}`
		if a := f.serve(t, "PATCH", "/v1/accounts/1", first, "Idempotency-Key", "k"); a.Code != 200 {
			t.Fatal(a.Body)
		}
		if a := f.serve(t, "PATCH", "/v1/accounts/1", body, "Idempotency-Key", "k"); a.Code != status || (a.Header().Get("Idempotency-Replayed") == "true") != (status == 200) {
			t.Errorf("%s: %d %v %s", body, a.Code, a.Header(), a.Body)
		}
	}
}
