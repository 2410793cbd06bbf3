package server_test

import (
	"maps"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// S7, S8: every path under /clients answers as its twin, and names it.
func TestAlias(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for range 2 { // so that there are changes to link to
		f.clock.advance(time.Second)
		f.send(t, patch(`{"title":"Sunrise `+f.clock.Now().String()+`"}`))
	}
	for _, r := range []request{
		{method: "GET", path: "/accounts/1?include_contacts=true"},
		{method: "GET", path: "/accounts/1", headers: map[string]string{"If-None-Match": "*"}},
		{method: "GET", path: "/accounts/abc"},
		{method: "GET", path: "/accounts/999"},
		{method: "GET", path: "/accounts/1", key: noKey},
		{method: "GET", path: "/accounts/1/nothing?x=%3E"},
		{method: "PUT", path: "/accounts/1"},
		{method: "PUT", path: "/accounts/1?dry_run=True", body: `{"name":"New","address":"x"}`},
		{method: "PUT", path: "/accounts/search"},
		{method: "GET", path: "/accounts?limit=1&_=5&q="},
		{method: "GET", path: "/accounts?limit=x&offset=7"},
		{method: "PATCH", path: "/accounts/1?dry_run=true", body: `{"title":"New"}`},
		{method: "PATCH", path: "/accounts/1", body: `{"title":5,"custom":{"nope":1}}`},
		{method: "PATCH", path: "/accounts/1", body: `{"title":"New"}`, headers: map[string]string{"If-Match": `"1-9"`}},
		{method: "POST", path: "/accounts?dry_run=true", body: `{"title":"Unique","address":["x"]}`},
		{method: "POST", path: "/accounts", body: `{`},
		{method: "GET", path: "/accounts?page_size=1&include_total=true&include_contacts=true&q=sunrise"},
		{method: "GET", path: "/accounts?q=%20&cursor=x&page=%3E"},
		{method: "GET", path: "/accounts/search?prop1=title&op1=contains&value1=a%3Cb%2C&page=7"},
		{method: "GET", path: "/accounts/search?prop1=title&op1=between&value1=a%2Cz&page_size=1"},
		{method: "GET", path: "/accounts/search?prop1=nope&op1=eq&value1=x"},
		{method: "GET", path: "/accounts/changes?page_size=1"},
		{method: "GET", path: "/accounts/changes?after=x"},
		{method: "GET", path: "/accounts/1/changes?page_size=1"},
		{method: "GET", path: "/accounts/999/changes"},
		{method: "POST", path: "/accounts/batch?dry_run=true", body: `{"updates":[{"id":1,"set":{"title":"New"}}]}`},
		{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":999,"set":{"title":""}}]}`},
		{method: "DELETE", path: "/accounts/1", headers: map[string]string{"If-Match": `"1-9"`}},
		{method: "DELETE", path: "/accounts/999"},
	} {
		for _, handling := range []string{"strict", "lenient"} {
			f.wantTwins(t, r, handling)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/clientsx/1"}); a.Code != 404 || a.Header().Get("Deprecation") != "" {
		t.Errorf("/clientsx: %d %v", a.Code, a.Header())
	}
}

// wantTwins sends a request under both names with the same preference.
func (f *fixture) wantTwins(t *testing.T, r request, handling string) {
	t.Helper()
	r.headers = maps.Clone(r.headers)
	if r.headers == nil {
		r.headers = map[string]string{}
	}
	r.headers["X-Request-Id"], r.headers["Prefer"] = "same", "handling="+handling
	canonical := f.send(t, r)
	r.path = strings.Replace(r.path, "/accounts", "/clients", 1)
	alias := f.send(t, r)
	body := clientType.ReplaceAllString(alias.Body.String(), "")
	if alias.Code != canonical.Code || body != canonical.Body.String() {
		t.Errorf("%s %s: %d %s\nits twin: %d %s", r.method, r.path, alias.Code, alias.Body, canonical.Code, canonical.Body)
	}
	link := alias.Header().Get("Link")
	successor := "</v1/accounts" + strings.TrimPrefix(strings.SplitN(r.path, "?", 2)[0], "/clients")
	if links := canonical.Header().Get("Link"); !strings.HasPrefix(link, successor) || !strings.HasSuffix(link, links) {
		t.Errorf("%s %s: Link %s, its twin's %s", r.method, r.path, link, links)
	}
	if alias.Header().Get("X-Lenient") == "" {
		want := "</v1" + strings.Replace(r.path, "/clients", "/accounts", 1) + `>; rel="successor-version"`
		if links := canonical.Header().Get("Link"); links != "" {
			want += ", " + links
		}
		if link != want {
			t.Errorf("%s %s: Link %s, want %s", r.method, r.path, link, want)
		}
	}
	if got := alias.Header().Get("Deprecation"); got != "@1795478400" {
		t.Errorf("%s %s: Deprecation %q", r.method, r.path, got)
	}
	for name := range canonical.Header() {
		if got, want := alias.Header().Get(name), canonical.Header().Get(name); name != "Link" && name != "Content-Length" && got != want {
			t.Errorf("%s %s: header %s is %q, its twin's %q", r.method, r.path, name, got, want)
		}
	}
	if got := canonical.Header().Get("Deprecation"); got != "" {
		t.Errorf("%s is deprecated: %s", successor, got)
	}
}

// clientType is what only answers under the alias have.
var clientType = regexp.MustCompile(`,"clientType":("[A-Z]*"|null)`)

// A location under the alias is the canonical one.
func TestAliasCreatesUnderAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, request{method: "POST", path: "/clients", body: `{"title":"Unique","address":["x"]}`})
	if a.Code != http.StatusCreated || a.Header().Get("Location") != "/v1/accounts/3" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}

// An account that was deleted under the alias is gone under both paths.
func TestAliasDeletes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, request{method: "DELETE", path: "/clients/1"})
	if want := `</v1/accounts/1>; rel="successor-version"`; a.Code != http.StatusNoContent || a.Header().Get("Link") != want {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	for _, path := range []string{"/accounts/1", "/clients/1"} {
		if a := f.send(t, request{method: "GET", path: path}); a.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
	}
}
