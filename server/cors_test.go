package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server"
)

// A page reads whatever an answer tells in its headers, and sends whatever it can be
// asked for in them.
func TestCORSHeaders(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *server.Config) { c.CORSOrigins = []string{"*"} })
	listed := func(method, header string) []string {
		return strings.Split(strings.ToLower(f.serve(t, method, "/v1/accounts", "", "Origin", "https://any.example").Header().Get(header)), ", ")
	}
	shown := append(listed("GET", "Access-Control-Expose-Headers"),
		"cache-control", "vary", "x-content-type-options") // What is about the answer's way, not about the records.
	taken := listed("OPTIONS", "Access-Control-Allow-Headers")
	components := loadSpec(t).Components
	for _, response := range components.Responses {
		for name := range response.Value.Headers {
			if !slices.Contains(shown, strings.ToLower(name)) {
				t.Errorf("pages cannot read %s", name)
			}
		}
	}
	for _, p := range components.Parameters {
		if p.Value.In == "header" && !slices.Contains(taken, strings.ToLower(p.Value.Name)) {
			t.Errorf("pages cannot send %s", p.Value.Name)
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *server.Config) { c.CORSOrigins = []string{"https://crm.example"} })
	for _, path := range []string{"/v1/accounts/1", "/v1/clients/1"} {
		a := f.serve(t, "OPTIONS", path, "", "X-Api-Key", "", "Origin", "https://crm.example", "Access-Control-Request-Method", "PATCH")
		h := a.Header()
		if a.Code != 204 || h.Get("Access-Control-Allow-Origin") != "https://crm.example" || !strings.Contains(h.Get("Access-Control-Allow-Methods"), "PATCH") ||
			!strings.Contains(strings.ToLower(h.Get("Access-Control-Allow-Headers")), "x-api-key") || !strings.Contains(h.Get("Vary"), "Origin") {
			t.Errorf("%s: %d %v", path, a.Code, h)
		}
		for _, key := range []string{adminKey, ""} { // A page reads its errors too.
			a = f.serve(t, "GET", path, "", "X-Api-Key", key, "Origin", "https://crm.example")
			if h := a.Header(); h.Get("Access-Control-Allow-Origin") != "https://crm.example" || !strings.Contains(h.Get("Access-Control-Expose-Headers"), "ETag") {
				t.Errorf("%s: %d %v", path, a.Code, h)
			}
		}
		a = f.serve(t, "GET", path, "", "Origin", "https://evil.example")
		if h := a.Header(); h.Get("Access-Control-Allow-Origin") != "" || !strings.Contains(h.Get("Vary"), "Origin") {
			t.Errorf("%s: %d %v", path, a.Code, h)
		}
	}
	all := newFixture(t, func(c *server.Config) { c.CORSOrigins = []string{"*"} })
	if got := all.serve(t, "GET", "/v1/accounts", "", "Origin", "https://any.example").Header().Get("Access-Control-Allow-Origin"); got != "*" {
		t.Error(got)
	}
	for _, origin := range []string{"crm.example", "https://crm.example/", "https://a.example/b", "null"} {
		if _, err := server.New(server.Config{CORSOrigins: []string{origin}}, f.services); err == nil {
			t.Errorf("%s is taken for an origin", origin)
		}
	}
}
