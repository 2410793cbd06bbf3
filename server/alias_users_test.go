package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// The tokens of the keys that aliasFixture adds.
const (
	linReadKey = "acc_lin_read"
	maxKey     = "acc_max_write"
)

// aliasFixture is a server that counts, with lin and max who use the alias.
type aliasFixture struct {
	*fixture
	counter *alias.Counter
	max     identity.User
	keys    map[string]identity.Key
}

func newAliasFixture(t testing.TB) *aliasFixture {
	t.Helper()
	f := &aliasFixture{fixture: newFixture(t), counter: alias.NewCounter(), keys: map[string]identity.Key{}}
	f.max = identity.User{CompanyID: f.company.ID, Email: "max@example.com", CreatedAt: f.clock.Now()}
	must(t, f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		must(t, tx.InsertUser(ctx, &f.max))
		for token, key := range map[string]identity.Key{
			linReadKey: {UserID: f.lin.ID, Scope: identity.ScopeRead},
			maxKey:     {UserID: f.max.ID, Scope: identity.ScopeWrite},
		} {
			key.CompanyID, key.Prefix, key.Hash, key.CreatedAt = f.company.ID, token, identity.HashToken(token), f.clock.Now()
			must(t, tx.InsertKey(ctx, &key))
		}
		return nil
	}))
	for _, token := range []string{adminKey, linKey, linReadKey, maxKey} {
		key, _, err := f.store.KeyByHash(t.Context(), identity.HashToken(token), f.clock.Now())
		must(t, err)
		f.keys[token] = key
	}
	f.services, f.handler = f.newServer(t)
	return f
}

// newServer is another server on the same store, which counts for itself.
func (f *aliasFixture) newServer(t testing.TB) (server.Services, http.Handler) {
	t.Helper()
	services := server.NewServices(f.store, server.ServiceConfig{Clock: f.clock.Now, Region: "US", Alias: alias.Config{Counter: f.counter}})
	handler, err := server.New(server.Config{Logger: newLogger(f.log)}, services)
	must(t, err)
	return services, handler
}

func (f *aliasFixture) path(suffix string) string {
	return fmt.Sprintf("/alias-migrations/%d%s", f.lin.ID, suffix)
}

// step takes a step of lin's migration as the admin.
func (f *aliasFixture) step(t *testing.T, path, body string, status int) answer {
	t.Helper()
	a := f.send(t, request{method: "POST", path: f.path(path), key: adminKey, body: body})
	if a.Code != status {
		t.Fatalf("%s answered %d, want %d: %s", path, a.Code, status, a.Body)
	}
	if status >= http.StatusBadRequest {
		checkProblem(t, a)
	}
	return a
}

// alias calls the former path of account 1.
func (f *aliasFixture) alias(t *testing.T, key string, status int) answer {
	t.Helper()
	a := f.send(t, request{method: "GET", path: "/clients/1?include_contacts=true", key: key})
	if a.Code != status {
		t.Fatalf("%s: the alias answered %d, want %d: %s", key, a.Code, status, a.Body)
	}
	wantAliasHeaders(t, a, "/v1/accounts/1?include_contacts=true")
	return a
}

func wantAliasHeaders(t *testing.T, a answer, successor string) {
	t.Helper()
	if a.Header().Get("Deprecation") == "" || !strings.HasPrefix(a.Header().Get("Link"), "<"+successor+`>; rel="successor-version"`) {
		t.Errorf("%d with Deprecation %q, Link %q", a.Code, a.Header().Get("Deprecation"), a.Header().Get("Link"))
	}
	if a.Code != http.StatusGone {
		return
	}
	checkProblem(t, a)
	if a.json["code"] != "GONE" || a.json["successor"] != successor || !strings.Contains(a.json["detail"].(string), successor) {
		t.Errorf("410 with %v", a.json)
	}
}

func (f *aliasFixture) flush(t *testing.T) {
	t.Helper()
	must(t, f.counter.Flush(t.Context(), server.AliasStore(f.store)))
}

