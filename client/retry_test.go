package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/accountsd/accountsd/client"
)

// roundTripper answers without a network, so that time can be faked.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answerOf(r *http.Request, status int, headers ...string) *http.Response {
	resp := &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Request: r}
	body := accountJSON
	resp.Header.Set("Content-Type", "application/json")
	if status >= 400 {
		resp.Header.Set("Content-Type", "application/problem+json")
		body = `{"code":"UNAVAILABLE","detail":"busy","status":503}`
	}
	for i := 0; i < len(headers); i += 2 {
		resp.Header.Set(headers[i], headers[i+1])
	}
	resp.Body = io.NopCloser(strings.NewReader(body))
	return resp
}

// waits calls Get in fake time, and returns when the attempts were made.
func waits(t *testing.T, answer func(r *http.Request, attempt int) (*http.Response, error), options ...client.Option) (at []time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		transport := roundTripper(func(r *http.Request) (*http.Response, error) {
			at = append(at, time.Since(start))
			return answer(r, len(at)-1)
		})
		c, newErr := client.New("http://server.invalid/v1", append(options, client.WithHTTPClient(&http.Client{Transport: transport}))...)
		must(t, newErr)
		_, err = c.Accounts.Get(t.Context(), 42)
	})
	return at, err
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	dates := map[string]string{"by their clock": "Mon, 02 Nov 2026 09:30:00 GMT"}
	for name, test := range map[string]struct {
		header   func() string
		min, max time.Duration
	}{
		"seconds":        {func() string { return "3" }, 3 * time.Second, 3 * time.Second},
		"date":           {func() string { return time.Now().Add(5 * time.Second).UTC().Format(http.TimeFormat) }, 4 * time.Second, 5 * time.Second},
		"date gone by":   {func() string { return time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat) }, 50 * time.Millisecond, 100 * time.Millisecond},
		"by their clock": {func() string { return "Mon, 02 Nov 2026 09:30:04 GMT" }, 4 * time.Second, 4 * time.Second},
		"nonsense":       {func() string { return "soon" }, 50 * time.Millisecond, 100 * time.Millisecond},
		"negative":       {func() string { return "-5" }, 50 * time.Millisecond, 100 * time.Millisecond},
		"less than ours": {func() string { return "0" }, 50 * time.Millisecond, 100 * time.Millisecond},
	} {
		for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
			t.Run(name+" "+http.StatusText(status), func(t *testing.T) {
				t.Parallel()
				at, err := waits(t, func(r *http.Request, attempt int) (*http.Response, error) {
					if attempt == 0 {
						return answerOf(r, status, "Retry-After", test.header(), "Date", dates[name]), nil
					}
					return answerOf(r, 200), nil
				})
				must(t, err)
				if len(at) != 2 || at[1] < test.min || at[1] > test.max {
					t.Errorf("attempts at %v", at)
				}
			})
		}
	}
}

func TestBackoffDoublesUpToItsLimit(t *testing.T) {
	t.Parallel()
	at, err := waits(t, func(r *http.Request, _ int) (*http.Response, error) { return answerOf(r, 503), nil },
		client.WithRetries(8), client.WithBackoff(100*time.Millisecond, time.Second))
	if !errors.Is(err, client.ErrUnavailable) || len(at) != 9 {
		t.Fatalf("%v at %v", err, at)
	}
	for i := range 8 {
		wait, want := at[i+1]-at[i], min(100*time.Millisecond<<i, time.Second)
		if wait < want/2 || wait > want {
			t.Errorf("wait %d was %v, want about %v", i, wait, want)
		}
	}
}

func TestRetriesEndBeforeTheDeadline(t *testing.T) {
	t.Parallel()
	// A wait that the deadline would cut is not begun: the answer is returned.
	at, err := waits(t, func(r *http.Request, _ int) (*http.Response, error) {
		return answerOf(r, 503, "Retry-After", "7"), nil
	}, client.WithTimeout(20*time.Second))
	if !errors.Is(err, client.ErrUnavailable) || !slices.Equal(at, []time.Duration{0, 7 * time.Second, 14 * time.Second}) {
		t.Errorf("%v at %v", err, at)
	}
	// A limit for the whole day is told at once, and one for ever.
	for seconds, want := range map[string]time.Duration{"40000": 40000 * time.Second, "99999999999999999999": math.MaxInt32 * time.Second} {
		at, err = waits(t, func(r *http.Request, _ int) (*http.Response, error) {
			return answerOf(r, 429, "Retry-After", seconds), nil
		}, client.WithTimeout(0))
		e, ok := errors.AsType[*client.Error](err)
		if !ok || !errors.Is(err, client.ErrRateLimited) || e.RetryAfter != want || len(at) != 1 {
			t.Errorf("%v at %v", err, at)
		}
	}
}

