package server_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/store"
)

func once(r request, name string) request {
	r.headers = map[string]string{"Idempotency-Key": name}
	return r
}

// A request that is sent again with the same key is carried out once.
func TestIdempotencyKey(t *testing.T) {
	t.Parallel()
	create := post("match_by=none", `{"title":"Once","address":["x"]}`)
	for _, c := range []struct {
		name          string
		first, second request
		advance       time.Duration
		status        int
		replayed      bool
		accounts      string // the id that the next account gets
	}{
		{"the same request", once(create, "a"), once(create, "a"), 0, 201, true, "4"},
		{"the same request a day later", once(create, "a"), once(create, "a"), 24*time.Hour + time.Second, 201, false, "5"},
		{"another key", once(create, "a"), once(create, "b"), 0, 201, false, "5"},
		{"another body", once(create, "a"), once(post("match_by=none", `{"title":"Other","address":["x"]}`), "a"), 0, 409, false, "4"},
		{"another query", once(create, "a"), once(post("match_by=title", create.body), "a"), 0, 409, false, "4"},
		{"another operation", once(create, "a"), once(patch(`{"title":"Other"}`), "a"), 0, 409, false, "4"},
		{"the former path", once(create, "a"), once(request{method: "POST", path: "/clients?match_by=none", body: create.body}, "a"), 0, 201, true, "4"},
		{"what was refused is not kept", once(post("match_by=none", `{"title":"Once"}`), "a"), once(create, "a"), 0, 201, false, "4"},
		{"what clashed is not kept", once(post("match_by=none", `{"title":"Once","address":["x"],"number":77}`), "a"), once(create, "a"), 0, 201, false, "4"},
		{"a dry run is not kept", once(post("match_by=none&dry_run=true", create.body), "a"), once(create, "a"), 0, 201, false, "4"},
		{"an account that was found", once(post("", `{"title":"Sunrise Solar","address":["x"]}`), "a"), once(post("", `{"title":"Sunrise Solar","address":["x"]}`), "a"), 0, 200, true, "3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			first := f.send(t, c.first)
			f.clock.advance(c.advance)
			second := f.send(t, c.second)
			if second.Code != c.status || (second.Header().Get("Idempotency-Replayed") == "true") != c.replayed {
				t.Fatalf("%d %v %s", second.Code, second.Header(), second.Body)
			}
			if c.replayed && (second.Body.String() != first.Body.String() || second.Header().Get("ETag") != first.Header().Get("ETag") ||
				second.Header().Get("Location") != first.Header().Get("Location")) {
				t.Errorf("%v %s\n%v %s", first.Header(), first.Body, second.Header(), second.Body)
			}
			if c.status == http.StatusConflict && (second.json["field"] != "Idempotency-Key" || !strings.Contains(second.Body.String(), `"in":"header"`)) {
				t.Errorf("%s", second.Body)
			}
			if next := f.send(t, post("match_by=none", `{"title":"Next","address":["x"]}`)); next.Header().Get("Location") != "/v1/accounts/"+c.accounts {
				t.Errorf("the next account is %s, want %s", next.Header().Get("Location"), c.accounts)
			}
		})
	}
}

// An update that was carried out is answered again though the account has moved
// on since, and the key of another caller is another key.
func TestIdempotencyKeyOfUpdate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	guarded := patch(`{"title":"First"}`)
	guarded.headers = map[string]string{"Idempotency-Key": "a", "If-Match": `"1-1"`}
	first := f.send(t, guarded)
	f.send(t, patch(`{"title":"Second"}`))
	again := f.send(t, guarded)
	if again.Code != http.StatusOK || again.Body.String() != first.Body.String() || again.Header().Get("ETag") != first.Header().Get("ETag") {
		t.Errorf("%d %v %s", again.Code, again.Header(), again.Body)
	}
	guarded.key = otherKey
	if other := f.send(t, guarded); other.Code != http.StatusNotFound {
		t.Errorf("another company: %d %s", other.Code, other.Body)
	}
	if now := f.get(t, "1"); now.json["title"] != "Second" {
		t.Errorf("title %v", now.json["title"])
	}
}

func TestIdempotencyKeyForm(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"two words", strings.Repeat("x", 256), "a\x7f"} {
		scenario{request: once(patch(`{"title":"New"}`), name), status: 400, code: "VALIDATION_ERROR", want: []string{`"in":"header"`}}.run(t)
	}
}

// Of requests with one key that come at once one is carried out, and the others are
// answered like it.
func TestIdempotencyKeyAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var group sync.WaitGroup
	var replayed atomic.Int32
	for range 16 {
		group.Go(func() {
			a := f.send(t, once(post("match_by=none", `{"title":"Once","address":["x"]}`), "a"))
			if a.Header().Get("Idempotency-Replayed") == "true" {
				replayed.Add(1)
			}
			if a.Code != http.StatusCreated || a.Header().Get("Location") != "/v1/accounts/3" {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		})
	}
	group.Wait()
	if replayed.Load() != 15 {
		t.Errorf("%d were answered like the first", replayed.Load())
	}
	if next := f.send(t, post("match_by=none", `{"title":"Next","address":["x"]}`)); next.Header().Get("Location") != "/v1/accounts/4" {
		t.Errorf("more than one was created: %s", next.Body)
	}
}

// One that comes while the first is under way is told to wait where it has not the
// time to.
func TestIdempotencyKeyWhileUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	create := once(post("match_by=none", `{"title":"Once","address":["x"]}`), "a")
	began, end := make(chan bool), make(chan bool)
	var group sync.WaitGroup
	group.Go(func() {
		must(t, f.store.Write(context.WithoutCancel(t.Context()), func(ctx context.Context, tx store.Tx) error {
			_, err := tx.AccountForUpdate(ctx, f.company.ID, 1)
			close(began)
			<-end
			return err
		}))
	})
	<-began
	first := make(chan answer, 1)
	group.Go(func() { first <- f.send(t, create) })
	inProgress := false
	for range 100 { // until the first one is under way
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		a := f.sendIn(t, ctx, create)
		cancel()
		if inProgress = a.Code == http.StatusConflict; inProgress {
			if a.json["code"] != "IDEMPOTENCY_IN_PROGRESS" || a.Header().Get("Retry-After") == "" {
				t.Errorf("%v %s", a.Header(), a.Body)
			}
			break
		}
	}
	close(end)
	group.Wait()
	if a := <-first; a.Code != http.StatusCreated || !inProgress {
		t.Errorf("the first: %d %s; another one was told to wait: %t", a.Code, a.Body, inProgress)
	}
	if a := f.send(t, create); a.Code != http.StatusCreated || a.Header().Get("Idempotency-Replayed") != "true" {
		t.Errorf("afterwards: %d %s", a.Code, a.Body)
	}
}
