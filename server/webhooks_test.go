package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	receiving "github.com/accountsd/accountsd/client/webhook"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/webhook"
)

// A receiver gets each change as the feed has it, signed, and the webhook says how far it
// has come.
func TestWebhookSendsTheFeed(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	f.write(t, "1", 1) // which is before the webhook
	path := f.hook(t, r, "")
	f.deliver(t, hasty)
	f.write(t, "1", 3)
	f.send(t, request{method: "PATCH", path: "/accounts/1", body: `{"custom":{"capacity":12345678901234567890.10},"contacts":[2]}`})
	f.send(t, request{method: "DELETE", path: "/accounts/2"})
	feed := f.changes(t)[1:]
	await(t, "all changes", func() bool { return len(r.sequences()) == len(feed) })
	r.mu.Lock()
	defer r.mu.Unlock()
	slices.SortFunc(r.events, func(a, b *receiving.Event) int { return strings.Compare(a.Sequence, b.Sequence) })
	for i, e := range r.events {
		text, err := json.Marshal(e.Change)
		must(t, err)
		var got map[string]any
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		must(t, decoder.Decode(&got))
		if canonical(t, got) != canonical(t, feed[i]) {
			t.Errorf("got %s\nwant %s", canonical(t, got), canonical(t, feed[i]))
		}
	}
	await(t, "the position", func() bool {
		w := f.send(t, request{method: "GET", path: path, key: adminKey})
		return w.json["position"] == feed[len(feed)-1]["sequence"] && fmt.Sprint(w.json["behind"]) == "0"
	})
	deliveries := f.send(t, request{method: "GET", path: path + "/deliveries", key: adminKey}).json["deliveries"].([]any)
	if len(deliveries) != len(feed) || fmt.Sprint(deliveries[0].(map[string]any)["status"]) != "204" {
		t.Errorf("deliveries: %v", deliveries)
	}
}

// A receiver that fails half of the time, and two servers that are stopped again and
// again, end with exactly the feed.
func TestWebhookLosesNothing(t *testing.T) {
	t.Parallel()
	p, r := newPair(t), newReceiver(t)
	r.refuse(func(*receiving.Event) bool { return rand.IntN(2) == 0 })
	p[0].hook(t, r, "")
	var ids []string
	for i := range 12 {
		made := p.send(t, i, post("match_by=none", fmt.Sprintf(`{"title":"Account %d","address":["x"]}`, i)))
		ids = append(ids, fmt.Sprint(made.json["id"]))
	}
	for round := range 10 {
		stops := []func(){p[0].deliver(t, hasty), p[1].deliver(t, hasty)}
		for i, id := range ids {
			p[(i+round)%2].write(t, id, 1)
		}
		stops[round%2]()
		stops[1-round%2]()
	}
	p[0].deliver(t, hasty)
	r.wantFeed(t, p[1])
}

// While one receiver is slow, another gets its changes.
func TestWebhooksDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	f, slow, quick := newFixture(t), newReceiver(t), newReceiver(t)
	answer := make(chan struct{})
	slow.Config.Handler = http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-answer })
	for range 3 {
		f.hook(t, slow, "")
	}
	f.hook(t, quick, "")
	f.deliver(t, hasty)
	t.Cleanup(func() { close(answer) }) // before the deliverer stops, which waits for answers
	f.write(t, "1", 20)
	await(t, "the quick one", func() bool { return len(quick.sequences()) == 20 })
	if n := len(slow.sequences()); n != 0 {
		t.Errorf("the slow one has %d", n)
	}
}

// What a server that was killed had taken on is gone on with once its lease is over.
func TestWebhookIsTakenOver(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	f.hook(t, r, "")
	f.write(t, "1", 1)
	var until time.Time
	must(t, f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		now := time.Now()
		until = now.Add(400 * time.Millisecond)
		_, err := tx.ClaimWebhook(ctx, webhook.Ref{CompanyID: f.company.ID, ID: 1}, webhook.Lease{Holder: "killed", Until: until}, now)
		return err
	}))
	f.deliver(t, hasty)
	await(t, "the change", func() bool { return len(r.sequences()) == 1 })
	if early := time.Until(until); early > 0 {
		t.Errorf("taken over %s before the lease was over", early)
	}
}

