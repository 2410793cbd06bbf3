package client_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
)

// What a server may answer that no server should.
func TestAnswersThatAreNotDeclared(t *testing.T) {
	t.Parallel()
	html := func(status int) http.HandlerFunc { return reply(status, "<html>hello", "Content-Type", "text/html") }
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		kind   error
		says   string
	}{
		"html for json":         {html(200), client.ErrUnexpected, "text/html"},
		"no content type":       {reply(200, accountJSON, "Content-Type", ""), client.ErrUnexpected, "not JSON"},
		"cut json":              {reply(200, accountJSON[:90]), client.ErrUnexpected, "unexpected end"},
		"trailing data":         {reply(200, accountJSON+"{}"), client.ErrUnexpected, "after top-level"},
		"null":                  {reply(200, "null"), client.ErrUnexpected, "null"},
		"empty object":          {reply(200, "{}"), client.ErrUnexpected, "not a record"},
		"another type":          {reply(200, "[]"), client.ErrUnexpected, "cannot unmarshal"},
		"empty":                 {reply(200, ""), client.ErrUnexpected, "unexpected end"},
		"undeclared success":    {reply(202, accountJSON), client.ErrUnexpected, "202"},
		"no content":            {reply(204, ""), client.ErrUnexpected, "204"},
		"html not found":        {html(404), client.ErrUnexpected, "is the base URL right"},
		"json that no problem":  {reply(400, `{"oops":1}`), client.ErrUnexpected, "without a problem document"},
		"html internal error":   {html(500), client.ErrUnexpected, "500"},
		"html of a gateway":     {html(502), client.ErrUnavailable, "502"},
		"html of a rate limit":  {html(429), client.ErrRateLimited, "429"},
		"redirect elsewhere":    {reply(307, "", "Location", "http://elsewhere.invalid/"), client.ErrUnexpected, "not followed"},
		"problem with an image": {reply(418, "teapot"), client.ErrUnexpected, "418"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := serve(t, test.answer).client(t, client.WithRetries(1)).Accounts.Get(t.Context(), 42)
			if _, ok := errors.AsType[*client.Error](err); !ok || !errors.Is(err, test.kind) {
				t.Fatalf("%v", err)
			}
			if test.kind == client.ErrUnexpected && errors.Is(err, client.ErrNotFound) {
				t.Error("taken for a record that does not exist")
			}
			contains(t, err.Error(), test.says, "GET /v1/accounts/42")
		})
	}
}

func TestSlowServer(t *testing.T) {
	t.Parallel()
	slow := func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	trickle := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			_, _ = io.WriteString(w, " ")
			_ = http.NewResponseController(w).Flush()
			time.Sleep(time.Millisecond)
		}
	}
	for name, handler := range map[string]http.HandlerFunc{"no answer": slow, "an endless answer": trickle} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, handler)
			start := time.Now()
			_, err := server.client(t, client.WithTimeout(50*time.Millisecond)).Accounts.Get(t.Context(), 42)
			if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, client.ErrUnavailable) {
				t.Errorf("with a timeout of its own: %v", err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			if _, err = server.client(t, client.WithTimeout(time.Nanosecond)).Accounts.Get(ctx, 42); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("with the caller's: %v", err)
			}
			if took := time.Since(start); took < 100*time.Millisecond || took > 30*time.Second {
				t.Errorf("took %v", took) // The caller's deadline replaced the client's.
			}
			if asked := len(server.asked()); asked > 2 {
				t.Errorf("asked %d times: a deadline was retried", asked)
			}
		})
	}
}

func TestCutOffAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "5000")
		_, _ = io.WriteString(w, accountJSON[:50])
	}
	server := serve(t, cut, okAccount)
	account, err := server.client(t).Accounts.Get(t.Context(), 42)
	must(t, err)
	if account.ETag != `"42-7"` || len(server.asked()) != 2 {
		t.Errorf("%+v after %d requests", account, len(server.asked()))
	}

	_, err = serve(t, cut).client(t).Accounts.Get(t.Context(), 42)
	if !errors.Is(err, client.ErrUnexpected) || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("always cut off: %v", err)
	}
	contains(t, err.Error(), "200 unexpected answer: the body is cut off: unexpected EOF")
}

func TestHugeAnswers(t *testing.T) {
	t.Parallel()
	endless := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		chunk := strings.Repeat(" ", 1<<16)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
	server := serve(t, endless)
	_, err := server.client(t, client.WithMaxResponseBytes(1<<20)).Accounts.Get(t.Context(), 42)
	e, ok := errors.AsType[*client.Error](err)
	if !ok || !errors.Is(err, client.ErrUnexpected) || len(e.Body) != 1<<20 || len(server.asked()) != 1 {
		t.Errorf("endless: %v, %d requests", err, len(server.asked()))
	}
	contains(t, err.Error(), "too large")

	_, err = serve(t, okAccount).client(t, client.WithMaxResponseBytes(math.MaxInt64)).Accounts.Get(t.Context(), 42)
	must(t, err)
	_, err = serve(t, okAccount).client(t, client.WithMaxResponseBytes(-1)).Accounts.Get(t.Context(), 42)
	contains(t, fmt.Sprint(err), "too large")

	bomb := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		for range 64 {
			_, _ = zip.Write(make([]byte, 1<<20))
		}
		_ = zip.Close()
	}
	_, err = serve(t, bomb).client(t, client.WithMaxResponseBytes(1<<20)).Accounts.Get(t.Context(), 42)
	contains(t, fmt.Sprint(err), "too large")

	_, err = serve(t, reply(400, strings.Repeat("x", 3<<20))).client(t).Accounts.Get(t.Context(), 42)
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 400 || len(e.Body) != 1<<20 {
		t.Errorf("huge error: %.200s", err)
	}
}

