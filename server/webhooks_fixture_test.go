package server_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	receiving "github.com/accountsd/accountsd/client/webhook"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/webhook"
)

// loopback lets webhooks reach the receivers of tests.
var loopback = server.WebhookConfig{Network: webhook.Network{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}

// hasty is a pace at which a test need not wait.
var hasty = webhook.Pace{
	Poll: 50 * time.Millisecond, Lease: time.Second, Save: 20 * time.Millisecond, Slice: time.Second,
	First: time.Millisecond, Last: 20 * time.Millisecond, Beside: 20 * time.Millisecond, Window: 10, AtOnce: 4, Rounds: 8,
}

// told keeps what a deliverer tells.
type told struct {
	mu     sync.Mutex
	t      *testing.T
	sent   []webhook.Delivery
	paused []webhook.Webhook
}

func (w *told) Delivered(d webhook.Delivery) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, d)
}

func (w *told) Paused(h webhook.Webhook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.paused = append(w.paused, h)
}

func (w *told) Failed(ref webhook.Ref, err error) { w.t.Errorf("webhook %v: %v", ref, err) }

// deliver delivers the fixture's webhooks by the clock of the machine, until stop is called.
func (f *fixture) deliver(t *testing.T, pace webhook.Pace) (stop func()) {
	t.Helper()
	return f.deliverAt(t, pace, nil, &told{t: t})
}

func (f *fixture) deliverAt(t *testing.T, pace webhook.Pace, clock func() time.Time, watcher *told) (stop func()) {
	t.Helper()
	deliverer := server.NewDeliverer(f.store, server.ServiceConfig{Clock: clock, Webhooks: loopback}, pace, watcher)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { deliverer.Run(ctx); close(done) }()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// receiver keeps what a webhook sends.
type receiver struct {
	*httptest.Server
	status atomic.Int64 // which it answers to all; 0: takes what is signed
	mu     sync.Mutex
	secret []string
	events []*receiving.Event            // that were taken
	seen   map[string]bool               // their ids
	fail   func(e *receiving.Event) bool // nil: takes all
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{seen: make(map[string]bool)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if status := r.status.Load(); status != 0 {
			w.Header().Set("Retry-After", "7200")
			w.WriteHeader(int(status))
			return
		}
		r.mu.Lock()
		secrets := slices.Clone(r.secret)
		r.mu.Unlock()
		receiving.Handler(r.take, secrets...).ServeHTTP(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) take(_ context.Context, e *receiving.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil && r.fail(e) {
		return errNotNow
	}
	if !r.seen[e.ID] {
		r.seen[e.ID] = true
		r.events = append(r.events, e)
	}
	return nil
}

var errNotNow = errors.New("not now")

// refuse says what the receiver does not take from now on.
func (r *receiver) refuse(fail func(e *receiving.Event) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = fail
}

// sequences are those of what was taken, in order.
func (r *receiver) sequences() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]string, len(r.events))
	for i, e := range r.events {
		list[i] = e.Sequence
	}
	return list
}

// hook creates a webhook to the receiver with the members, and returns its path.
func (f *fixture) hook(t *testing.T, r *receiver, members string) (path string) {
	t.Helper()
	a := f.send(t, request{method: "POST", path: "/webhooks", key: adminKey, body: `{"url":"` + r.URL + `/in"` + members + `}`})
	if a.Code != http.StatusCreated {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = append(r.secret, a.json["secret"].(string))
	return fmt.Sprint("/webhooks/", a.json["webhook"].(map[string]any)["id"])
}

// write changes an account n times.
func (f *fixture) write(t *testing.T, id string, n int) {
	t.Helper()
	for i := range n {
		a := f.send(t, request{method: "PATCH", path: "/accounts/" + id, body: fmt.Sprintf(`{"description":"%d %d"}`, time.Now().UnixNano(), i)})
		if a.Code != http.StatusOK {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
}

// changes are the changes of the feed, by the receiver's ids of their sequences.
func (f *fixture) changes(t *testing.T) (list []map[string]any) {
	t.Helper()
	for path := "/accounts/changes?page_size=100"; path != ""; {
		a := f.send(t, get(path))
		for _, c := range a.json["changes"].([]any) {
			list = append(list, c.(map[string]any))
		}
		path = a.link("next")
	}
	return list
}

// await waits until a condition holds.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// wantFeed waits until the receiver has all that the feed has, and checks that it has
// nothing else, and that of each account in order.
func (r *receiver) wantFeed(t *testing.T, f *fixture) {
	t.Helper()
	feed := f.changes(t)
	await(t, fmt.Sprintf("%d changes", len(feed)), func() bool { return len(r.sequences()) >= len(feed) })
	byAccount := map[string][]string{}
	for _, c := range feed {
		account := fmt.Sprint(c["accountId"])
		byAccount[account] = append(byAccount[account], c["sequence"].(string))
	}
	got := map[string][]string{}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		account := fmt.Sprint(e.AccountID)
		got[account] = append(got[account], e.Sequence)
	}
	for account, want := range byAccount {
		if !slices.Equal(got[account], want) {
			t.Errorf("account %s: got %v, want %v", account, got[account], want)
		}
	}
	if len(r.events) != len(feed) {
		t.Errorf("got %d, want %d", len(r.events), len(feed))
	}
}
