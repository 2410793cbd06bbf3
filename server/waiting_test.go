package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// oneWaits lets one request of a key wait, and two in all.
func oneWaits(c *server.Config) { c.MaxWaiters = 2 }

// waiting sends a request that waits, and returns when it does. The answer comes later.
func (f *fixture) waiting(t *testing.T, r request) <-chan answer {
	t.Helper()
	s := f.handler.(*server.Server)
	before, answered := s.Waiting(), make(chan answer, 1)
	go func() { answered <- f.send(t, r) }()
	for range 5000 {
		if s.Waiting() > before {
			return answered
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("the request does not wait; it was answered %v", <-answered)
	return nil
}

// lastChange is the sequence of the last change.
func (f *fixture) lastChange(t *testing.T) string {
	t.Helper()
	last, err := f.store.LastChange(t.Context(), f.company.ID)
	must(t, err)
	return fmt.Sprintf("%019d", last)
}

// soon is the answer that a request gets long before its time is over.
func soon(t *testing.T, answered <-chan answer) answer {
	t.Helper()
	select {
	case a := <-answered:
		return a
	case <-time.After(30 * time.Second):
		t.Fatal("it still waits")
		return answer{}
	}
}

// Who waits is answered when something happens, whoever writes it, and at once if it has
// happened already.
func TestWaitForAChange(t *testing.T) {
	t.Parallel()
	f := newFixture(t, oneWaits)
	f.send(t, patch(`{"title":"Before"}`))
	if a := f.send(t, get("/accounts/changes?wait=60s")); a.changed() != "1:updated/2" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	elsewhere := server.NewServices(f.store, server.ServiceConfig{Clock: f.clock.Now})
	for i, write := range []func(){
		func() { f.send(t, patch(`{"title":"By update"}`)) },
		func() {
			f.send(t, request{method: "PATCH", path: "/clients/1", body: `{"title":"By the former path"}`})
		},
		func() { f.send(t, request{method: "PATCH", path: "/contacts/1", body: `{"accountIds":[]}`}) },
		func() {
			_, err := elsewhere.Accounts.Update(t.Context(), f.actor(), account.UpdateRequest{ID: 1, Patch: elsewhere.Accounts.Parse(map[string]any{"title": "By another process"})})
			must(t, err)
		},
	} {
		path := "/accounts/changes"
		if i%2 == 1 {
			path = "/clients/changes"
		}
		answered := f.waiting(t, get(path+"?wait=60s&after="+f.lastChange(t)))
		write()
		if a := soon(t, answered); !strings.HasPrefix(a.changed(), fmt.Sprintf("1:updated/%d", i+3)) {
			t.Errorf("write %d: %d %s", i, a.Code, a.Body)
		}
	}
}

func (f *fixture) actor() identity.Actor {
	return identity.Actor{CompanyID: f.company.ID, User: f.ada.Ref()}
}

// When the time is over, there is nothing; HEAD does not wait for that.
func TestWaitForNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if a := f.send(t, get("/accounts/changes?wait=1s")); a.Code != http.StatusOK || a.Body.String() != `{"changes":[]}`+"\n" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.serve(t, "HEAD", "/v1/accounts/changes?wait=60s", ""); a.Code != http.StatusOK {
		t.Errorf("HEAD: %d", a.Code)
	}
	for _, wait := range []string{"0s", "61s", "100s", "25", "1m", "-1s", "1.5s", "01s", "1", "500ms"} {
		a := f.send(t, get("/accounts/changes?wait="+wait))
		if a.Code != http.StatusBadRequest || !strings.Contains(a.Body.String(), "wait must be a time from 1s to 60s; got ") {
			t.Errorf("%q: %d %s", wait, a.Code, a.Body)
		}
	}
}

// Those who wait end when the server does, and are told if their key ends meanwhile.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, oneWaits)
	keys := f.send(t, request{method: "GET", path: "/api-keys", key: linKey})
	revoke := request{method: "DELETE", path: "/api-keys/" + fmt.Sprint(keys.list[0].(map[string]any)["id"]), key: adminKey}
	answered := f.waiting(t, request{method: "GET", path: "/accounts/changes?wait=60s", key: linKey})
	if a := f.send(t, revoke); a.Code != http.StatusNoContent {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	f.send(t, patch(`{"title":"Secret"}`))
	if a := soon(t, answered); a.Code != http.StatusUnauthorized || strings.Contains(a.Body.String(), "Secret") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	answered = f.waiting(t, get("/accounts/changes?wait=60s&after="+f.lastChange(t)))
	f.handler.(*server.Server).Drain()
	if a := soon(t, answered); a.Code != http.StatusOK || a.changed() != "" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, get("/accounts/changes?wait=60s&after="+f.lastChange(t))); a.Code != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.Code, a.Body)
	}
}