// report is what the admin sees of lin.
func (f *aliasFixture) report(t *testing.T) map[string]any {
	t.Helper()
	f.flush(t)
	a := f.send(t, request{method: "GET", path: f.path(""), key: adminKey})
	if a.Code != http.StatusOK {
		t.Fatalf("%d: %s", a.Code, a.Body)
	}
	return a.json
}

// One user moves: using, notified, rehearsal, migrated, rolled back. All the
// time the alias answers another one.
func TestOneUserMovesWhileAnotherStays(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	stop := f.keepCalling(t, maxKey)

	f.alias(t, linKey, http.StatusOK)
	f.step(t, "/rollback", "", http.StatusConflict)
	refused := f.step(t, "/migrate", "", http.StatusConflict)
	if !strings.Contains(refused.Body.String(), "was not notified") {
		t.Errorf("%s", refused.Body)
	}

	sunset := f.clock.Now().AddDate(0, 0, 30).Truncate(time.Second)
	f.step(t, "/notify", fmt.Sprintf(`{"message":"Please move.","sunset":%q}`, sunset.Format(time.RFC3339)), http.StatusOK)
	if got := f.alias(t, linKey, http.StatusOK).Header().Get("Sunset"); got != sunset.Format(http.TimeFormat) {
		t.Errorf("Sunset %q", got)
	}
	refused = f.step(t, "/migrate", "", http.StatusConflict)
	if !strings.Contains(refused.Body.String(), "the last call was 0 days ago; wait for that day or for 14 days without a call, or send force=true") {
		t.Errorf("%s", refused.Body)
	}

	// A rehearsal with one key leaves the other one alone, and ends by itself.
	until := f.clock.Now().Add(time.Hour)
	f.step(t, "/rehearse", fmt.Sprintf(`{"keyId":%d,"until":%q}`, f.keys[linKey].ID, until.Format(time.RFC3339Nano)), http.StatusOK)
	f.alias(t, linKey, http.StatusGone)
	f.alias(t, linReadKey, http.StatusOK)
	f.clock.advance(time.Hour - time.Millisecond)
	f.alias(t, linKey, http.StatusGone)
	f.clock.advance(time.Millisecond)
	f.alias(t, linKey, http.StatusOK)

	// One to come begins by itself, and a roll-back takes it away.
	f.step(t, "/rehearse", fmt.Sprintf(`{"from":%q,"until":%q}`,
		until.Add(time.Hour).Format(time.RFC3339Nano), until.Add(2*time.Hour).Format(time.RFC3339Nano)), http.StatusOK)
	f.alias(t, linKey, http.StatusOK)
	f.clock.advance(time.Hour)
	f.alias(t, linReadKey, http.StatusGone)
	f.step(t, "/rollback", "", http.StatusOK)
	f.alias(t, linReadKey, http.StatusOK)

	f.clock.advance(30 * 24 * time.Hour)
	f.alias(t, linKey, http.StatusOK) // The date alone closes nothing.
	f.step(t, "/migrate", "", http.StatusOK)
	f.alias(t, linKey, http.StatusGone)
	f.alias(t, linReadKey, http.StatusGone)
	if a := f.send(t, request{method: "GET", path: "/accounts/1", key: linKey}); a.Code != http.StatusOK {
		t.Errorf("the successor answers %d", a.Code)
	}
	f.step(t, "/migrate", "", http.StatusConflict)

	f.step(t, "/rollback", "", http.StatusOK)
	f.alias(t, linKey, http.StatusOK)
	stop()
	f.wantSteps(t, "rolled_back notified", "migrated false", "rolled_back notified", "rehearsed", "rehearsed", "notified not_sent")
}

// keepCalling calls the alias with a key until it is stopped. Every answer must
// be 200.
func (f *aliasFixture) keepCalling(t *testing.T, key string) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	calls := 0
	group.Go(func() {
		for ; calls == 0 || ctx.Err() == nil; calls++ {
			req := httptest.NewRequest("GET", "/v1/clients/1", nil)
			req.Header.Set("x-api-key", key)
			recorder := httptest.NewRecorder()
			f.handler.ServeHTTP(recorder, req)
			if recorder.Code != http.StatusOK || recorder.Header().Get("Sunset") != "" {
				t.Errorf("another user's alias answers %d, Sunset %q", recorder.Code, recorder.Header().Get("Sunset"))
				return
			}
		}
	})
	return func() {
		cancel()
		group.Wait()
		if calls == 0 {
			t.Error("no call was made")
		}
	}
}

