package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
)

// stream is a stream of changes as its reader sees it.
type stream struct {
	*http.Response
	lines *bufio.Scanner
}

// openStream connects to the feed of a fixture that listens. The stream ends with ctx.
func openStream(t *testing.T, ctx context.Context, address, path string, headers ...string) *stream {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, "GET", "http://"+address+path, nil)
	must(t, err)
	req.Header.Set("Accept", "text/event-stream, application/json;q=0.5")
	req.Header.Set("X-Api-Key", writeKey)
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	t.Cleanup(func() { _ = resp.Body.Close() })
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	return &stream{resp, lines}
}

// event reads the next event, and returns "id event data"; empty when the stream has
// ended.
func (s *stream) event() string {
	var parts []string
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch {
		case s.lines.Text() == "" && len(parts) > 0:
			return strings.Join(parts, " ")
		case name == "id":
			parts = append(parts, strings.TrimLeft(value, "0"))
		case name == "event" || name == "data":
			parts = append(parts, value)
		}
	}
	return ""
}

// within bounds a test whose stream might never end.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestStream(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	address := f.listen(t)
	f.send(t, reasoned(patch(`{"title":"First"}`), "at first"))
	for _, path := range []string{"/v1/accounts/changes", "/v1/clients/changes"} {
		s := openStream(t, within(t), address, path, "Accept-Encoding", "gzip")
		header := s.Header
		if s.StatusCode != http.StatusOK || header.Get("Content-Type") != "text/event-stream" || header.Get("Content-Encoding") != "" || header.Get("Cache-Control") != "no-store" ||
			!strings.Contains(header.Get("Vary"), "Accept,") && !strings.HasSuffix(header.Get("Vary"), "Accept") || (header.Get("Deprecation") != "") != strings.Contains(path, "clients") {
			t.Errorf("%s: %s %v", path, s.Status, header)
		}
		got := s.event()
		if want := `1 updated {"sequence":"0000000000000000001","accountId":1,"kind":"updated","version":2,`; !strings.HasPrefix(got, want) || !strings.Contains(got, `"reason":"at first"`) {
			t.Errorf("%s", got)
		}
	}
	s := openStream(t, within(t), address, "/v1/accounts/changes?after=1")
	again := openStream(t, within(t), address, "/v1/accounts/changes?after=0", "Last-Event-ID", "0000000000000000001")
	for i := range 3 {
		f.send(t, patch(fmt.Sprintf(`{"size":%d}`, i+100)))
		for _, s := range []*stream{s, again} {
			if got := s.event(); !strings.HasPrefix(got, fmt.Sprint(i+2, " updated ")) {
				t.Errorf("%s", got)
			}
		}
	}
	f.send(t, request{method: "DELETE", path: "/accounts/1"})
	if got := s.event(); !strings.HasPrefix(got, "5 deleted ") {
		t.Errorf("%s", got)
	}
	f.handler.(*server.Server).Drain()
	if got := s.event(); got != "" {
		t.Errorf("after the end: %s", got)
	}
}

// What is not to be streamed is answered as it would be without.
func TestStreamIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t, oneWaits)
	address := f.listen(t)
	for accept, want := range map[string]string{
		"": "application/json", "*/*": "application/json", "application/json, text/event-stream;q=0.9": "application/json", "text/event-stream;q=0": "application/json",
		"application/json;q=0.1, TEXT/Event-Stream": "text/event-stream",
	} {
		ctx, cancel := context.WithCancel(within(t))
		s := openStream(t, ctx, address, "/v1/accounts/changes", "Accept", accept)
		if got := s.Header.Get("Content-Type"); s.StatusCode != http.StatusOK || got != want {
			t.Errorf("Accept %q: %s %s", accept, s.Status, got)
		}
		cancel()
	}
	for name, c := range map[string]struct {
		status  int
		headers []string
	}{
		"beyond":   {http.StatusGone, []string{"Last-Event-ID", "77"}},
		"no place": {http.StatusBadRequest, []string{"Last-Event-ID", "x"}},
		"too far":  {http.StatusBadRequest, []string{"Last-Event-ID", strings.Repeat("9", 30)}},
		"no key":   {http.StatusUnauthorized, []string{"X-Api-Key", "acc_none"}},
	} {
		s := openStream(t, within(t), address, "/v1/accounts/changes", c.headers...)
		body, err := io.ReadAll(s.Body)
		must(t, err)
		if s.StatusCode != c.status || s.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %s", name, s.Status, body)
		}
	}
}

// A key that is revoked ends what it has begun.
func TestStreamEndsWithItsKey(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	address := f.listen(t)
	s := openStream(t, within(t), address, "/v1/accounts/changes", "X-Api-Key", linKey)
	keys := f.send(t, request{method: "GET", path: "/api-keys", key: linKey})
	a := f.send(t, request{method: "DELETE", path: "/api-keys/" + fmt.Sprint(keys.list[0].(map[string]any)["id"]), key: adminKey})
	if a.Code != http.StatusNoContent {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	if got := s.event(); got != "" {
		t.Errorf("%s", got)
	}
}

// Many who follow at once see each change once, in order, while several write.
func TestCrowdFollows(t *testing.T) {
	t.Parallel()
	const followers, writers, writes = 500, 4, 25
	f := newFixture(t)
	address := f.listen(t)
	var following, writing sync.WaitGroup
	for range followers {
		s := openStream(t, within(t), address, "/v1/accounts/changes")
		following.Go(func() {
			for want := 1; want <= writers*writes; want++ {
				if got := s.event(); !strings.HasPrefix(got, fmt.Sprint(want, " updated ")) {
					t.Errorf("%d: %s", want, got)
					return
				}
			}
		})
	}
	for writer := range writers {
		writing.Go(func() {
			for i := range writes {
				f.send(t, patch(fmt.Sprintf(`{"size":%d}`, 1000*(writer+1)+i)))
			}
		})
	}
	writing.Wait()
	following.Wait()
}