// The time of an attempt is not that of the call: another one may do better.
func TestAttemptWithoutAnswerInItsTime(t *testing.T) {
	t.Parallel()
	late := func(err error) error { return &net.OpError{Op: "dial", Net: "tcp", Err: err} }
	for name, err := range map[string]error{"to connect": late(context.DeadlineExceeded), "for headers": context.DeadlineExceeded} {
		at, got := waits(t, func(r *http.Request, attempt int) (*http.Response, error) {
			if attempt < 2 {
				return nil, err
			}
			return answerOf(r, 200), nil
		})
		if got != nil || len(at) != 3 {
			t.Errorf("%s: %v at %v", name, got, at)
		}
		at, got = waits(t, func(*http.Request, int) (*http.Response, error) { return nil, err })
		if !errors.Is(got, client.ErrUnavailable) || len(at) != 5 {
			t.Errorf("%s, always: %v at %v", name, got, at)
		}
	}
}

func TestCanceledCallStopsWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		transport := roundTripper(func(r *http.Request) (*http.Response, error) { return answerOf(r, 503, "Retry-After", "30"), nil })
		c, err := client.New("http://server.invalid", client.WithHTTPClient(&http.Client{Transport: transport}))
		must(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel)
		start := time.Now()
		if _, err = c.Accounts.Get(ctx, 42); !errors.Is(err, client.ErrUnavailable) || time.Since(start) != 2*time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// A cause that the caller gives is the caller's wish as well.
func TestCallEndedForACause(t *testing.T) {
	t.Parallel()
	cause := errors.New("the program stops")
	for name, handler := range map[string]http.HandlerFunc{
		"no answer": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"half an answer": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "9999")
			reply(200, accountJSON)(w, r)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, cause)
		defer cancel()
		_, err := serve(t, handler).client(t).Accounts.Get(ctx, 42)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, cause) || errors.Is(err, client.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		ctx, end := context.WithCancelCause(t.Context())
		end(cause)
		_, err = serve(t, handler).client(t).Accounts.Get(ctx, 42)
		if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) || errors.Is(err, client.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Which requests are sent again after what.
func TestWhatIsRetried(t *testing.T) {
	t.Parallel()
	refused := problem(503, "UNAVAILABLE")
	gateway := reply(502, "<html>", "Content-Type", "text/html")
	unclear := reply(503, "<html>", "Content-Type", "text/html")
	limited := problem(429, "RATE_LIMIT_EXCEEDED")
	get := func(c *client.Client) error { _, err := c.Accounts.Get(t.Context(), 42); return err }
	update := func(c *client.Client) error {
		_, err := c.Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set("x")})
		return err
	}
	remove := func(c *client.Client) error { return c.Accounts.Delete(t.Context(), 42) }
	invite := func(c *client.Client) error {
		_, err := c.Users.Invite(t.Context(), client.UserInvite{Email: "lin@example.com"})
		return err
	}
	once, again := 1, 5
	for name, test := range map[string]struct {
		call   func(*client.Client) error
		answer http.HandlerFunc
		asked  int
	}{
		"read, reset": {get, reset, again}, "read, gateway": {get, gateway, again}, "read, 504": {get, problem(504, "UNAVAILABLE"), again},
		"read, 408": {get, problem(408, "UNAVAILABLE"), again}, "read, internal error": {get, problem(500, "INTERNAL_SERVER_ERROR"), once},
		"read, not found": {get, problem(404, "NOT_FOUND"), once},
		"update, reset":   {update, reset, again}, "update, gateway": {update, gateway, again}, "update, limited": {update, limited, again},
		"update, invalid": {update, problem(400, "VALIDATION_ERROR"), once}, "update, conflict": {update, problem(409, "CONFLICT"), once},
		"delete, reset": {remove, reset, again}, "delete, not found": {remove, problem(404, "NOT_FOUND"), once},
		"no key, reset": {invite, reset, once}, "no key, gateway": {invite, gateway, once}, "no key, unclear 503": {invite, unclear, once},
		"no key, 408": {invite, problem(408, "UNAVAILABLE"), once}, "no key, refused 503": {invite, refused, again}, "no key, limited": {invite, limited, again},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, test.answer)
			if err := test.call(server.client(t)); err == nil {
				t.Error("no error")
			}
			if asked := server.asked(); len(asked) != test.asked {
				t.Errorf("asked %d times, want %d", len(asked), test.asked)
			}
			server = serve(t, test.answer)
			if err := test.call(server.client(t, client.WithRetries(0))); err == nil || len(server.asked()) != 1 {
				t.Errorf("without retries: %v after %d", err, len(server.asked()))
			}
		})
	}
}