// wantSteps compares the steps, newest first, as kind and outcome. Each must
// name the admin.
func (f *aliasFixture) wantSteps(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, item := range f.report(t)["steps"].([]any) {
		step := item.(map[string]any)
		words := []string{step["kind"].(string)}
		if mail, ok := step["mail"].(map[string]any); ok {
			words = append(words, mail["state"].(string))
		}
		for _, name := range []string{"forced", "backTo"} {
			if value, ok := step[name]; ok {
				words = append(words, fmt.Sprint(value))
			}
		}
		got = append(got, strings.Join(words, " "))
		by := step["by"].(map[string]any)
		if by["email"] != f.ada.Email || !same(by["keyId"], f.keys[adminKey].ID) || step["at"] == "" {
			t.Errorf("%s by %v at %v", got, by, step["at"])
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("steps %q, want %q", got, want)
	}
}

// A user who is quiet for long enough may be migrated before the sunset.
func TestQuietUserMayBeMigrated(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	f.alias(t, linKey, http.StatusOK)
	f.flush(t)
	sunset := f.clock.Now().AddDate(1, 0, 0).Format(time.RFC3339)
	f.step(t, "/notify", fmt.Sprintf(`{"message":"Please move.","sunset":%q}`, sunset), http.StatusOK)
	f.clock.advance(14*24*time.Hour - time.Millisecond)
	f.step(t, "/migrate", "", http.StatusConflict)
	f.clock.advance(time.Millisecond)
	if got := f.report(t)["daysQuiet"]; !same(got, 14) {
		t.Errorf("daysQuiet %v", got)
	}
	f.step(t, "/migrate", "", http.StatusOK)
	// A call that is refused is a call: the program has not moved.
	f.alias(t, linKey, http.StatusGone)
	if got := f.report(t); !same(got["daysQuiet"], 0) || !same(got["calls"].(map[string]any)["refusedLast30Days"], 1) {
		t.Errorf("%v", got)
	}
	f.wantSteps(t, "migrated false", "notified not_sent")
}

func TestForcedMigrationAndRollBack(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	f.step(t, "/migrate?force=true", "", http.StatusOK)
	f.alias(t, linKey, http.StatusGone)
	f.step(t, "/rollback", "", http.StatusOK)
	if got := f.report(t)["state"]; got != "using" {
		t.Errorf("state %v", got)
	}
	// A notice without a date is enough; taken back, its header goes with it.
	f.step(t, "/notify", `{"message":"Please move."}`, http.StatusOK)
	f.step(t, "/notify", `{"message":"By then.","sunset":"2027-03-01T00:00:00+01:00"}`, http.StatusOK)
	f.step(t, "/notify", `{"message":"A reminder."}`, http.StatusOK) // The date stays.
	if got := f.alias(t, linKey, http.StatusOK).Header().Get("Sunset"); got != "Sun, 28 Feb 2027 23:00:00 GMT" {
		t.Errorf("Sunset %q", got)
	}
	f.step(t, "/notify", `{"message":"Take your time.","sunset":null}`, http.StatusOK)
	if got := f.alias(t, linKey, http.StatusOK).Header().Get("Sunset"); got != "" {
		t.Errorf("Sunset %q", got)
	}
	f.step(t, "/migrate", "", http.StatusOK)
	f.step(t, "/rollback", "", http.StatusOK)
	f.step(t, "/rollback", "", http.StatusOK)
	f.step(t, "/rollback", "", http.StatusConflict)
	f.wantSteps(t, "rolled_back using", "rolled_back notified", "migrated false",
		"notified not_sent", "notified not_sent", "notified not_sent", "notified not_sent", "rolled_back using", "migrated true")
}

// Every answer under /clients names its successor, and the user's sunset as soon
// as the user is known.
func TestEveryAnswerOfTheAlias(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name         string
		request      request
		status, gone int // before and after the migration
		successor    string
	}{
		{"found", request{method: "GET", path: "/clients/1", key: linKey}, 200, 410, "/v1/accounts/1"},
		{"not found", request{method: "GET", path: "/clients/999", key: linKey}, 404, 410, "/v1/accounts/999"},
		{"invalid", request{method: "PATCH", path: "/clients/1?dry_run=true", key: linKey, body: `{"titel":1}`}, 400, 410, "/v1/accounts/1?dry_run=true"},
		{"no JSON", request{method: "PATCH", path: "/clients/1", key: linKey, body: `{`}, 400, 410, "/v1/accounts/1"},
		{"a path that is not an id", request{method: "GET", path: "/clients/x%3Ey", key: linKey}, 400, 410, "/v1/accounts/x%3Ey"},
		{"forbidden", request{method: "PATCH", path: "/clients/1", key: linReadKey, body: `{}`}, 403, 410, "/v1/accounts/1"},
		{"a stranger", request{method: "GET", path: "/clients/1", key: noKey}, 401, 401, "/v1/accounts/1"},
		{"an unknown key", request{method: "PATCH", path: "/clients/1", key: "acc_guess", body: `{`}, 401, 401, "/v1/accounts/1"},
		{"no such path", request{method: "GET", path: "/clients/1/cats?a=<b>", key: linKey}, 404, 404, "/v1/accounts/1/cats?a=%3Cb%3E"},
		{"no such method", request{method: "POST", path: "/clients/1", key: linKey}, 405, 405, "/v1/accounts/1"},
		{"another user", request{method: "GET", path: "/clients/1", key: maxKey}, 200, 200, "/v1/accounts/1"},
	}
	f := newAliasFixture(t)
	f.step(t, "/notify", `{"message":"Please move.","sunset":"2027-03-01T00:00:00Z"}`, http.StatusOK)
	for _, migrated := range []bool{false, true} {
		if migrated {
			f.step(t, "/migrate?force=true", "", http.StatusOK)
		}
		for _, c := range cases {
			want := c.status
			if migrated {
				want = c.gone
			}
			a := f.send(t, c.request)
			if a.Code != want {
				t.Errorf("%s: %d, want %d: %s", c.name, a.Code, want, a.Body)
				continue
			}
			wantAliasHeaders(t, a, c.successor)
			known := c.request.key == linKey || c.request.key == linReadKey
			routed := c.name != "no such path" && c.name != "no such method"
			if got := a.Header().Get("Sunset"); (got != "") != (known && routed) {
				t.Errorf("%s: %d with Sunset %q", c.name, a.Code, got)
			}
		}
	}
}

