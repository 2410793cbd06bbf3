package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/webhook"
)

func adminly(method, path, body string) request {
	return request{method: method, path: path, key: adminKey, body: body}
}

// What is wrong with a webhook is told at once, and nothing is kept.
func TestWebhookRequestsAreChecked(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write(t, "1", 1)
	for body, want := range map[string]string{
		`{}`:                                               "/url: url is required",
		`{"url":5}`:                                        "/url: url must be a string; got 5",
		`{"url":""}`:                                       `/url: url must be a URL such as https://hooks.example.com/accounts; got ""`,
		`{"url":"hooks.example.com"}`:                      `/url: url must be a URL such as https://hooks.example.com/accounts; got "hooks.example.com"`,
		`{"url":"ftp://x.example/"}`:                       `/url: url must be a URL such as https://hooks.example.com/accounts; got "ftp://x.example/"`,
		`{"url":"https://me:pw@x.example/"}`:               "/url: url must have neither a user nor a fragment; a receiver knows requests by their signature",
		`{"url":"https://x.example:65536/"}`:               `/url: url must have a port from 1 to 65535; got "https://x.example:65536/"`,
		`{"url":"https://x.example:0"}`:                    `/url: url must have a port from 1 to 65535; got "https://x.example:0"`,
		`{"url":"https://10.0.0.1/"}`:                      `/url: url must lead to a public address, or to one that the operator allows (serve --webhook-allow-private); got "https://10.0.0.1/"`,
		`{"url":"https://[::ffff:10.0.0.1]:8/"}`:           `/url: url must lead to a public address, or to one that the operator allows (serve --webhook-allow-private); got "https://[::ffff:10.0.0.1]:8/"`,
		`{"url":"https://x.example","kinds":["upserted"]}`: `/kinds/0: kinds[0] must be one of created, updated, deleted; got "upserted"`,
		`{"url":"https://x.example","members":["titel","custom.roof"]}`:         `/members/0: members[0] must be the name of a member that changes; got "titel"; did you mean "title"? | /members/1: members[1] must be the name of a member that changes; got "custom.roof"`,
		`{"url":"https://x.example","after":"9"}`:                               "/after: after must not be beyond the last change, 0000000000000000001",
		`{"url":"https://x.example","after":"-1"}`:                              `/after: after must be a sequence as answers have it, which is digits such as 0000000000000000042; got "-1"`,
		`{"url":"https://x.example","after":""}`:                                "/after: after must not be empty",
		`{"url":"https://x.example","after":null}`:                              "/after: after must not be null",
		`{"url":"https://x.example","Url":"https://y.example","secret":"mine"}`: `/Url: Url is not a known member; did you mean "url"? | /secret: secret is not a known member`,
	} {
		a := f.send(t, adminly("POST", "/webhooks", body))
		if got := strings.Join(a.errors(), " | "); a.Code != http.StatusBadRequest || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %d %s\nwant %s", body, a.Code, got, want)
		}
	}
	if a := f.send(t, adminly("GET", "/webhooks", "")); a.Body.String() != `{"webhooks":[]}`+"\n" && a.Body.String() != `{"webhooks":[]}` {
		t.Errorf("kept: %s", a.Body)
	}
	for _, key := range []string{readKey, writeKey, linKey} {
		if a := f.send(t, request{method: "GET", path: "/webhooks", key: key}); a.Code != http.StatusForbidden {
			t.Errorf("with %s: %d", key, a.Code)
		}
	}
}