// A connection that cannot be made carries nothing, so even an invitation is
// tried again.
func TestRefusedConnectionIsRetriedForAnyWrite(t *testing.T) {
	t.Parallel()
	tries := 0
	transport := roundTripper(func(*http.Request) (*http.Response, error) {
		tries++
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
	})
	c, err := client.New("http://server.invalid", client.WithBackoff(time.Microsecond, time.Microsecond), client.WithHTTPClient(&http.Client{Transport: transport}))
	must(t, err)
	if _, err := c.Users.Invite(t.Context(), client.UserInvite{Email: "lin@example.com"}); !errors.Is(err, client.ErrUnavailable) || tries != 5 {
		t.Errorf("%v after %d tries", err, tries)
	}
}

func TestRetriedWriteIsTheSameWrite(t *testing.T) {
	t.Parallel()
	server := serve(t, problem(503, "UNAVAILABLE"), reset, okAccount)
	_, err := server.client(t).Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set("Sunrise")}, client.AllowNewOptions())
	must(t, err)
	asked := server.asked()
	if len(asked) != 3 {
		t.Fatalf("asked %d times", len(asked))
	}
	name := asked[0].header.Get("Idempotency-Key")
	for _, r := range asked {
		if r.body != `{"title":"Sunrise"}` || r.query != "allow_new_options=true" || len(name) != 36 || r.header.Get("Idempotency-Key") != name {
			t.Errorf("%+v", r)
		}
	}
	_, err = server.client(t).Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set("Sunrise")})
	must(t, err)
	if asked = server.asked(); asked[3].header.Get("Idempotency-Key") == name {
		t.Error("two calls have one name")
	}
	_, err = server.client(t).Accounts.Update(t.Context(), 42, client.AccountPatch{}, client.IdempotencyKey("mine"))
	must(t, err)
	if asked = server.asked(); asked[4].header.Get("Idempotency-Key") != "mine" {
		t.Error("the caller's name is not sent")
	}
}

func TestAnswersToARetryThatTheFirstAttemptExplains(t *testing.T) {
	t.Parallel()
	// The first attempt is still under way when the second arrives.
	server := serve(t, reset, problem(409, "CONFLICT"), okAccount)
	_, err := server.client(t).Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set("x")})
	must(t, err)
	// The first attempt has deleted it.
	server = serve(t, reset, problem(404, "NOT_FOUND"))
	must(t, server.client(t).Accounts.Delete(t.Context(), 42))
	// A gateway that knows no such path says nothing of the record.
	server = serve(t, reset, reply(404, "<html>", "Content-Type", "text/html"))
	if err := server.client(t).Accounts.Delete(t.Context(), 42); !errors.Is(err, client.ErrUnexpected) {
		t.Errorf("%v", err)
	}
}

// A server that says that the same request is under way is asked again, also if
// this program has not sent it before.
func TestRequestUnderWayIsWaitedFor(t *testing.T) {
	t.Parallel()
	server := serve(t, problem(409, "IDEMPOTENCY_IN_PROGRESS"), okAccount)
	_, err := server.client(t).Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set("x")})
	must(t, err)
}

// ledger carries out updates as the API promises: once for each name.
type ledger struct {
	mu      sync.Mutex
	answers map[string]string // by Idempotency-Key
	applied map[string]int    // by title
}

func (l *ledger) apply(name string, body io.Reader) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if answer, ok := l.answers[name]; ok {
		return answer
	}
	var patch struct{ Title string }
	_ = json.NewDecoder(body).Decode(&patch)
	l.applied[patch.Title]++
	l.answers[name] = strings.Replace(accountJSON, "Sunrise Solar", patch.Title, 1)
	return l.answers[name]
}

// With connections cut at random, before and after the write, and answers of
// gateways between, each of many updates is applied exactly once.
func TestResetsAtRandom(t *testing.T) {
	t.Parallel()
	l := &ledger{answers: map[string]string{}, applied: map[string]int{}}
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch rand.IntN(6) {
		case 0:
			reset(w, r)
		case 1:
			reply(502, "")(w, r)
			return
		}
		answer := l.apply(r.Header.Get("Idempotency-Key"), r.Body)
		switch rand.IntN(6) {
		case 0:
			reset(w, r)
		case 1:
			w.Header().Set("Content-Length", "9999")
		case 2:
			reply(504, "")(w, r)
			return
		}
		reply(200, answer)(w, r)
	})
	c := server.client(t, client.WithRetries(60))
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 125 {
				title := string(rune('a'+worker)) + strings.Repeat("x", i)
				account, err := c.Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set(title)})
				if err != nil || account.Title != title {
					t.Errorf("%v", err)
				}
			}
		})
	}
	wait.Wait()
	if len(l.applied) != 1000 {
		t.Errorf("%d updates were applied", len(l.applied))
	}
	for title, times := range l.applied {
		if times != 1 {
			t.Errorf("%s was applied %d times", title, times)
		}
	}
	if asked := len(server.asked()); asked < 1200 {
		t.Errorf("only %d requests: nothing was cut", asked)
	}
}