// Who pauses a webhook during a request is heard before the next one.
func TestWebhookIsPausedBetweenRequests(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	path := f.hook(t, r, "")
	f.write(t, "1", 3)
	var got []string // guarded by the receiver, which takes one at a time
	arrived, release := make(chan struct{}), make(chan struct{})
	r.refuse(func(e *receiving.Event) bool {
		if got = append(got, e.Sequence); len(got) == 1 {
			close(arrived)
			<-release
		}
		return false
	})
	pace := hasty
	pace.Save, pace.Lease = time.Millisecond, time.Minute
	f.deliver(t, pace)
	<-arrived
	for _, state := range []string{"paused", "active"} {
		f.must(t, request{method: "PATCH", path: path, key: adminKey, body: fmt.Sprintf(`{"state":%q}`, state)}, http.StatusOK)
	}
	close(release)
	await(t, "all changes", func() bool { return len(r.sequences()) == 3 })
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(got) != 4 || got[0] != got[1] || !slices.IsSorted(got) {
		t.Errorf("requests %v", got)
	}
}

// Of one account nothing overtakes what fails; another one goes on, up to a bound.
func TestWebhookKeepsTheOrderOfAnAccount(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	path := f.hook(t, r, "")
	var tries atomic.Int64
	r.refuse(func(e *receiving.Event) bool {
		if e.AccountID == 1 {
			tries.Add(1)
		}
		return e.AccountID == 1
	})
	f.write(t, "1", 2)
	f.write(t, "2", 3*hasty.Window)
	f.deliver(t, hasty)
	await(t, "some of account 2, and many tries", func() bool { return len(r.sequences()) >= hasty.Window-2 && tries.Load() > 5 })
	if n := len(r.sequences()); n > hasty.Window-2 {
		t.Errorf("%d changes have overtaken", n)
	}
	w := f.send(t, request{method: "GET", path: path, key: adminKey})
	if fmt.Sprint(w.json["behind"]) != fmt.Sprint(2+3*hasty.Window) || w.json["state"] != "active" || w.json["failingSince"] == nil || w.json["nextAttemptAt"] == nil {
		t.Errorf("got %s", w.Body)
	}
	r.refuse(nil)
	r.wantFeed(t, f)
}

// What is not to be sent moves the webhook on.
func TestWebhookSendsWhatItWatches(t *testing.T) {
	t.Parallel()
	f, r, deleted := newFixture(t), newReceiver(t), newReceiver(t)
	path := f.hook(t, r, `,"members":["title","custom.roof_type"],"kinds":["updated"]`)
	custom := newReceiver(t)
	f.hook(t, custom, `,"members":["custom"]`)
	f.hook(t, deleted, `,"kinds":["deleted"]`)
	for _, body := range []string{`{"description":"x"}`, `{"title":"A"}`, `{"custom":{"capacity":1}}`, `{"custom":{"roof_type":"Metal"}}`, `{"title":"A"}`} {
		f.send(t, request{method: "PATCH", path: "/accounts/1", body: body})
	}
	f.send(t, request{method: "DELETE", path: "/accounts/1"})
	feed := f.changes(t)
	f.deliver(t, hasty)
	await(t, "the position", func() bool {
		return f.send(t, request{method: "GET", path: path, key: adminKey}).json["position"] == feed[len(feed)-1]["sequence"]
	})
	await(t, "the others", func() bool { return len(deleted.sequences()) == 1 && len(custom.sequences()) == 3 })
	if got := r.sequences(); !slices.Equal(got, []string{feed[1]["sequence"].(string), feed[3]["sequence"].(string)}) {
		t.Errorf("got %v", got)
	}
}

// A receiver that wants no more is told of, and goes on where it was when it is resumed.
func TestWebhookThatIsGone(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	path := f.hook(t, r, "")
	r.status.Store(http.StatusGone)
	watcher := &told{t: t}
	f.deliverAt(t, hasty, nil, watcher)
	f.write(t, "1", 2)
	await(t, "the pause", func() bool {
		return f.send(t, request{method: "GET", path: path, key: adminKey}).json["pauseReason"] == "gone"
	})
	if got := f.logged(t, "action=webhook.paused"); len(got) != 1 || !strings.HasSuffix(got[0], " by nobody") {
		t.Errorf("logged %q", got)
	}
	await(t, "the word", func() bool {
		watcher.mu.Lock()
		defer watcher.mu.Unlock()
		return len(watcher.paused) == 1 && len(watcher.sent) == 1
	})
	r.status.Store(0)
	if a := f.send(t, request{method: "PATCH", path: path, key: adminKey, body: `{"state":"active"}`}); a.json["pauseReason"] != nil || a.json["pausedAt"] != nil {
		t.Errorf("got %s", a.Body)
	}
	r.wantFeed(t, f)
}

