package client_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
)

const key = "acc_test"

// accountJSON is an account as the server answers it.
const accountJSON = `{"id":42,"createdAt":"2026-11-02T09:30:00.000Z","updatedAt":"2026-11-24T16:05:12.345Z",
"title":"Sunrise Solar","description":null,"address":["120 Mission Street"],"isActive":true,
"primaryEmail":"office@sunrise.example","primaryPhone":null,"number":7,"custom":{"capacity":12345678901234567890.10,"roof_type":"Tile"},
"accountType":"COMMERCIAL","contacts":[{"id":5,"name":"Jo Park","title":null,"emails":[],"phones":[]}],
"createdBy":{"id":1,"firstName":"Ada","lastName":null,"email":"ada@example.com"},"updatedBy":null}`

// revertedJSON is an account of which a change was taken back.
const revertedJSON = `{"account":` + accountJSON + `,"members":["title"],"leftOut":[{"member":"size","reason":"size was changed since; it is now 7"}]}`

// request is what a scripted server was sent.
type request struct {
	method, path, query, body string
	header                    http.Header
}

// script is a server that answers as it is told, and remembers what it was
// asked.
type script struct {
	*httptest.Server
	mu       sync.Mutex
	requests []request
}

// serve starts a server that answers the nth request (from 0) with the nth
// handler, and all that follow with the last one.
func serve(t testing.TB, answers ...http.HandlerFunc) *script {
	t.Helper()
	s := &script{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answers[min(s.note(r), len(answers)-1)](w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// note remembers a request, and returns how many came before.
func (s *script) note(r *http.Request) int {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body)) // for the answer
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, request{r.Method, r.URL.Path, r.URL.RawQuery, string(body), r.Header.Clone()})
	return len(s.requests) - 1
}

func (s *script) asked() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.requests...)
}

// client returns a client of the server that is quick to try again.
func (s *script) client(t testing.TB, options ...client.Option) *client.Client {
	t.Helper()
	options = append([]client.Option{client.WithAPIKey(key), client.WithBackoff(time.Millisecond, 2*time.Millisecond)}, options...)
	c, err := client.New(s.URL+"/v1", options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// reply answers with JSON, or with a problem if the status is one of an error.
// headers are names and values in turn.
func reply(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if status >= 400 {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// problem answers with a problem document.
func problem(status int, code string, headers ...string) http.HandlerFunc {
	return reply(status, `{"type":"about:blank","title":"T","status":0,"detail":"what is wrong","message":"what is wrong","code":"`+
		code+`","instance":"/v1","requestId":"req-1"}`, headers...)
}

var okAccount = reply(http.StatusOK, accountJSON, "ETag", `"42-7"`, "X-Request-Id", "req-1")

// reset cuts the connection without an answer.
func reset(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}
