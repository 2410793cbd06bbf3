package server_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
)

// An address that sends many requests without a valid key is refused for a while,
// but for keys that were just in use, and nobody else is.
func TestAddressLimit(t *testing.T) {
	t.Parallel()
	clock := &clock{now: time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC)}
	f := newFixture(t, func(c *server.Config) { c.AddressLimit, c.Clock = 3, clock.Now })
	from := func(address, key string, want int) {
		t.Helper()
		a := f.sendFrom(t, address, request{method: "GET", path: "/accounts/1", key: key})
		if a.Code != want {
			t.Errorf("%s with %q: %d %s", address, key, a.Code, a.Body)
		}
		if want == http.StatusTooManyRequests && (a.Header().Get("Retry-After") != "20" || a.json["code"] != "RATE_LIMIT_EXCEEDED") {
			t.Errorf("%v %s", a.Header(), a.Body)
		}
	}
	const guesser, other = "[2001:db8:1:2::7]:4711", "192.0.2.8:4711"
	from(guesser, adminKey, 200)
	for _, key := range []string{"nope", "acc_guessed", noKey} {
		from(guesser, key, 401)
	}
	from(guesser, "nope", 429)
	from("[2001:db8:1:2::8]:80", "nope", 429) // of the same network
	from(guesser, readKey, 429)               // A right guess is not told from a wrong one.
	from(guesser, adminKey, 200)
	from(other, "nope", 401)
	from(other, readKey, 200)
	clock.advance(20 * time.Second)
	from(guesser, "nope", 401)
	from(guesser, "nope", 429)
	clock.advance(20 * time.Second)
	from(guesser, readKey, 200)
	from(guesser, "nope", 401)

	// What asks for no key is counted as well, whatever comes of it.
	for _, want := range []int{400, 400, 400, 429} {
		a := f.sendFrom(t, "192.0.2.9:4711", accept(`{"token":"guessed","password":"`+password+`"}`))
		if a.Code != want {
			t.Errorf("an invitation: %d %s, want %d", a.Code, a.Body, want)
		}
	}

	free := newFixture(t)
	for range 20 {
		if a := free.send(t, request{method: "GET", path: "/accounts/1", key: "nope"}); a.Code != 401 {
			t.Fatalf("without a limit: %d", a.Code)
		}
	}
}

// occupy begins a request that does not end, and returns it with the answer to another
// one that finds no place. It begins again if it was itself refused, as it is when it
// arrives while the other is under way.
func occupy(t *testing.T, address, read string) (slow net.Conn, refused *http.Response, body string) {
	t.Helper()
	for range 20 {
		var err error
		slow, err = net.Dial("tcp", address)
		must(t, err)
		_, err = io.WriteString(slow, head("PATCH", "/v1/accounts/1", "Content-Length: 15")+`{"title"`)
		must(t, err)
		for range 20 {
			time.Sleep(10 * time.Millisecond)
			if refused, body = talk(t, address, read); refused.StatusCode != http.StatusOK {
				return slow, refused, body
			}
		}
		must(t, slow.Close())
	}
	t.Fatal("no request was refused")
	return nil, nil, ""
}

// What comes while too much is under way is told so at once, but for questions
// whether the server is well.
func TestTooManyRequestsUnderWay(t *testing.T) {
	t.Parallel()
	address := newFixture(t, func(c *server.Config) { c.MaxRequests = 1 }).listen(t)
	read := head("GET", "/v1/accounts/1", "Connection: close")
	slow, refused, body := occupy(t, address, read)
	defer slow.Close()
	if refused.StatusCode != http.StatusServiceUnavailable || refused.Header.Get("Retry-After") != "1" || !strings.Contains(body, `"code":"UNAVAILABLE"`) {
		t.Errorf("%s %v %s", refused.Status, refused.Header, body)
	}
	for _, path := range []string{"/healthz", "/readyz"} {
		if resp, _ := talk(t, address, head("GET", path, "Connection: close")); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
	_, err := io.WriteString(slow, `:"New"}`)
	must(t, err)
	for range 500 {
		if refused, body = talk(t, address, read); refused.StatusCode == http.StatusOK {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if !strings.Contains(body, `"title":"New"`) {
		t.Errorf("afterwards: %s %s", refused.Status, body)
	}
}

// Only who comes by HTTPS is told to stay with it.
func TestStrictTransportSecurity(t *testing.T) {
	t.Parallel()
	for want, encrypted := range map[string]bool{"": false, "max-age=31536000": true} {
		f := newFixture(t, func(c *server.Config) { c.Encrypted = encrypted })
		for _, r := range []request{{method: "GET", path: "/accounts/1"}, {method: "GET", path: "/nothing"}, {method: "GET", path: "/accounts/1", key: noKey}} {
			if a := f.send(t, r); a.Header().Get("Strict-Transport-Security") != want {
				t.Errorf("%s: %v", r.path, a.Header())
			}
		}
	}
}

// A key whose requests take half of the places keeps no other one out.
func TestHalfOfTheRequestsUnderWay(t *testing.T) {
	t.Parallel()
	address := newFixture(t, func(c *server.Config) { c.MaxRequests = 2 }).listen(t)
	slow, refused, body := occupy(t, address, head("GET", "/v1/accounts/1", "Connection: close"))
	defer slow.Close()
	if refused.StatusCode != http.StatusTooManyRequests || refused.Header.Get("Retry-After") != "1" || !strings.Contains(body, "this key has 1 request under way") {
		t.Errorf("%s %v %s", refused.Status, refused.Header, body)
	}
	other := strings.Replace(head("GET", "/v1/accounts/1", "Connection: close"), adminKey, writeKey, 1)
	if resp, body := talk(t, address, other); resp.StatusCode != http.StatusOK {
		t.Errorf("another key: %s %s", resp.Status, body)
	}
}
