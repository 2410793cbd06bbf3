package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/servertest"
)

// Who follows sees what was there and what comes, across answers that break off, until
// it has enough.
func TestFollow(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	a := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"x"}})
	c, err := client.New(s.URL, client.WithAPIKey(s.Key), client.WithRetries(0), client.WithBackoff(time.Millisecond, time.Millisecond), client.WithMiddleware(breaking(3)))
	must(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var seen []string
	for change, err := range c.Accounts.Follow(ctx, "") {
		must(t, err)
		seen = append(seen, fmt.Sprint(change.Kind, change.Version))
		if len(seen) == 20 {
			break
		}
		_, err := s.Client.Accounts.Update(ctx, a.ID, client.AccountPatch{Title: client.Set(fmt.Sprint("Title ", len(seen)))})
		must(t, err)
	}
	if got := strings.Join(seen, " "); len(seen) != 20 || !strings.HasPrefix(got, "created1 updated2 updated3 ") || !strings.HasSuffix(got, "updated20") {
		t.Errorf("%s", got)
	}
}

// Whatever a line does that breaks, who follows goes on: answers that are cut off, that
// stall before or within their body, and those of gateways.
func TestFollowOutlivesTheLine(t *testing.T) {
	t.Parallel()
	cut := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "9999")
		reply(200, `{"changes":[`)(w, r)
	}
	stall := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	stallWithin := func(w http.ResponseWriter, r *http.Request) {
		cut(w, r)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	html := func(status int) http.HandlerFunc { return reply(status, "<html>", "Content-Type", "text/html") }
	last := reply(200, `{"changes":[{"sequence":"0000000000000000008"}]}`)
	server := serve(t, cut, stall, stallWithin, reset, html(408), html(502), html(429), last)
	c := server.client(t, client.WithRetries(0), client.WithTimeout(200*time.Millisecond))
	for change, err := range c.Accounts.Follow(t.Context(), "7") {
		must(t, err)
		if change.Sequence != "0000000000000000008" || len(server.asked()) != 8 {
			t.Errorf("%v after %d requests", change, len(server.asked()))
		}
		break
	}
	// What is not of the line is told.
	for _, err := range serve(t, html(200)).client(t).Accounts.Follow(t.Context(), "7") {
		if !errors.Is(err, client.ErrUnexpected) {
			t.Errorf("%v", err)
		}
	}
}

// breaking fails every nth request.
func breaking(n int) client.Middleware {
	asked := 0
	return func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if asked++; asked%n == 0 {
				return nil, errors.New("the line broke")
			}
			return next.RoundTrip(r)
		})
	}
}

// A connection of HTTP/2 that has gone dead without a word, as after a failover, is left.
func TestFollowLeavesDeadConnections(t *testing.T) {
	t.Parallel()
	answers := make(chan string, 2)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { reply(200, <-answers)(w, r) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	through := client.NewTransport(100*time.Millisecond, 100*time.Millisecond).(*http.Transport)
	through.TLSClientConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
	lines := make(chan *line, 9)
	through.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		l := &line{Conn: conn}
		lines <- l
		return l, err
	}
	c, err := client.New(server.URL, client.WithHTTPClient(&http.Client{Transport: through}))
	must(t, err)
	for _, sequence := range []string{"8", "9"} {
		answers <- `{"changes":[{"sequence":"` + sequence + `"}]}`
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	last := ""
	for change, err := range c.Accounts.Follow(ctx, "7") {
		must(t, err)
		if last = change.Sequence; last == "9" {
			break
		}
		(<-lines).isDead.Store(true)
	}
	if last != "9" {
		t.Errorf("the last change is %s", last)
	}
}

// line drops what is sent, once it is dead.
type line struct {
	net.Conn
	isDead atomic.Bool
}

func (l *line) Write(b []byte) (int, error) {
	if l.isDead.Load() {
		return len(b), nil
	}
	return l.Conn.Write(b)
}

// Following ends with its context, without an error, and with one that will not pass.
func TestFollowEnds(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		for _, err := range s.Client.Accounts.Follow(ctx, "") {
			ended <- err
		}
		ended <- nil
	}()
	cancel()
	must(t, <-ended)

	s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"x"}})
	for _, err := range s.Client.Accounts.Follow(t.Context(), "0000000000000000077") {
		var e *client.Error
		if !errors.Is(err, client.ErrGone) || !errors.As(err, &e) || e.First != "0000000000000000001" || e.Last != e.First || e.Code != "GONE" {
			t.Errorf("%v", err)
		}
	}
	for _, err := range s.Client.Accounts.Follow(t.Context(), "x") {
		if !errors.Is(err, client.ErrInvalid) {
			t.Errorf("%v", err)
		}
	}
}