// A webhook is made, changed and removed, and another company knows nothing of it.
func TestWebhookLife(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.write(t, "1", 2)
	made := f.send(t, adminly("POST", "/webhooks", `{"url":"https://hooks.example.com/x?token=s3cret","description":" billing ","members":["title","custom.tags","title"],"kinds":["deleted","created"]}`))
	if made.Code != http.StatusCreated || made.Header().Get("Location") != "/v1/webhooks/1" {
		t.Fatalf("%d %s %s", made.Code, made.Header().Get("Location"), made.Body)
	}
	secret := made.json["secret"].(string)
	w := made.json["webhook"].(map[string]any)
	if got := fmt.Sprint(w["kinds"], w["members"], w["description"], w["state"], w["position"], w["behind"]); got != "[created deleted] [custom.tags title]billingactive00000000000000000020" {
		t.Errorf("got %s", got)
	}
	steps := []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"GET", "/webhooks/1", "", 200, `"url":"https://hooks.example.com/x?token=s3cret"`},
		{"GET", "/webhooks/2", "", 404, "webhook not found"},
		{"PATCH", "/webhooks/1", `{"description":null,"kinds":["updated"]}`, 200, `"description":null,"kinds":["updated"],"members":["custom.tags","title"]`},
		{"PATCH", "/webhooks/1", `{"description":null,"kinds":["updated"]}`, 200, `"description":null`},
		{"PATCH", "/webhooks/1", `{"members":[]}`, 200, `"members":[]`},
		{"PATCH", "/webhooks/1", `{"url":null}`, 400, "url must not be null"},
		{"PATCH", "/webhooks/1", `{"url":"https://127.0.0.1.example","state":"stopped"}`, 400, `state must be one of active, paused; got \"stopped\"`},
		{"PATCH", "/webhooks/1", `{"state":"paused"}`, 200, `"state":"paused","pauseReason":"requested","pausedAt":"2026-11-24T16:05:12.300Z"`},
		{"PATCH", "/webhooks/1", `{"state":"active"}`, 200, `"state":"active","pauseReason":null,"pausedAt":null`},
		{"POST", "/webhooks/1/replay", `{"after":"0"}`, 200, `"position":"0000000000000000000","behind":2`},
		{"POST", "/webhooks/1/replay", `{"after":"3"}`, 400, "after must not be beyond the last change, 0000000000000000002"},
		{"POST", "/webhooks/1/replay", `{}`, 400, "after is required"},
		{"POST", "/webhooks/1/rotate-secret", `{"keepFormerHours":721}`, 400, "keepFormerHours must be"},
		{"POST", "/webhooks/1/rotate-secret", "", 200, `"formerSecretUntil":"2026-11-25T16:05:12.300Z"`},
		{"POST", "/webhooks/1/rotate-secret", `{"keepFormerHours":0}`, 200, `"formerSecretUntil":null`},
		{"GET", "/webhooks/1/deliveries", "", 200, `{"deliveries":[]}`},
		{"DELETE", "/webhooks/1", "", 204, ""},
		{"DELETE", "/webhooks/1", "", 404, "webhook not found"},
		{"GET", "/webhooks/1/deliveries", "", 404, "webhook not found"},
		{"POST", "/webhooks/1/test", "", 404, "webhook not found"},
	}
	for _, s := range steps {
		if s.method != "DELETE" {
			r := request{method: s.method, path: s.path, body: s.body, key: otherKey}
			if a := f.send(t, r); a.Code != http.StatusNotFound && a.Code != http.StatusBadRequest {
				t.Errorf("another company: %s %s: %d %s", s.method, s.path, a.Code, a.Body)
			}
		}
		a := f.send(t, adminly(s.method, s.path, s.body))
		if a.Code != s.status || !strings.Contains(a.Body.String(), s.want) {
			t.Errorf("%s %s %s: %d %s\nwant %d %s", s.method, s.path, s.body, a.Code, a.Body, s.status, s.want)
		}
		if strings.Contains(a.Body.String(), secret) {
			t.Errorf("%s %s shows the secret", s.method, s.path)
		}
	}
	want := []string{"webhook.created", "webhook.updated", "webhook.updated", "webhook.updated", "webhook.updated", "webhook.replayed", "webhook.secret_rotated", "webhook.secret_rotated", "webhook.deleted"}
	for i := range want {
		want[i] += " hooks.example.com by ada@example.com"
	}
	if got := f.logged(t, ""); !slices.Equal(got, want) {
		t.Errorf("logged %q", got)
	}
	if a := f.send(t, adminly("GET", "/audit", "")); strings.Contains(a.Body.String(), "whsec_") {
		t.Errorf("a secret is in the audit log: %s", a.Body)
	}
}

func TestWebhooksAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for n := range webhook.MaxWebhooks + 1 {
		a := f.send(t, adminly("POST", "/webhooks", `{"url":"https://hooks.example.com"}`))
		if want := map[bool]int{true: http.StatusCreated, false: http.StatusConflict}[n < webhook.MaxWebhooks]; a.Code != want {
			t.Fatalf("%d: %d %s", n, a.Code, a.Body)
		}
	}
	if list := f.send(t, adminly("GET", "/webhooks", "")).json["webhooks"].([]any); len(list) != webhook.MaxWebhooks {
		t.Errorf("%d are there", len(list))
	}
}

