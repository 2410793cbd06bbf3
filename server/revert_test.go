package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"
)

// revert takes back the change of an account that made it a version.
func (f *fixture) revert(t *testing.T, id string, version int, headers map[string]string) answer {
	t.Helper()
	return f.send(t, request{method: "POST", path: f.changePath(t, id, version) + "/revert", headers: headers})
}

// changePath is the path of the change that made an account a version.
func (f *fixture) changePath(t *testing.T, id string, version int) string {
	t.Helper()
	for _, c := range f.send(t, get("/accounts/"+id+"/changes?page_size=100")).json["changes"].([]any) {
		if c := c.(map[string]any); same(c["version"], version) {
			return "/accounts/" + id + "/changes/" + c["sequence"].(string)
		}
	}
	t.Fatalf("account %s has no change of version %d", id, version)
	return ""
}

// last is the last change of an account.
func (f *fixture) last(t *testing.T, id string) map[string]any {
	t.Helper()
	return f.send(t, get("/accounts/"+id+"/changes")).json["changes"].([]any)[0].(map[string]any)
}

// lasting are the members of an account but for what each write changes.
func lasting(a answer) map[string]any {
	was := maps.Clone(a.json)
	if inner, ok := was["account"].(map[string]any); ok {
		was = maps.Clone(inner)
	}
	delete(was, "updatedAt")
	delete(was, "updatedBy")
	return was
}

// What an update has changed is as it was before, and what it has not changed stays; so
// it is with a revert that is taken back.
func TestRevert(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.get(t, "1")
	f.send(t, patch(`{"title":"Pier","description":null,"address":["1 Pier Road","x"],"isActive":false,"primaryEmail":null,"primaryPhone":"+49 30 901820","number":5,
		"accountType":"RESIDENTIAL","value":null,"size":7,"contacts":[2,1],"custom":{"roof_type":"Metal","tags":["Gold"],"capacity":null}}`))
	changed := f.get(t, "1")
	f.clock.advance(time.Minute)
	a := f.revert(t, "1", 2, nil)
	if a.Code != http.StatusOK || shortTag(a.Header().Get("ETag")) != `"1-3"` || !same(lasting(a), lasting(before)) || !same(lasting(f.get(t, "1")), lasting(before)) {
		t.Fatalf("%d %v %s, want\n%s", a.Code, a.Header(), a.Body, before.Body)
	}
	if got := a.json["members"]; !same(got, "[accountType address contacts custom.capacity custom.roof_type custom.tags description isActive number primaryEmail primaryPhone size title value]") {
		t.Errorf("members %v", got)
	}
	if got := a.json["leftOut"]; !same(got, "[]") {
		t.Errorf("left out %v", got)
	}
	if last := f.last(t, "1"); last["kind"] != "updated" || !same(last["cause"], "map[kind:revert sequence:0000000000000000001]") || last["at"] != "2026-11-24T16:06:12.300Z" {
		t.Errorf("%v", last)
	}
	if a := f.revert(t, "1", 3, nil); a.Code != http.StatusOK || !same(lasting(a), lasting(changed)) {
		t.Errorf("%d %s, want\n%s", a.Code, a.Body, changed.Body)
	}
	if a := f.send(t, get("/accounts/search?prop1=roof_type&op1=eq&value1=Metal&include_archived=true")); a.ids() != "1" {
		t.Errorf("the search finds %s", a.ids())
	}
}

// What has its former value already is no change, and needs none.
func TestRevertNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, patch(`{"title":"Pier","size":7}`))
	f.send(t, patch(`{"title":"Sunrise Solar"}`))
	if a := f.revert(t, "1", 2, nil); a.Code != http.StatusOK || !same(a.json["members"], "[size]") || f.get(t, "1").json["title"] != "Sunrise Solar" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	before := f.stored(t)
	if a := f.revert(t, "1", 2, nil); a.Code != http.StatusOK || !same(a.json["members"], "[]") || shortTag(a.Header().Get("ETag")) != `"1-4"` {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if after := f.stored(t); after != before {
		t.Error("something was written")
	}
}

// Of contacts that were unlinked since is told that there are none, and not null.
func TestRevertOfUnlinkedContacts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, patch(`{"contacts":[2]}`))
	f.send(t, patch(`{"contacts":[]}`))
	a := f.revert(t, "1", 2, nil)
	if want := "contacts was changed since; it has no value now"; a.Code != http.StatusConflict || !strings.Contains(a.Body.String(), want) {
		t.Errorf("%d %s, want %s", a.Code, a.Body, want)
	}
}

// clashing is a fixture with a change of every member, of which some were changed since
// and others cannot be as they were.
func clashing(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	f.send(t, patch(`{"title":"Pier","size":7,"number":5,"contacts":[2],"custom":{"roof_type":"Metal","tags":["Gold"],"capacity":null}}`))
	for _, r := range []request{
		patch(`{"title":"Later","custom":{"tags":["Gold","Silver"]}}`),
		{method: "PATCH", path: "/accounts/2", body: `{"number":1}`},
		{method: "DELETE", path: "/contacts/1", key: adminKey},
		{method: "PATCH", path: "/properties/roof_type?force=true", key: adminKey, body: `{"removeOptions":["Tile"]}`},
		{method: "DELETE", path: "/properties/capacity?force=true", key: adminKey},
	} {
		if a := f.send(t, r); a.Code >= http.StatusBadRequest {
			t.Fatalf("%s %s: %d %s", r.method, r.path, a.Code, a.Body)
		}
	}
	return f
}

