package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// reasoned is a request with a reason.
func reasoned(r request, reason string) request {
	r.headers = map[string]string{"X-Reason": reason}
	return r
}

// reasons are those of the company's changes, the earliest first.
func (f *fixture) reasons(t *testing.T) string {
	t.Helper()
	var reasons []string
	for _, c := range f.send(t, get("/accounts/changes")).json["changes"].([]any) {
		reason, ok := c.(map[string]any)["reason"].(string)
		if !ok {
			reason = "-"
		}
		reasons = append(reasons, reason)
	}
	return strings.Join(reasons, ", ")
}

// Each write of an account keeps why it was made, under its former name as well, and so
// do writes of others that change accounts.
func TestReasonIsKept(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, r := range []request{
		reasoned(patch(`{"title":"A"}`), "patched"),
		patch(`{"title":"B"}`),
		reasoned(post("match_by=none", `{"title":"New","address":["x"]}`), "made"),
		reasoned(request{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":1,"set":{"size":1}},{"id":2,"set":{"size":1}}]}`}, "batch"),
		reasoned(request{method: "PATCH", path: "/clients/1", body: `{"title":"C"}`}, "former"),
		reasoned(request{method: "PATCH", path: "/contacts/2", body: `{"accountIds":[1]}`}, "linked"),
		reasoned(request{method: "DELETE", path: "/accounts/3"}, "gone"),
	} {
		if a := f.send(t, r); a.Code >= http.StatusBadRequest {
			t.Fatalf("%s %s: %d %s", r.method, r.path, a.Code, a.Body)
		}
	}
	if got, want := f.reasons(t), "patched, -, made, batch, batch, former, linked, gone"; got != want {
		t.Errorf("the feed has %s, want %s", got, want)
	}
	a := f.send(t, get("/accounts/3/changes"))
	if got := a.json["changes"].([]any)[0].(map[string]any)["reason"]; got != "gone" {
		t.Errorf("%s", a.Body)
	}
}

func TestReasonForms(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	change := 100
	for sent, want := range map[string]string{
		"told by phone": "told by phone", "Straße 🏠, 100 %": "Straße 🏠, 100 %", "utf-8''Stra%C3%9Fe%20100%25": "Straße 100%", "UTF-8 is ''": "UTF-8 is ''",
		" \u200bpadded ": "padded", strings.Repeat("ü", 200): strings.Repeat("ü", 200), "UTF-8''" + strings.Repeat("%F0%9F%8F%A0", 200): strings.Repeat("🏠", 200),
	} {
		change++
		if a := f.send(t, reasoned(patch(fmt.Sprintf(`{"size":%d}`, change)), sent)); a.Code != http.StatusOK {
			t.Errorf("%q: %d %s", sent, a.Code, a.Body)
		}
		if got := f.history1(t)[0].Reason; got != want {
			t.Errorf("%q: kept %q, want %q", sent, got, want)
		}
	}
}

// Of two reasons nobody knows which one is meant.
func TestReasonIsSentOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, lines := range [][]string{{"moved", "told by phone"}, {"moved", "moved"}, {"", "moved"}, {"moved", "UTF-8''%20"}} {
		r := f.request(t.Context(), patch(`{"title":"Moved"}`))
		r.Header["X-Reason"] = lines
		if a := f.answerTo(t, r); a.Code != http.StatusBadRequest || !strings.Contains(a.Body.String(), "X-Reason must be sent once") {
			t.Errorf("%q: %d %s", lines, a.Code, a.Body)
		}
	}
	if got := f.reasons(t); got != "" {
		t.Errorf("written for %q", got)
	}
}

// A reason that cannot be kept is told, with all else, and nothing is written.
func TestReasonIsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.stored(t)
	for sent, want := range map[string]string{
		"":                       "must not be empty",
		"UTF-8''%20":             "must not be empty",
		strings.Repeat("ü", 201): "must be at most 200 characters; got 201",
		"UTF-8''" + strings.Repeat("%C3%BC", 201): "must be at most 200 characters; got 201",
		"Stra\xdfe":    "must be valid UTF-8, or UTF-8'' and the text percent-encoded",
		"UTF-8''%DF":   "must be valid UTF-8",
		"UTF-8''100%":  "must be percent-encoded behind UTF-8''; got",
		"UTF-8''a%0Ab": "must not contain line breaks or other control characters",
		"UTF-8''a%00b": "must not contain line breaks or other control characters",
		"a\u2028b":     "must not contain line breaks or other control characters",
	} {
		a := f.send(t, reasoned(patch(`{"title":""}`), sent))
		found := strings.Join(a.errors(), "\n")
		if a.Code != http.StatusBadRequest || !strings.Contains(found, "header X-Reason: X-Reason "+want) || !strings.Contains(found, "/title") {
			t.Errorf("%q: %d %s", sent, a.Code, found)
		}
		for _, r := range []request{patch(`{"title":"X"}`), {method: "DELETE", path: "/accounts/1"}, {method: "DELETE", path: "/contacts/1"}} {
			if a := f.send(t, reasoned(r, sent)); a.Code != http.StatusBadRequest {
				t.Errorf("%s with %q: %d %s", r.method, sent, a.Code, a.Body)
			}
		}
	}
	if after := f.stored(t); after != before {
		t.Errorf("something was written:\n%s\nbefore:\n%s", after, before)
	}
}

// A request that is sent again for another reason is the same request.
func TestReasonIsNotTheRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, reason := range []string{"first", "second"} {
		r := patch(`{"title":"Once"}`)
		r.headers = map[string]string{"X-Reason": reason, "Idempotency-Key": "k"}
		a := f.send(t, r)
		if replayed := a.Header().Get("Idempotency-Replayed") == "true"; a.Code != http.StatusOK || replayed != (i == 1) {
			t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
		}
	}
	if got := f.reasons(t); got != "first" {
		t.Errorf("the feed has %s", got)
	}
}