// A URL with the wrong scheme is wrong each time.
func TestWrongScheme(t *testing.T) {
	t.Parallel()
	plain := serve(t, okAccount)
	c, err := client.New(strings.Replace(plain.URL, "http:", "https:", 1), client.WithBackoff(time.Hour, time.Hour))
	must(t, err)
	_, err = c.Accounts.Get(t.Context(), 42)
	contains(t, fmt.Sprint(err), "HTTP response to HTTPS client")
}

// The key goes to the host that the client was made for, and nowhere else.
func TestKeyGoesNowhereElse(t *testing.T) {
	t.Parallel()
	thief := serve(t, okAccount)
	for name, answer := range map[string]http.HandlerFunc{
		"redirect of a read":  reply(302, "", "Location", thief.URL+"/v1/accounts/42"),
		"redirect of a write": reply(308, "", "Location", thief.URL+"/v1/accounts/42"),
		"next page":           reply(200, "[]", "Link", fmt.Sprintf(`<%s/v1/accounts?cursor=x>; rel="next"`, thief.URL)),
	} {
		c := serve(t, answer).client(t)
		_, readErr := c.Accounts.Get(t.Context(), 42)
		_, writeErr := c.Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set("x")})
		_, listErr := c.Accounts.Page(t.Context(), client.AccountFilter{})
		if readErr == nil || writeErr == nil || !errors.Is(listErr, client.ErrUnexpected) {
			t.Errorf("%s: %v, %v, %v", name, readErr, writeErr, listErr)
		}
	}
	if asked := thief.asked(); len(asked) != 0 {
		t.Errorf("another host was sent %v", asked)
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	moved := func(status int) http.HandlerFunc { return reply(status, "", "Location", "/v1/moved") }
	server := serve(t, moved(302), okAccount)
	_, err := server.client(t).Accounts.Get(t.Context(), 42)
	must(t, err)
	if asked := server.asked(); len(asked) != 2 || asked[1].path != "/v1/moved" {
		t.Errorf("a read on one host: %v", asked)
	}
	server = serve(t, moved(302), okAccount)
	_, err = server.client(t).Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set("x")})
	if asked := server.asked(); !errors.Is(err, client.ErrUnexpected) || len(asked) != 1 {
		t.Errorf("a write became %v: %v", asked, err)
	}
	_, err = serve(t, moved(302)).client(t).Accounts.Get(t.Context(), 42)
	contains(t, fmt.Sprint(err), "10 redirects")
	own := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("no redirects here") }}
	_, err = serve(t, moved(302)).client(t, client.WithHTTPClient(own), client.WithRetries(0)).Accounts.Get(t.Context(), 42)
	contains(t, fmt.Sprint(err), "no redirects here")
}

func TestServerThatIsNotThere(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(nil)
	gone.Close()
	c, err := client.New(gone.URL, client.WithBackoff(time.Millisecond, time.Millisecond))
	must(t, err)
	_, err = c.Accounts.Get(t.Context(), 42)
	if e, ok := errors.AsType[*client.Error](err); !ok || e.Status != 0 || !errors.Is(err, client.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

// What cannot be sent is refused at once, and a key that is none is not told.
func TestHeadersThatCannotBeSent(t *testing.T) {
	t.Parallel()
	server := serve(t, okAccount)
	for name, option := range map[string]client.Option{"X-Api-Key": client.WithAPIKey(key + "\nsecond line"), "User-Agent": client.WithUserAgent("a\r\nb")} {
		_, err := server.client(t, option).Accounts.Get(t.Context(), 42)
		if !errors.Is(err, client.ErrInvalid) || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", name, err)
		}
		contains(t, fmt.Sprint(err), name)
	}
	for _, header := range []client.UpdateOption{client.IfMatch("\x00"), client.IdempotencyKey("a\nb")} {
		if _, err := server.client(t).Accounts.Update(t.Context(), 42, client.AccountPatch{}, header); !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%T: %v", header, err)
		}
	}
	if asked := server.asked(); len(asked) != 0 {
		t.Errorf("sent %v", asked)
	}
}

func TestErrorsDoNotRepeatTheQuery(t *testing.T) {
	t.Parallel()
	c := serve(t, reset).client(t)
	_, err := c.Accounts.Page(t.Context(), client.AccountFilter{PrimaryEmail: "secret@example.com"})
	if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), key) {
		t.Errorf("%v", err)
	}
}