// What was changed since, or cannot be any more, is told member by member, and nothing
// is written.
func TestRevertClashes(t *testing.T) {
	t.Parallel()
	f := clashing(t)
	before := f.stored(t)
	a := f.revert(t, "1", 2, nil)
	want := []string{
		`path contacts: contacts held the contact 1, which is gone`,
		`path custom.capacity: custom.capacity has no property any more`,
		`path custom.roof_type: custom.roof_type must be one of Metal; got "Tile"`,
		`path custom.tags: custom.tags was changed since; it is now ["Gold","Silver"]`,
		`path number: number was 1, which is taken by another account`,
		`path title: title was changed since; it is now "Later"`,
	}
	if got := a.errors(); a.Code != http.StatusConflict || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%d\n%s\nwant\n%s", a.Code, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	checkProblem(t, a)
	if after := f.stored(t); after != before {
		t.Errorf("something was written:\n%s\nbefore:\n%s", after, before)
	}
}

// With Prefer: merge the others are taken back, and those are named.
func TestRevertLeavesOut(t *testing.T) {
	t.Parallel()
	f := clashing(t)
	a := f.revert(t, "1", 2, map[string]string{"Prefer": "merge"})
	left, _ := a.json["leftOut"].([]any)
	if a.Code != http.StatusOK || a.Header().Get("Preference-Applied") != "merge" || !same(a.json["members"], "[size]") || len(left) != 6 {
		t.Fatalf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	if last := left[5]; !same(last, `map[member:title reason:title was changed since; it is now "Later"]`) {
		t.Errorf("%v", last)
	}
	after := f.get(t, "1")
	if after.json["title"] != "Later" || !same(after.json["size"], 3) || !same(after.json["number"], 5) || !same(after.json["custom"], "map[roof_type:Metal tags:[Gold Silver]]") {
		t.Errorf("%s", after.Body)
	}
}

func TestRevertRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, post("match_by=none", `{"title":"New","address":["x"]}`)) // the change 1
	f.send(t, patch(`{"title":"Pier"}`))                                // 2
	f.send(t, request{method: "DELETE", path: "/accounts/2"})           // 3
	f.send(t, request{method: "POST", path: "/accounts/2/undelete"})    // 4
	f.send(t, request{method: "PATCH", path: "/accounts/3", body: `{"title":"x"}`})
	f.send(t, request{method: "DELETE", path: "/accounts/3"}) // 6
	before := f.stored(t)
	for _, c := range []struct {
		name, path, key string
		headers         map[string]string
		status          int
		want            string
	}{
		{name: "a creation", path: "/accounts/2/changes/4", status: 409, want: "delete the account instead"},
		{name: "a deletion of an account that is there", path: "/accounts/2/changes/3", status: 409, want: "the account is there again"},
		{name: "a change of a deleted account", path: "/accounts/3/changes/5", status: 409, want: "undelete it first"},
		{name: "a tag of a deleted account", path: "/accounts/3/changes/6", headers: map[string]string{"If-Match": "*"}, status: 412, want: "the account is deleted"},
		{name: "another version", path: "/accounts/1/changes/2", headers: map[string]string{"If-Match": `"1-1"`}, status: 412, want: "fetch it again"},
		{name: "a change of another account", path: "/accounts/1/changes/3", status: 404, want: "change of the account not found"},
		{name: "no such change", path: "/accounts/1/changes/99", status: 404, want: "not found"},
		{name: "no change", path: "/accounts/1/changes/0", status: 404, want: "not found"},
		{name: "the largest", path: "/accounts/1/changes/9223372036854775807", status: 404, want: "not found"},
		{name: "too large", path: "/accounts/1/changes/99999999999999999999", status: 404, want: "not found"},
		{name: "no sequence", path: "/accounts/1/changes/x", status: 400, want: "sequence"},
		{name: "no such account", path: "/accounts/999/changes/1", status: 404, want: "not found"},
		{name: "a key that may read", path: "/accounts/1/changes/2", key: readKey, status: 403, want: "read"},
		{name: "another company", path: "/accounts/1/changes/2", key: otherKey, status: 404, want: "not found"},
		{name: "a malformed tag", path: "/accounts/1/changes/2", headers: map[string]string{"If-Match": "x"}, status: 400, want: "If-Match"},
	} {
		a := f.send(t, request{method: "POST", path: c.path + "/revert", key: c.key, headers: c.headers})
		if a.Code != c.status || !strings.Contains(fmt.Sprint(a.json["message"]), c.want) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, a.Code, a.Body, c.status, c.want)
		}
	}
	if after := f.stored(t); after != before {
		t.Errorf("something was written:\n%s\nbefore:\n%s", after, before)
	}
}

// Of a dry run nothing is left, and a request that is sent again is carried out once.
func TestRevertOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, patch(`{"title":"Pier"}`))
	path, before := f.changePath(t, "1", 2)+"/revert", f.stored(t)
	a := f.send(t, request{method: "POST", path: path + "?dry_run=true"})
	if a.Code != http.StatusOK || a.Header().Get("Preview") != "true" || a.Header().Get("ETag") != "" || !same(a.json["members"], "[title]") || f.stored(t) != before {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	for i := range 2 {
		a := f.send(t, request{method: "POST", path: path, headers: map[string]string{"Idempotency-Key": "k", "If-Match": `"1-2"`, "X-Reason": "a mistake"}})
		if a.Code != http.StatusOK || (a.Header().Get("Idempotency-Replayed") == "true") != (i == 1) || !same(a.json["members"], "[title]") {
			t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
		}
	}
	if last := f.last(t, "1"); !same(last["version"], 3) || last["reason"] != "a mistake" {
		t.Errorf("%v", last)
	}
	if a := f.send(t, request{method: "POST", path: strings.Replace(f.changePath(t, "1", 3), "accounts", "clients", 1) + "/revert"}); a.Code != http.StatusOK || a.Header().Get("Deprecation") == "" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
}