// Those who wait are not among the requests under way, and have a limit of their own, of
// which one key gets half.
func TestManyWait(t *testing.T) {
	t.Parallel()
	f := newFixture(t, oneWaits, func(c *server.Config) { c.MaxRequests = 2 })
	first := f.waiting(t, get("/accounts/changes?wait=60s"))
	second := f.waiting(t, request{method: "GET", path: "/accounts/changes?wait=60s", key: writeKey})
	if a := f.send(t, get("/accounts/changes?wait=60s")); a.Code != http.StatusTooManyRequests || a.Header().Get("Retry-After") != "5" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts/changes?wait=60s", key: adminKey}); a.Code != http.StatusServiceUnavailable || a.Header().Get("Retry-After") != "5" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	if a := f.send(t, get("/accounts/1")); a.Code != http.StatusOK {
		t.Errorf("beside those who wait: %d %s", a.Code, a.Body)
	}
	f.send(t, patch(`{"title":"Enough"}`))
	for _, answered := range []<-chan answer{first, second} {
		if a := soon(t, answered); a.changed() != "1:updated/2" {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	}
}

// Who leaves is not waited for any more.
func TestWaiterLeaves(t *testing.T) {
	t.Parallel()
	f := newFixture(t, oneWaits)
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		f.sendIn(t, ctx, get("/accounts/changes?wait=60s"))
	}()
	leave()
	<-gone
	if a := f.send(t, get("/accounts/changes?wait=1s")); a.Code != http.StatusOK {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// A position before what is kept is told, and where there is something; gaps behind it
// are not missed.
func TestPositionBeforeTheFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for _, sequence := range []int64{10, 14} {
			e := account.HistoryEntry{CompanyID: f.company.ID, AccountID: 1, Kind: account.ChangeUpdated, Version: 1, Sequence: sequence, At: f.clock.Now()}
			if err := tx.(interface {
				PutHistory(context.Context, account.HistoryEntry) error
			}).PutHistory(ctx, e); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, err)
	for after, want := range map[string]string{"": "10 14", "0": "10 14", "9": "10 14", "10": "14", "12": "14", "14": ""} {
		a := f.send(t, get("/accounts/changes?page_size=5&after="+after))
		if after == "" {
			a = f.send(t, get("/accounts/changes"))
		}
		var got []string
		for _, item := range a.json["changes"].([]any) {
			got = append(got, strings.TrimLeft(item.(map[string]any)["sequence"].(string), "0"))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("after %q: %s, want %s", after, got, want)
		}
	}
	for _, path := range []string{"/accounts/changes?after=8", "/accounts/changes?after=15", "/accounts/changes?after=8&wait=60s", "/accounts/changes?after=15&wait=60s", "/clients/changes?after=15"} {
		a := f.send(t, get(path))
		if a.Code != http.StatusGone || a.json["code"] != "GONE" || a.json["first"] != "0000000000000000010" || a.json["last"] != "0000000000000000014" {
			t.Errorf("%s: %d %s", path, a.Code, a.Body)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/accounts/changes?after=5", key: otherKey}); a.Code != http.StatusGone || a.json["first"] != nil || a.json["last"] != "0000000000000000000" {
		t.Errorf("of nothing: %d %s", a.Code, a.Body)
	}
}
