package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxErrorBytes is how much of an error's body is kept.
const maxErrorBytes = 1 << 20

const maxRedirects = 10

// reasonHeader says why a write is made.
const reasonHeader = "X-Reason"

var (
	errTooLarge = errors.New("the body is too large")
	errCutOff   = errors.New("the body is cut off")
	errRedirect = fmt.Errorf("%w: redirected", ErrUnexpected)
)

// What is asked of a connection of HTTP/2: without it, calls would be sent by one that is
// dead for as long as the system takes it for alive.
const (
	silentTime = 15 * time.Second // until the server is asked whether it is there
	pongTime   = 10 * time.Second // until it says so
)

// sharedTransport is what clients without one of their own send through.
var sharedTransport = sync.OnceValue(func() http.RoundTripper { return newTransport(silentTime, pongTime) })

// newTransport returns a transport that keeps more connections to one host than
// http.DefaultTransport, which is made for many hosts and would open a new one for nearly
// every parallel call.
func newTransport(silent, pong time.Duration) http.RoundTripper {
	standard, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	own := standard.Clone()
	own.MaxIdleConnsPerHost = 64
	own.HTTP2 = &http.HTTP2Config{SendPingTimeout: silent, PingTimeout: pong}
	return own
}

// transport sends requests for the generated client: with the key, within a
// deadline, again where that is safe, and with answers of a limited size.
type transport struct {
	http     *http.Client
	key      string
	agent    string
	reason   string // of writes
	timeout  time.Duration
	policy   policy
	maxBytes int64
}

// Do sends a request and reads the whole answer. Its errors are *Error.
func (t *transport) Do(req *http.Request) (*http.Response, error) {
	ctx := req.Context()
	if _, has := ctx.Deadline(); !has && t.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, t.timeout)
		defer cancel()
	}
	t.prepare(req)
	if err := checkHeader(req.Header); err != nil {
		return nil, err
	}
	o := t.persist(ctx, req)
	o.keep(ctx)
	if o.err != nil {
		if o.resp != nil {
			return nil, unexpected(o.resp, o.body, "%w", withEnd(ctx, o.err))
		}
		return nil, failure(ctx, req, o.err)
	}
	o.resp.Body = io.NopCloser(bytes.NewReader(o.body))
	return o.resp, nil
}

func (t *transport) prepare(req *http.Request) {
	if t.key != "" && req.Header.Get("Authorization") == "" {
		req.Header.Set("X-Api-Key", t.key)
	}
	req.Header.Set("User-Agent", t.agent)
	if t.reason != "" && req.Method != http.MethodGet && req.Header.Get(reasonHeader) == "" {
		req.Header.Set(reasonHeader, t.reason)
	}
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "application/json, application/problem+json")
	}
}

// checkHeader refuses what no header can hold, such as a key with another line of its
// file. To send it would fail each time, and its value must not be told.
func checkHeader(header http.Header) error {
	control := func(r rune) bool { return r < ' ' && r != '\t' || r == '\x7f' }
	for name, values := range header {
		if slices.ContainsFunc(values, func(value string) bool { return strings.ContainsFunc(value, control) }) {
			return invalid("the header %s must be one line without control characters", name)
		}
	}
	return nil
}

// persist sends the request until there is an answer to keep.
func (t *transport) persist(ctx context.Context, req *http.Request) outcome {
	doubt := false // whether an earlier attempt may have been carried out
	for attempt := 0; ; attempt++ {
		o := t.send(ctx, req)
		if doubt && req.Method == http.MethodDelete {
			o = o.settled()
		}
		if attempt == t.policy.retries || ended(ctx) || !o.worthRetrying(req, doubt) {
			return o
		}
		doubt = doubt || o.unclear()
		wait := t.policy.wait(attempt)
		if o.resp != nil {
			wait = max(wait, retryAfter(o.resp.Header, time.Now()))
		}
		if wait > maxRetryAfter || !sleep(ctx, wait) {
			return o
		}
		if err := rewind(req); err != nil {
			return outcome{err: err}
		}
	}
}

// settled returns what a repeated DELETE came to: a record that is not there was
// deleted by the attempt whose answer was lost.
func (o outcome) settled() outcome {
	if o.err == nil && o.resp.StatusCode == http.StatusNotFound && mediaType(o.resp.Header) == problemType {
		o.resp.StatusCode, o.resp.Status, o.body = http.StatusNoContent, "204 No Content", nil
	}
	return o
}

func rewind(req *http.Request) (err error) {
	if req.GetBody != nil {
		req.Body, err = req.GetBody()
	}
	return err
}

// send makes one attempt.
func (t *transport) send(ctx context.Context, req *http.Request) outcome {
	resp, err := t.http.Do(req.WithContext(ctx))
	if err != nil {
		// The query of the URL holds what is searched for, so it is not repeated.
		if inner, ok := errors.AsType[*url.Error](err); ok {
			err = inner.Err
		}
		return outcome{err: err}
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		// What arrives tells enough, even if it is cut off.
		body, _ := io.ReadAll(io.LimitReader(resp.Body, min(t.maxBytes, maxErrorBytes)))
		return outcome{resp: resp, body: body}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, t.maxBytes+1))
	if int64(len(body)) > t.maxBytes {
		body, err = body[:t.maxBytes], errTooLarge
	} else if err != nil {
		err = fmt.Errorf("%w: %w", errCutOff, err)
	}
	return outcome{resp: resp, body: body, err: err}
}

// httpClient returns a copy of base that keeps the key where it belongs.
func httpClient(base *http.Client, middleware []Middleware) *http.Client {
	own := *base
	if own.Transport == nil {
		own.Transport = sharedTransport()
	}
	for i := len(middleware) - 1; i >= 0; i-- {
		own.Transport = middleware[i](own.Transport)
	}
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		first := via[0]
		// net/http would send the key to any host, and a write as a GET.
		if first.Method != http.MethodGet || !sameOrigin(first.URL, req.URL) {
			return http.ErrUseLastResponse
		}
		var err error
		if base.CheckRedirect != nil {
			err = base.CheckRedirect(req, via)
		} else if len(via) >= maxRedirects {
			err = fmt.Errorf("stopped after %d redirects", maxRedirects)
		}
		if err != nil && err != http.ErrUseLastResponse {
			return fmt.Errorf("%w: %w", errRedirect, err)
		}
		return err
	}
	return &own
}

func sameOrigin(a, b *url.URL) bool { return a.Scheme == b.Scheme && a.Host == b.Host }
