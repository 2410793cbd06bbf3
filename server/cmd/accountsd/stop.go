package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// arrivalTime is how long a stop waits for what has not arrived whole: the first
// request of a connection, or the body of one.
const arrivalTime = time.Second

// arrivals knows of what has not arrived whole. Without it a stop would wait for
// silent connections and for bodies that never end.
type arrivals struct {
	mu      sync.Mutex
	waiting map[any]func() // what ends the wait
	over    bool
}

func newArrivals() *arrivals { return &arrivals{waiting: make(map[any]func())} }

func (a *arrivals) begin(what any, cut func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.over {
		cut()
		return
	}
	a.waiting[what] = cut
}

func (a *arrivals) end(what any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, what)
}

// cut ends what has not arrived, and what comes from now on.
func (a *arrivals) cut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.over = true
	for _, cut := range a.waiting {
		cut()
	}
}

// connection is for http.Server.ConnState. A connection is new until its first
// request was read up to the body.
func (a *arrivals) connection(conn net.Conn, state http.ConnState) {
	if state == http.StateNew {
		a.begin(conn, func() { _ = conn.Close() })
		return
	}
	a.end(conn)
}

// handler keeps an eye on the bodies of requests.
func (a *arrivals) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		body := &arrivingBody{ReadCloser: r.Body, arrivals: a}
		connection := http.NewResponseController(w)
		a.begin(body, func() { _ = connection.SetReadDeadline(time.Now()) })
		defer a.end(body)
		// In a copy: net/http looks at the body of its own request to see whether the rest
		// is worth reading. Where it does not know it, it waits for that before it answers.
		r = r.WithContext(r.Context())
		r.Body = body
		next.ServeHTTP(w, r)
	})
}

// arrivingBody is a body that says when it is whole.
type arrivingBody struct {
	io.ReadCloser
	arrivals *arrivals
}

// Read reads the body.
func (b *arrivingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.arrivals.end(b)
	}
	return n, err
}

// stop lets requests under way end, and cuts those that take too long.
func stop(httpServer *http.Server, arriving *arrivals, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	cut := time.AfterFunc(arrivalTime, arriving.cut)
	defer cut.Stop()
	if err := httpServer.Shutdown(ctx); err != nil {
		return fmt.Errorf("stop: %w", errors.Join(err, httpServer.Close()))
	}
	return nil
}