// Pauses grow and are as long as a receiver asks for; after three days without progress it
// is enough.
func TestWebhookIsPausedAfterDays(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	path := f.hook(t, r, "")
	r.status.Store(http.StatusServiceUnavailable)
	f.write(t, "1", 1)
	pace := webhook.DefaultPace
	pace.Poll = 2 * time.Millisecond
	f.deliverAt(t, pace, f.clock.Now, &told{t: t})
	hook := func() map[string]any { return f.send(t, request{method: "GET", path: path, key: adminKey}).json }
	began := f.clock.Now()
	for tries := 1; ; tries++ {
		await(t, "another try", func() bool {
			w := hook()
			return w["state"] == "paused" || fmt.Sprint(w["failures"]) == fmt.Sprint(tries)
		})
		w := hook()
		if w["state"] == "paused" {
			if took := f.clock.Now().Sub(began); tries != 37 || took != webhook.GiveUp || w["pauseReason"] != "failing" || w["nextAttemptAt"] != nil {
				t.Errorf("paused after %d tries and %s: %v", tries, took, w)
			}
			break
		}
		next, err := time.Parse(time.RFC3339, w["nextAttemptAt"].(string))
		must(t, err)
		if pause := next.Sub(f.clock.Now()); pause != 2*time.Hour || tries > 40 {
			t.Fatalf("the pause after %d tries is %s", tries, pause)
		}
		f.clock.advance(2 * time.Hour)
	}
	r.status.Store(http.StatusNoContent)
	f.send(t, request{method: "PATCH", path: path, key: adminKey, body: `{"state":"active"}`})
	await(t, "the change", func() bool {
		w := hook()
		return fmt.Sprintf("%v %v %v", w["behind"], w["failures"], w["failingSince"]) == "0 0 <nil>"
	})
}

// A change that is refused again and again keeps those of other accounts waiting for a
// minute, while the receiver takes them. One that takes none is asked less often, and what
// is not sent to it makes no difference.
func TestWebhookGoesOnBesideWhatFails(t *testing.T) {
	t.Parallel()
	f, picky, dead := newFixture(t), newReceiver(t), newReceiver(t)
	pickyPath, deadPath := f.hook(t, picky, ""), f.hook(t, dead, `,"members":["title"]`)
	var taken atomic.Int64
	picky.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { // at whatever time it was signed
		var change receiving.Change
		if err := json.NewDecoder(req.Body).Decode(&change); err != nil || change.AccountID == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		taken.Add(1)
	})
	dead.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	f.send(t, request{method: "PATCH", path: "/accounts/1", body: `{"title":"A"}`})
	f.write(t, "2", 1)
	pace := webhook.DefaultPace
	pace.Poll = 2 * time.Millisecond
	f.deliverAt(t, pace, f.clock.Now, &told{t: t})
	for _, c := range []struct {
		path        string
		least, most time.Duration // after nine tries
	}{{pickyPath, 40 * time.Second, 72 * time.Second}, {deadPath, 100 * time.Second, 310 * time.Second}} {
		var pause time.Duration
		await(t, "nine tries", func() bool {
			w := f.send(t, request{method: "GET", path: c.path, key: adminKey}).json
			next, err := time.Parse(time.RFC3339, fmt.Sprint(w["nextAttemptAt"]))
			if pause = next.Sub(f.clock.Now()); err == nil && fmt.Sprint(w["failures"]) != "9" {
				f.clock.advance(max(0, pause))
			}
			return fmt.Sprint(w["failures"]) == "9"
		})
		if pause < c.least || pause > c.most {
			t.Errorf("the pause is %s, not from %s to %s", pause, c.least, c.most)
		}
	}
	f.write(t, "2", 1)
	f.clock.advance(72 * time.Second)
	await(t, "the change of another account", func() bool { return taken.Load() == 2 })
}
