package server_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// What net/http answers by itself is a problem too.
func TestRawProblems(t *testing.T) {
	t.Parallel()
	address := newFixture(t).listen(t)
	for sent, status := range map[string]int{
		"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n":                                                       400,
		"GET / HTTP/1.1\r\n\r\n":                                                                     400,
		"GET / HTTP/1.1\r\nHost: a b\r\n\r\n":                                                        400,
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 70<<10) + "\r\n\r\n":                431,
		"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n":                   501,
		"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n":    400,
		"GET / HTTP/3.1\r\nHost: a\r\n\r\n":                                                          505,
		"PATCH /v1/accounts/1 HTTP/1.1\r\nHost: a\r\nExpect: 200-maybe\r\nContent-Length: 2\r\n\r\n": 417,
	} {
		resp, body := talk(t, address, sent)
		if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/problem+json" || resp.Header.Get("X-Request-Id") == "" ||
			!strings.Contains(body, `"code":`) || strings.Contains(body, `"detail":""`) {
			t.Errorf("%.60q: %d %v %s", sent, resp.StatusCode, resp.Header, body)
		}
	}
}

// The README names what net/http answers by itself and is no problem. HTTP/2 without TLS
// is not spoken: its beginning is a request for nothing that there is, and its
// offer is passed over.
func TestExceptionsOfReadme(t *testing.T) {
	t.Parallel()
	address := newFixture(t).listen(t)
	for sent, want := range map[string]struct {
		status int
		body   string
	}{
		"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n":                                                                          {200, ""},
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00":                                           {404, `"code":"NOT_FOUND"`},
		head("GET", "/v1/accounts/1", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"): {200, `"id":1`},
	} {
		resp, body := talk(t, address, sent)
		if resp.StatusCode != want.status || resp.ProtoMajor != 1 || !strings.Contains(body, want.body) || (body == "") != (want.body == "") {
			t.Errorf("%.40q: %d %v %s", sent, resp.StatusCode, resp.Header, body)
		}
	}
}

// A line of the log tells from where a request came, and how long it took.
func TestLogTellsAddressAndTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := time.Now()
	for _, path := range []string{"/accounts/1", "/accounts/999", "/nothing"} {
		f.log.Reset()
		f.sendFrom(t, "[2001:db8::7]:4711", get(path))
		var line struct {
			RemoteAddr string
			DurationMs *float64
		}
		must(t, json.Unmarshal(f.log.Bytes(), &line))
		longest := float64(time.Since(before)) / float64(time.Millisecond)
		if line.RemoteAddr != "[2001:db8::7]:4711" || line.DurationMs == nil || *line.DurationMs < 0 || *line.DurationMs > longest {
			t.Errorf("%s took up to %f: %s", path, longest, f.log)
		}
	}
}
