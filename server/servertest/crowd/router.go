package crowd

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/accountsd/accountsd/client"
)

// router sends each attempt of a call to one of the servers, whichever, so that
// what one has not answered is asked of another one.
type router struct {
	next    http.RoundTripper
	servers []*url.URL

	mu     sync.Mutex
	failed map[string]int // attempts that had no answer or one of a server in trouble, by what they had
	watch  *watch
}

// watch waits for each server to answer a write that was sent after a time.
type watch struct {
	since time.Time
	took  []time.Duration // from then to the answer; 0: there is none yet
	done  chan struct{}
}

// connecting is how long a server may take to accept a connection.
const connecting = 2 * time.Second

func transport() *http.Transport {
	dialer := &net.Dialer{Timeout: connecting}
	return &http.Transport{MaxIdleConnsPerHost: 64, DialContext: dialer.DialContext}
}

func newRouter(urls []string, middleware client.Middleware) (*router, error) {
	r := &router{next: transport(), failed: make(map[string]int)}
	if middleware != nil {
		r.next = middleware(r.next)
	}
	for _, text := range urls {
		server, err := url.Parse(text)
		if err != nil {
			return nil, err
		}
		r.servers = append(r.servers, server)
	}
	return r, nil
}

// RoundTrip makes an attempt.
func (r *router) RoundTrip(req *http.Request) (*http.Response, error) {
	at := rand.IntN(len(r.servers))
	began := time.Now()
	connections := 0
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connections++ }}
	sent := req.Clone(httptrace.WithClientTrace(req.Context(), trace))
	sent.URL.Host, sent.Host = r.servers[at].Host, ""
	resp, err := r.next.RoundTrip(sent)
	r.note(req, at, began, resp, err)
	r.noteRepeated(connections - 1)
	return resp, err
}

// noteRepeated counts what the transport has repeated by itself, as it does if a
// connection ends without an answer that was of use before.
func (r *router) noteRepeated(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n > 0 {
		r.failed["connection lost"] += n
	}
}

// note counts an attempt that failed, unless the caller gave it up, and tells who
// waits for a server.
func (r *router) note(req *http.Request, at int, began time.Time, resp *http.Response, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil && req.Context().Err() == nil:
		r.failed["no answer"]++
	case err != nil:
	case resp.StatusCode >= http.StatusInternalServerError:
		r.failed[resp.Status]++
	case r.watch != nil && req.Method != http.MethodGet && resp.StatusCode < http.StatusMultipleChoices:
		r.watch.note(at, began)
	}
}

func (w *watch) note(at int, began time.Time) {
	if w.took[at] != 0 || began.Before(w.since) {
		return
	}
	w.took[at] = time.Since(w.since)
	if slices.Contains(w.took, 0) {
		return
	}
	close(w.done)
}

// Failed are the attempts that failed and were repeated, by what they had instead
// of an answer.
func (c *Crowd) Failed() map[string]int {
	c.router.mu.Lock()
	defer c.router.mu.Unlock()
	return maps.Clone(c.router.failed)
}

// Await waits until each server has answered a write that was sent after a time,
// and returns how long after it that was, by server. Nobody may wait else.
func (c *Crowd) Await(ctx context.Context, since time.Time) ([]time.Duration, error) {
	w := &watch{since: since, took: make([]time.Duration, len(c.router.servers)), done: make(chan struct{})}
	c.router.setWatch(w)
	defer c.router.setWatch(nil)
	select {
	case <-w.done:
		return w.took, nil
	case <-c.ctx.Done():
		return nil, context.Cause(c.ctx)
	case <-ctx.Done():
		return nil, fmt.Errorf("not every server answers writes: %w", ctx.Err())
	}
}

func (r *router) setWatch(w *watch) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watch = w
}
