package server_test

import (
	"strings"
	"testing"
)

// What net/http answers by itself is a problem too.
func TestRawProblems(t *testing.T) {
	t.Parallel()
	address := newFixture(t).listen(t)
	for sent, status := range map[string]int{
		"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n":                                                    400,
		"GET / HTTP/1.1\r\n\r\n":                                                                  400,
		"GET / HTTP/1.1\r\nHost: a b\r\n\r\n":                                                     400,
		"GET / HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 70<<10) + "\r\n\r\n":             431,
		"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n":                501,
		"POST /v1/accounts HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n": 400,
		"GET / HTTP/3.1\r\nHost: a\r\n\r\n":                                                       505,
	} {
		resp, body := talk(t, address, sent)
		if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/problem+json" || resp.Header.Get("X-Request-Id") == "" ||
			!strings.Contains(body, `"code":`) || strings.Contains(body, `"detail":""`) {
			t.Errorf("%.60q: %d %v %s", sent, resp.StatusCode, resp.Header, body)
		}
	}
}
