package server_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestDeleteAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.clock.advance(time.Minute)
	f.send(t, patch(`{"custom":{"tags":["Gold"]}}`))
	f.clock.advance(time.Minute)
	a := f.send(t, request{method: "DELETE", path: "/accounts/1", headers: map[string]string{"If-Match": `"1-2"`}})
	if a.Code != http.StatusNoContent || a.Body.Len() > 0 || a.Header().Get("ETag") != "" {
		t.Fatalf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	for _, r := range []request{
		{method: "GET", path: "/accounts/1?include_archived=true"},
		{method: "PATCH", path: "/accounts/1", body: `{"isActive":true}`},
		{method: "DELETE", path: "/accounts/1"},
	} {
		if a := f.send(t, r); a.Code != http.StatusNotFound {
			t.Errorf("%s: %d %s", r.method, a.Code, a.Body)
		}
	}
	if a := f.send(t, get("/accounts?include_archived=true")); a.ids() != "2" {
		t.Errorf("the list has %s", a.ids())
	}
	if a := f.send(t, get("/accounts/search?prop1=tags&op1=eq&value1=gold&include_archived=true")); a.ids() != "" {
		t.Errorf("the search finds %s", a.ids())
	}
	if a := f.send(t, post("match_by=none", `{"title":"Next","address":["x"]}`)); !same(a.json["id"], 3) {
		t.Errorf("the id is used again: %s", a.Body)
	}
	changes := f.send(t, get("/accounts/1/changes"))
	if changes.changed() != "1:deleted/3 1:updated/2" {
		t.Fatalf("%d %s", changes.Code, changes.Body)
	}
	last := changes.json["changes"].([]any)[0].(map[string]any)
	want := map[string]any{
		"title": "Sunrise Solar", "description": "Came by referral.", "address": []any{"120 Mission Street, San Francisco, CA 94105"},
		"isActive": true, "primaryEmail": "office@sunrise.example", "primaryPhone": "+14155550142", "number": 1, "accountType": "COMMERCIAL",
		"value": 1250.5, "size": 3, "contacts": []any{1}, "custom.roof_type": "Tile", "custom.capacity": "12.50", "custom.tags": []any{"Gold"},
	}
	fields := last["fields"].(map[string]any)
	for member, before := range want {
		if got := fields[member]; !same(got, map[string]any{"before": before, "after": nil}) {
			t.Errorf("%s: %v, want %v before", member, got, before)
		}
	}
	if len(fields) != len(want) || last["at"] != "2026-11-24T16:07:12.300Z" {
		t.Errorf("%v", last)
	}
	if got := last["actor"]; !same(got, map[string]any{"email": "ada@example.com", "keyId": got.(map[string]any)["keyId"], "userId": f.ada.ID}) {
		t.Errorf("actor %v", got)
	}
}

func TestDeleteRefuses(t *testing.T) {
	t.Parallel()
	remove := func(path, key, match string) request {
		r := request{method: "DELETE", path: path, key: key, headers: map[string]string{}}
		if match != "" {
			r.headers["If-Match"] = match
		}
		return r
	}
	runScenarios(t, []scenario{
		{name: "another version", request: remove("/accounts/1", "", `"1-2"`), status: 412, code: "PRECONDITION_FAILED"},
		{name: "a malformed tag", request: remove("/accounts/1", "", `1-1`), status: 400, code: "VALIDATION_ERROR"},
		{name: "no such account", request: remove("/accounts/999", "", ""), status: 404, code: "NOT_FOUND"},
		{name: "no id", request: remove("/accounts/0", "", ""), status: 400, code: "VALIDATION_ERROR"},
		{name: "a key that may read", request: remove("/accounts/1", readKey, ""), status: 403, code: "FORBIDDEN"},
		{name: "without a key", request: remove("/accounts/1", noKey, ""), status: 401, code: "UNAUTHORIZED"},
		{name: "another company", request: remove("/accounts/1", otherKey, ""), status: 404, code: "NOT_FOUND"},
	})
}

