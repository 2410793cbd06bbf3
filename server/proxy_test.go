package server_test

import (
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server"
)

func trusting(c *server.Config) {
	c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")}
}

// The caller's address is what trusted proxies say, and nobody else.
func TestForwardedAddress(t *testing.T) {
	t.Parallel()
	nobody, f := newFixture(t), newFixture(t, trusting)
	for _, c := range []struct {
		peer      string
		forwarded []string
		want      string
	}{
		{"10.1.2.3:4711", []string{"203.0.113.9"}, "203.0.113.9"},
		{"10.1.2.3:4711", []string{"198.51.100.1, 203.0.113.9"}, "203.0.113.9"},
		{"10.1.2.3:4711", []string{"198.51.100.1", "203.0.113.9"}, "203.0.113.9"}, // The proxy may add a line of its own.
		{"10.1.2.3:4711", []string{"198.51.100.1, 203.0.113.9, 10.9.9.9,2001:db8::7"}, "203.0.113.9"},
		{"[2001:db8::1]:4711", []string{"[2001:470::5]:80"}, "[2001:470::5]:80"},
		{"[::ffff:10.1.2.3]:4711", []string{"203.0.113.9:80"}, "203.0.113.9:80"},
		{"10.1.2.3:4711", []string{"10.0.0.1, 10.0.0.2"}, "10.0.0.1"},
		{"10.1.2.3:4711", nil, "10.1.2.3:4711"},
		{"10.1.2.3:4711", []string{""}, "10.1.2.3:4711"},
		{"10.1.2.3:4711", []string{"203.0.113.9, unknown"}, "10.1.2.3:4711"},
		{"10.1.2.3:4711", []string{"203.0.113.9\",\"status\":1"}, "10.1.2.3:4711"},
		{"192.0.2.1:4711", []string{"203.0.113.9"}, "192.0.2.1:4711"},
	} {
		for _, f := range []*fixture{f, nobody} {
			want := c.want
			if f == nobody {
				want = c.peer
			}
			f.log.Reset()
			req := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/accounts/1", nil)
			req.RemoteAddr = c.peer
			req.Header["X-Forwarded-For"] = c.forwarded
			f.handler.ServeHTTP(httptest.NewRecorder(), req)
			var line struct{ RemoteAddr string }
			if err := json.Unmarshal(f.log.Bytes(), &line); err != nil || line.RemoteAddr != want || req.RemoteAddr != c.peer {
				t.Errorf("%s %q: %s, want %s; %v", c.peer, c.forwarded, line.RemoteAddr, want, err)
			}
		}
	}
}

// Who guesses behind a proxy keeps no one else behind it out.
func TestLoginsBehindProxy(t *testing.T) {
	t.Parallel()
	f := newFixture(t, trusting)
	from := func(address, forwarded, password string) int {
		r := login("lin@example.com", password, "{}")
		r.headers["X-Forwarded-For"] = forwarded
		return f.sendFrom(t, address, r).Code
	}
	const proxy = "10.1.2.3:4711"
	for i := range 12 {
		from(proxy, fmt.Sprintf("198.51.100.%d, 203.0.113.9", i), "wrong") // The first is made up.
	}
	if got := from(proxy, "203.0.113.9", password); got != 429 {
		t.Errorf("the one who guesses: %d", got)
	}
	if got := from(proxy, "203.0.113.10", password); got != 200 {
		t.Errorf("another one: %d", got)
	}
	for i := range 12 {
		from("192.0.2.7:80", fmt.Sprintf("198.51.100.%d", i), "wrong")
	}
	if got := from("192.0.2.7:80", "198.51.100.77", password); got != 429 {
		t.Errorf("one who pretends to be a proxy: %d", got)
	}
	if lines := f.log.String(); strings.Contains(lines, "198.51.100.") {
		t.Error("what is made up is in the log")
	}
}