// While a secret is rotated, receivers with either of them are right.
func TestWebhookSecretsRotate(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	path := f.hook(t, r, "")
	f.deliver(t, hasty)
	f.clock.advance(time.Since(f.clock.Now())) // the deliverer has that of the machine
	rotated := f.send(t, adminly("POST", path+"/rotate-secret", `{"keepFormerHours":1}`)).json["secret"].(string)
	f.write(t, "1", 1)
	await(t, "the change, by the former secret", func() bool { return len(r.sequences()) == 1 })
	r.mu.Lock()
	r.secret = []string{rotated}
	r.mu.Unlock()
	f.write(t, "1", 1)
	await(t, "the change, by the new secret", func() bool { return len(r.sequences()) == 2 })
	f.send(t, adminly("POST", path+"/rotate-secret", `{"keepFormerHours":0}`))
	f.write(t, "1", 1)
	await(t, "a refusal", func() bool {
		w := f.send(t, adminly("GET", path, "")).json
		return fmt.Sprint(w["failures"]) != "0"
	})
	last := f.send(t, adminly("GET", path+"/deliveries?page_size=1", "")).json["deliveries"].([]any)[0].(map[string]any)
	if fmt.Sprint(last["status"]) != "401" || last["failure"] != "status" || !strings.Contains(fmt.Sprint(last["answer"]), "not signed with one of the secrets") {
		t.Errorf("got %v", last)
	}
}

// A former secret that signs no more is not told of, neither of one webhook nor of all.
func TestFormerSecretIsOver(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, adminly("POST", "/webhooks", `{"url":"https://hooks.example.com"}`))
	f.send(t, adminly("POST", "/webhooks/1/rotate-secret", `{"keepFormerHours":1}`))
	for _, c := range []struct {
		later time.Duration
		over  bool
	}{{59 * time.Minute, false}, {time.Minute, true}} {
		f.clock.advance(c.later)
		for _, r := range []request{adminly("GET", "/webhooks", ""), adminly("GET", "/webhooks/1", ""), adminly("PATCH", "/webhooks/1", `{}`)} {
			if a := f.send(t, r); strings.Contains(a.Body.String(), `"formerSecretUntil":null`) != c.over {
				t.Errorf("%s %s: %s", r.method, r.path, a.Body)
			}
		}
	}
}

// A test is sent once, and a replay sends what was sent before under the same ids.
func TestWebhookTestAndReplay(t *testing.T) {
	t.Parallel()
	f, r := newFixture(t), newReceiver(t)
	path := f.hook(t, r, "")
	f.send(t, adminly("PATCH", path, `{"state":"paused"}`))
	f.clock.advance(time.Since(f.clock.Now()))
	a := f.send(t, adminly("POST", path+"/test", ""))
	if a.Code != http.StatusOK || fmt.Sprint(a.json["status"]) != "204" || a.json["isTest"] != true || a.json["sequence"] != nil || a.json["failure"] != nil {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	r.status.Store(http.StatusTeapot)
	if a := f.send(t, adminly("POST", path+"/test", "")); fmt.Sprint(a.json["status"]) != "418" || a.json["failure"] != "status" || fmt.Sprint(a.json["number"]) != "2" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	r.status.Store(0)
	if n := len(r.sequences()); n != 0 {
		t.Errorf("%d changes came of tests", n)
	}
	f.write(t, "1", 3)
	f.deliver(t, hasty)
	f.send(t, adminly("PATCH", path, `{"state":"active"}`))
	r.wantFeed(t, f)
	var again []string
	r.mu.Lock()
	seen := r.seen
	r.seen, r.events = map[string]bool{}, nil
	r.mu.Unlock()
	f.send(t, adminly("POST", path+"/replay", `{"after":"0"}`))
	r.wantFeed(t, f)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, e := range r.events {
		if !seen[e.ID] {
			again = append(again, e.ID)
		}
	}
	if len(again) > 0 {
		t.Errorf("other ids: %v", again)
	}
}