// Neither a client without the patience to wait nor one whose server cannot answer, or
// does not wait, asks all the time, also if its own time is nearly over.
func TestFollowAsksNowAndThen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer  http.HandlerFunc
		timeout time.Duration
	}{
		"nothing":       {reply(200, `{"changes":[]}`), 1500 * time.Millisecond},
		"unavailable":   {reply(503, `{}`), 1500 * time.Millisecond},
		"does not wait": {reply(200, `{"changes":[]}`), time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, c.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			defer cancel()
			for change, err := range server.client(t, client.WithTimeout(c.timeout), client.WithRetries(0), client.WithBackoff(100*time.Millisecond, time.Second)).Accounts.Follow(ctx, "7") {
				t.Errorf("%v %v", change, err)
			}
			if asked := len(server.asked()); asked == 0 || asked > 10 {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}

// A wait is one that the server takes, shorter than the client's patience, and none where
// the server knows of none.
func TestAwaitChanges(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		wait    time.Duration
		options []client.Option
	}{
		"after=7&page_size=100&wait=25s": {25 * time.Second, nil},
		"after=7&page_size=100&wait=30s": {time.Hour, nil},
		"after=7&page_size=100&wait=60s": {time.Hour, []client.Option{client.WithTimeout(0)}},
		"after=7&page_size=100&wait=2s":  {time.Hour, []client.Option{client.WithHTTPClient(&http.Client{Timeout: 5 * time.Second})}},
		"after=7&page_size=100":          {time.Millisecond, nil},
	} {
		server := serve(t, reply(200, `{"changes":[]}`))
		changes, err := server.client(t, c.options...).Accounts.AwaitChanges(t.Context(), "7", c.wait)
		must(t, err)
		if got := server.asked()[0].query; len(changes) != 0 || !sameQuery(got, want) {
			t.Errorf("%s: asked %s", want, got)
		}
	}
	old := serve(t, reply(400, `{"type":"about:blank","title":"Bad Request","status":400,"code":"VALIDATION_ERROR","detail":"d","errors":[{"field":"wait","in":"query","code":"VALIDATION_ERROR","message":"m"}]}`,
		"Content-Type", "application/problem+json"), reply(200, `{"changes":[]}`))
	if _, err := old.client(t).Accounts.AwaitChanges(t.Context(), "7", time.Second); err != nil || strings.Contains(old.asked()[1].query, "wait") {
		t.Errorf("%v %+v", err, old.asked())
	}
}

// A server that stops does not wait for those who follow.
func TestFollowDoesNotHoldTheServer(t *testing.T) {
	t.Parallel()
	s := servertest.New(t, servertest.WithServer(func(c *server.Config) { c.MaxWaiters = 10 }))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range s.Client.Accounts.Follow(ctx, "") {
		}
	}()
	must(t, s.Close())
	cancel()
	<-ended
}

func sameQuery(got, want string) bool {
	a, err := url.ParseQuery(got)
	b, err2 := url.ParseQuery(want)
	return err == nil && err2 == nil && a.Encode() == b.Encode()
}
