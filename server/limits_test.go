package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/store/teststore"
)

// listen serves the fixture on a port, as the binary does.
func (f *fixture) listen(t *testing.T) string {
	t.Helper()
	s := httptest.NewUnstartedServer(f.handler)
	s.Listener = server.ProblemListener(s.Listener)
	s.Config.MaxHeaderBytes = 64 << 10
	s.Start()
	t.Cleanup(func() {
		f.handler.(*server.Server).Drain()
		s.Close()
	})
	return s.Listener.Addr().String()
}

// talk sends raw bytes, and returns the one answer that comes back.
func talk(t *testing.T, address, sent string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	must(t, conn.SetDeadline(time.Now().Add(time.Minute)))
	_, err = io.WriteString(conn, sent)
	must(t, err)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	must(t, err)
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	return resp, string(body)
}

func head(method, path string, headers ...string) string {
	return method + " " + path + " HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/json\r\nX-Api-Key: " + adminKey + "\r\n" +
		strings.Join(headers, "\r\n") + "\r\n\r\n"
}

// bodied are the operations that take a body, of every kind of record.
var bodied = []struct{ method, path string }{
	{"PATCH", "/v1/accounts/1"}, {"POST", "/v1/accounts"}, {"POST", "/v1/accounts/batch"}, {"POST", "/v1/clients"}, {"PATCH", "/v1/clients/1"},
	{"POST", "/v1/contacts"}, {"PATCH", "/v1/contacts/1"}, {"POST", "/v1/properties"}, {"PATCH", "/v1/properties/roof_type"},
	{"POST", "/v1/users"}, {"POST", "/v1/users/accept"},
}

// What breaks off on its way is the caller's fault.
func TestBrokenChunks(t *testing.T) {
	t.Parallel()
	address := newFixture(t).listen(t)
	for name, chunks := range map[string]string{
		"no CRLF":         "2\n{}\n0\n\n",
		"endless length":  strings.Repeat("f", 70_000) + "\r\n",
		"huge length":     "ffffffffffffffffff\r\n{}",
		"long extension":  "2;" + strings.Repeat("x", 70_000) + "\r\n{}\r\n0\r\n\r\n",
		"not hexadecimal": "zz\r\n{}\r\n0\r\n\r\n",
	} {
		for _, o := range bodied {
			resp, body := talk(t, address, head(o.method, o.path, "Transfer-Encoding: chunked")+chunks)
			// The first is read as if it were right by some versions of net/http.
			if resp.StatusCode != 400 || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s %s: %d %s", name, o.method, o.path, resp.StatusCode, body)
			}
		}
	}
}

func TestDrippingBody(t *testing.T) {
	t.Parallel()
	address := newFixture(t, func(c *server.Config) { c.BodyTimeout = 50 * time.Millisecond }).listen(t)
	for _, o := range bodied {
		for _, begun := range []string{"", "{", `{"title":"` + strings.Repeat("x", 10<<10)} {
			resp, body := talk(t, address, head(o.method, o.path, "Content-Length: 16000")+begun)
			if resp.StatusCode != http.StatusRequestTimeout || !strings.Contains(body, `"REQUEST_TIMEOUT"`) {
				t.Errorf("%s %s: %d %s", o.method, o.path, resp.StatusCode, body)
			}
		}
	}
}

// Who asks first is not asked for a body that is too large.
func TestTooLargeBodyIsRefusedBeforeItComes(t *testing.T) {
	t.Parallel()
	address := newFixture(t).listen(t)
	for _, o := range bodied {
		resp, body := talk(t, address, head(o.method, o.path, "Expect: 100-continue", "Content-Length: 1048577"))
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("%s %s: %d %s", o.method, o.path, resp.StatusCode, body)
		}
	}
	resp, body := talk(t, address, head("PATCH", "/v1/accounts/1", "Expect: 100-continue", "Content-Length: 2"))
	if resp.StatusCode != http.StatusContinue {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
}

// Without a key a body is small.
func TestBodiesWithoutAKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	long := `{"token":"` + strings.Repeat("x", 16<<10) + `"}`
	for _, r := range []request{
		{method: "POST", path: "/users/accept", key: noKey, body: long},
		login("ada@example.com", password, long),
	} {
		if a := f.send(t, r); a.Code != http.StatusRequestEntityTooLarge || !strings.Contains(a.Body.String(), "16384 bytes") {
			t.Errorf("%s: %d %s", r.path, a.Code, a.Body)
		}
	}
}

