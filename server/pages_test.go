package server_test

import (
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server"
)

// A browser is led to the console, and a program is told what there is. Both
// under the path of the public URL.
func TestRoot(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *server.Config) { c.PublicURL = "https://example.com/crm" })
	if a := f.serve(t, "GET", "/", "", "Accept", "text/html,*/*"); a.Code != 302 || a.Header().Get("Location") != "/crm/console/" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	if a := f.serve(t, "GET", "/", ""); a.Code != 200 || !strings.Contains(a.Body.String(), `"docs":"/crm/docs/"`) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	for _, folder := range []string{"/console", "/docs"} {
		if a := f.serve(t, "GET", folder, ""); a.Code != 302 || a.Header().Get("Location") != "/crm"+folder+"/" {
			t.Errorf("%s: %d %v", folder, a.Code, a.Header())
		}
	}
}

// The pages and their parts are served under a policy that allows nothing inline,
// and not again to who has them.
func TestPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for path, kind := range map[string]string{
		"/console/": "text/html", "/console/console.js": "text/javascript", "/console/console.css": "text/css", "/console/icon.svg": "image/svg+xml",
		"/docs/": "text/html", "/docs/reference.js": "text/javascript", "/docs/swagger-ui-bundle.js": "text/javascript", "/docs/swagger-ui.css": "text/css",
	} {
		for _, coding := range []string{"identity", "gzip"} {
			a := f.serve(t, "GET", path, "", "Accept-Encoding", coding)
			header := a.Header()
			policy := header.Get("Content-Security-Policy")
			if a.Code != 200 || !strings.HasPrefix(header.Get("Content-Type"), kind) || !strings.Contains(policy, "default-src 'none'") ||
				strings.Contains(policy, "unsafe") || header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "private, no-cache" {
				t.Errorf("%s: %d %v", path, a.Code, header)
			}
			if again := f.serve(t, "GET", path, "", "Accept-Encoding", coding, "If-None-Match", header.Get("ETag")); again.Code != 304 || again.Body.Len() > 0 {
				t.Errorf("%s again: %d", path, again.Code)
			}
		}
	}
	if a := f.serve(t, "GET", "/console/nothing.js", ""); a.Code != 404 || !strings.Contains(a.Body.String(), "NOT_FOUND") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// What is kept compressed goes out as it lies, or as it was.
func TestPackedPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const path = "/docs/swagger-ui.css"
	plain, packed := f.serve(t, "GET", path, ""), f.serve(t, "GET", path, "", "Accept-Encoding", "gzip")
	reader, err := gzip.NewReader(packed.Body)
	must(t, err)
	unpacked, err := io.ReadAll(reader)
	must(t, err)
	if packed.Header().Get("Content-Encoding") != "gzip" || plain.Header().Get("Content-Encoding") != "" || string(unpacked) != plain.Body.String() {
		t.Errorf("%v, %v", plain.Header(), packed.Header())
	}
	if tag := packed.Header().Get("ETag"); !strings.HasSuffix(tag, `-gzip"`) || tag == plain.Header().Get("ETag") {
		t.Errorf("the tags are %s and %s", tag, plain.Header().Get("ETag"))
	}
}