// change makes five changes: 1 updated, 3 created, 3 updated, 2 deleted, 1 updated.
func change(t *testing.T, f *fixture) {
	t.Helper()
	for _, r := range []request{
		patch(`{"title":"A"}`),
		post("match_by=none", `{"title":"B","address":["x"],"custom":{"tags":["Gold"]},"contacts":[2]}`),
		{method: "PATCH", path: "/accounts/3", body: `{"custom":{"tags":null,"capacity":12345678901234567890.10}}`},
		{method: "DELETE", path: "/accounts/2"},
		patch(`{"title":"C"}`),
	} {
		f.clock.advance(time.Second)
		if a := f.send(t, r); a.Code >= 300 {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
}

func TestChangesAreFollowed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	change(t, f)
	want := "1:updated/2 3:created/1 3:updated/2 2:deleted/2 1:updated/3"
	all := f.send(t, get("/accounts/changes"))
	if all.changed() != want || all.Header().Get("Link") != "" {
		t.Errorf("%v %s", all.Header(), all.changed())
	}
	var followed, sequences []string
	for path := "/accounts/changes?page_size=2"; path != ""; {
		a := f.send(t, get(path))
		followed = append(followed, a.changed())
		for _, item := range a.json["changes"].([]any) {
			sequences = append(sequences, item.(map[string]any)["sequence"].(string))
		}
		path = a.link("next")
	}
	if strings.Join(followed, " ") != want || len(followed) != 3 || !slices.IsSorted(sequences) || len(slices.Compact(sequences)) != 5 {
		t.Errorf("followed %q, %q", followed, sequences)
	}
	last := sequences[len(sequences)-1]
	for after, want := range map[string]string{
		sequences[2]:                           "2:deleted/2 1:updated/3",
		strings.TrimLeft(sequences[2], "0"):    "2:deleted/2 1:updated/3",
		strings.Repeat("0", 20) + sequences[2]: "2:deleted/2 1:updated/3",
		last:                                   "",
		"0":                                    want,
	} {
		if a := f.send(t, get("/accounts/changes?after="+after)); a.Code != http.StatusOK || a.changed() != want {
			t.Errorf("after %s: %d %s, want %s", after, a.Code, a.changed(), want)
		}
	}
	for _, after := range []string{"9223372036854775807", last + "0"} {
		if a := f.send(t, get("/accounts/changes?after="+after)); a.Code != http.StatusGone || a.json["code"] != "GONE" || a.json["first"] != sequences[0] || a.json["last"] != last {
			t.Errorf("after %s: %d %s", after, a.Code, a.Body)
		}
	}
	fields := all.json["changes"].([]any)[2].(map[string]any)["fields"]
	if want := map[string]any{
		"custom.tags":     map[string]any{"before": []any{"Gold"}, "after": nil},
		"custom.capacity": map[string]any{"before": nil, "after": "12345678901234567890.10"},
	}; !same(fields, want) {
		t.Errorf("fields %v, want %v", fields, want)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts/changes", key: otherKey}); a.Code != http.StatusOK || a.changed() != "" {
		t.Errorf("another company sees %s", a.Body)
	}
}

func TestChangesOfAnAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	change(t, f)
	a := f.send(t, get("/accounts/1/changes?page_size=1"))
	next := f.send(t, get(a.link("next")))
	if a.changed() != "1:updated/3" || next.changed() != "1:updated/2" || next.link("next") != "" {
		t.Errorf("%s, then %s", a.Body, next.Body)
	}
	for path, want := range map[string]string{
		"/accounts/2/changes":                 "2:deleted/2",
		"/accounts/3/changes":                 "3:updated/2 3:created/1",
		"/accounts/3/changes?before=0":        "",
		"/accounts/3/changes?before=00000001": "",
	} {
		if a := f.send(t, get(path)); a.Code != http.StatusOK || a.changed() != want {
			t.Errorf("%s: %d %s, want %s", path, a.Code, a.changed(), want)
		}
	}
}

func TestChangesRefuse(t *testing.T) {
	t.Parallel()
	const large = "9223372036854775808"
	runScenarios(t, []scenario{
		{name: "no sequence", request: get("/accounts/changes?after=x&page_size=0"), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`query after: after must be a sequence as answers have it, which is digits such as 0000000000000000042; got "x"`, "query page_size: page_size must be an integer from 1 to 100; got 0"}},
		{name: "a large sequence", request: get("/accounts/changes?after=" + large + "&page_size=0"), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`query after: after must be a sequence as answers have it, which is digits such as 0000000000000000042; got "9223372036854775808"`, "query page_size: page_size must be an integer from 1 to 100; got 0"}},
		{name: "a large sequence of an account", request: get("/accounts/1/changes?before=" + large), status: 400, code: "VALIDATION_ERROR", want: []string{`"field":"before"`}},
		{name: "no changes yet", request: get("/accounts/1/changes"), status: 200, want: []string{`{"changes":[]}`}},
		{name: "no such account", request: get("/accounts/999/changes"), status: 404, code: "NOT_FOUND"},
		{name: "another company", request: request{method: "GET", path: "/accounts/1/changes", key: otherKey}, status: 404, code: "NOT_FOUND"},
		{name: "without a key", request: request{method: "GET", path: "/accounts/1/changes", key: noKey}, status: 401, code: "UNAUTHORIZED"},
		{name: "the feed without a key", request: request{method: "GET", path: "/accounts/changes", key: noKey}, status: 401, code: "UNAUTHORIZED"},
	})
}