// Large bodies wait for each other, for two seconds; small ones do not wait for them.
func TestRoomForBodies(t *testing.T) {
	t.Parallel()
	teststore.OnlySQLite(t, "Time is not virtual while a connection waits for its server.")
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(c *server.Config) { c.MaxBodyBytes, c.MaxBodiesBytes = 100_000, 100_000 })
		// This one takes all the room, and its end is long in coming.
		body, sender := io.Pipe()
		first := f.request(t.Context(), patch(""))
		first.Body, first.ContentLength = body, 100_000
		first.Header.Set("Content-Type", "application/json")
		answered := make(chan answer)
		go func() { answered <- f.answerTo(t, first) }()
		_, err := io.WriteString(sender, `{"title":"x"`+strings.Repeat(" ", 20_000))
		must(t, err)
		synctest.Wait()

		large := patch(`{"title":"y"` + strings.Repeat(" ", 50_000) + "}")
		begin := time.Now()
		a := f.send(t, large)
		if a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") == "" || time.Since(begin) != 2*time.Second {
			t.Errorf("after %v: %d %s", time.Since(begin), a.Code, a.Body)
		}
		begin = time.Now()
		if a := f.send(t, patch(`{"title":"small"}`)); a.Code != http.StatusOK || time.Since(begin) != 0 {
			t.Errorf("after %v: %d %s", time.Since(begin), a.Code, a.Body)
		}
		time.AfterFunc(time.Second, func() { _, _ = io.WriteString(sender, "}"); sender.Close() })
		if a := f.send(t, large); a.Code != http.StatusOK || time.Since(begin) != time.Second {
			t.Errorf("after %v: %d %s", time.Since(begin), a.Code, a.Body)
		}
		if a := <-answered; a.Code != http.StatusOK {
			t.Errorf("the first: %d %s", a.Code, a.Body)
		}
	})
}

// An answer names a hundred offences, and says how many more there are.
func TestOffencesAreCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	unknown := func(n int) string {
		var members strings.Builder
		for i := range n {
			fmt.Fprintf(&members, `"a%05d":1,`, i)
		}
		return "{" + members.String() + `"z":1}`
	}
	items := "[" + strings.Repeat("true,", 500) + "true]"
	for name, c := range map[string]struct {
		request
		last string
	}{
		"account":          {patch(unknown(50_000)), "and 49901 more"},
		"new account":      {post("", unknown(150)), ""},
		"contact":          {request{method: "PATCH", path: "/contacts/1", body: unknown(149)}, "and 50 more"},
		"property":         {request{method: "PATCH", path: "/properties/roof_type", key: adminKey, body: unknown(149)}, "and 50 more"},
		"user":             {request{method: "POST", path: "/users", key: adminKey, body: unknown(150)}, ""},
		"invitation":       {request{method: "POST", path: "/users/accept", key: noKey, body: unknown(500)}, ""},
		"custom":           {patch(`{"custom":` + unknown(149) + "}"), "and 50 more"},
		"items":            {patch(`{"contacts":` + items + `}`), "and 401 more"},
		"many lists":       {batch("", "["+strings.Repeat(`{"id":1,"set":{"contacts":`+items+`}},`, 100)+`{"id":1,"set":{}}]`), ""},
		"many members":     {batch("", "["+strings.Repeat(`{"id":1,"set":`+unknown(9)+`},`, 49)+`{"id":1,"set":{}}]`), "and 390 more"},
		"query parameters": {request{method: "GET", path: "/accounts?" + strings.Repeat("x", 1) + strings.Join(names(150), "&")}, "and 50 more"},
		"NUL":              {patch(`{"address":[` + strings.Repeat(`"\u0000",`, 5000) + `""]}`), ""},
	} {
		a := f.send(t, c.request)
		list, _ := a.json["errors"].([]any)
		if a.Code != http.StatusBadRequest || len(list) != 101 {
			t.Errorf("%s: %d with %d errors", name, a.Code, len(list))
			continue
		}
		if last := list[100].(map[string]any)["message"].(string); !strings.HasPrefix(last, "and ") || c.last != "" && last != c.last {
			t.Errorf("%s: %q, want %q", name, last, c.last)
		}
	}
}

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("a%05d", i)
	}
	return list
}