// What another server changes holds here within half a second, and both servers'
// counts add up.
func TestSeveralServers(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	here := f.handler
	f.alias(t, linKey, http.StatusOK)
	_, f.handler = f.newServer(t)
	f.step(t, "/migrate?force=true", "", http.StatusOK)
	f.alias(t, linKey, http.StatusGone)

	f.handler = here
	f.alias(t, linKey, http.StatusOK) // It still remembers.
	f.clock.advance(500 * time.Millisecond)
	f.alias(t, linKey, http.StatusGone)
	if got := f.report(t)["calls"]; !same(got, map[string]any{"today": 4, "last7Days": 4, "last30Days": 4, "refusedLast30Days": 2}) {
		t.Errorf("%v", got)
	}
}

// The days add up to the sums, also when a server's clock is in tomorrow.
func TestDaysOfUseAddUp(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	key, now := f.keys[linKey], f.clock.Now()
	use := func(day time.Time, calls, refused int64) alias.Use {
		return alias.Use{CompanyID: key.CompanyID, UserID: key.UserID, KeyID: key.ID, Operation: "GET /v1/accounts", Day: day, Calls: calls, Refused: refused, First: now, Last: now}
	}
	today := now.UTC().Truncate(24 * time.Hour)
	must(t, f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return tx.AddAliasUse(ctx, []alias.Use{use(today, 4, 2), use(today.AddDate(0, 0, 1), 1, 1), use(today.AddDate(0, 0, -30), 9, 0)})
	}))
	got := f.report(t)
	byDay := got["callsByDay"].([]any)
	if want := map[string]any{"day": "2026-11-24", "calls": 5, "refused": 3}; len(byDay) != 30 || !same(byDay[29], want) {
		t.Errorf("by day %v", byDay)
	}
	if want := map[string]any{"today": 5, "last7Days": 5, "last30Days": 5, "refusedLast30Days": 3}; !same(got["calls"], want) {
		t.Errorf("%v", got["calls"])
	}
}

// Counts are by user, key, operation and program.
func TestUseIsCounted(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	call := func(key, method, path, agent, body string) {
		f.send(t, request{method: method, path: path, key: key, body: body, headers: map[string]string{"User-Agent": agent}})
	}
	for range 3 {
		call(linKey, "PATCH", "/clients/1", "sync/2.4", `{"title":"New"}`)
	}
	call(linKey, "PATCH", "/clients/999", "sync/2.4", `{"title":"New"}`) // An error is a call.
	call(linReadKey, "GET", "/clients/1", "curl/8\u0007", "")
	call(linReadKey, "PATCH", "/clients/1", "", `{}`)      // forbidden
	call(linKey, "PATCH", "/accounts/1", "sync/2.4", "{}") // the successor
	call(noKey, "GET", "/clients/1", "curl/8", "")
	call(maxKey, "GET", "/clients/1", "curl/8", "")
	f.flush(t)

	f.clock.advance(24 * time.Hour)
	call(linKey, "PATCH", "/clients/1", strings.Repeat("ü", 300), `{}`)
	got := f.report(t)
	at := func(name string) string { text, _ := json.Marshal(got[name]); return string(text) }
	if want := `{"last30Days":7,"last7Days":7,"refusedLast30Days":0,"today":1}`; at("calls") != want {
		t.Errorf("calls %s", at("calls"))
	}
	byDay := got["callsByDay"].([]any)
	last := []any{
		map[string]any{"day": "2026-11-23", "calls": 0, "refused": 0}, map[string]any{"day": "2026-11-24", "calls": 6, "refused": 0},
		map[string]any{"day": "2026-11-25", "calls": 1, "refused": 0},
	}
	if first := byDay[0].(map[string]any); len(byDay) != 30 || first["day"] != "2026-10-27" || !same(byDay[27:], last) {
		t.Errorf("by day %v", byDay)
	}
	operation := `{"calls":%d,"lastCallAt":%q,"method":%q,"path":"/v1/clients/{clientId}","refused":0,"successor":"/v1/accounts/{accountId}"}`
	yesterday, today := "2026-11-24T16:05:12.300Z", "2026-11-25T16:05:12.300Z"
	want := "[" + fmt.Sprintf(operation, 6, today, "PATCH") + "," + fmt.Sprintf(operation, 1, yesterday, "GET") + "]"
	if at("operations") != want {
		t.Errorf("operations %s\nwant %s", at("operations"), want)
	}
	var agents []string
	for _, item := range got["userAgents"].([]any) {
		agent := item.(map[string]any)
		agents = append(agents, fmt.Sprint(agent["calls"], " ", agent["userAgent"]))
	}
	if want := []string{"4 sync/2.4", "1 ", "1 curl/8?", "1 " + strings.Repeat("ü", 200)}; !reflect.DeepEqual(agents, want) {
		t.Errorf("agents %q, want %q", agents, want)
	}
	keys := got["keys"].([]any)
	if first := keys[0].(map[string]any); len(keys) != 2 || first["prefix"] != linKey || !same(first["calls"], 5) {
		t.Errorf("keys %v", keys)
	}
	if got["firstCallAt"] != yesterday || got["lastCallAt"] != today {
		t.Errorf("first %v, last %v", got["firstCallAt"], got["lastCallAt"])
	}
}
