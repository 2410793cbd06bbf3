package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

func undelete(id string) request {
	return request{method: "POST", path: "/accounts/" + id + "/undelete"}
}

// deleted is a fixture with an account 3 that has a value in every member, and is deleted
// as its version 3. The answer is what it was.
func deleted(t *testing.T) (*fixture, answer) {
	t.Helper()
	f := newFixture(t)
	f.send(t, request{method: "POST", path: "/accounts?match_by=none", key: linKey, body: `{"title":"Harbor","address":["5 Pier Road"],"description":"d","primaryEmail":"info@harbor.example",
		"primaryPhone":"+14155550144","accountType":"RESIDENTIAL","value":1e14,"size":0.5,"contacts":[2,1],"custom":{"roof_type":"Tile","tags":["Gold","Silver"],"capacity":12.50,"remarks":["a"]}}`})
	f.clock.advance(time.Minute)
	f.send(t, request{method: "PATCH", path: "/accounts/3", body: `{"isActive":false,"number":9}`})
	before := f.get(t, "3")
	f.clock.advance(time.Minute)
	if a := f.send(t, request{method: "DELETE", path: "/accounts/3"}); a.Code != http.StatusNoContent {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	f.clock.advance(time.Minute)
	return f, before
}

// An account that was deleted is there again with all that it had, its id, its number and
// the time of its creation; its versions go on, and it is found as before.
func TestUndelete(t *testing.T) {
	t.Parallel()
	f, before := deleted(t)
	preview := f.stored(t)
	if a := f.send(t, request{method: "POST", path: "/accounts/3/undelete?dry_run=true"}); a.Code != http.StatusOK || !same(lasting(a), lasting(before)) || f.stored(t) != preview {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	for i := range 2 {
		r := undelete("3")
		r.headers = map[string]string{"Idempotency-Key": "k", "X-Reason": "a mistake"}
		a := f.send(t, r)
		if a.Code != http.StatusOK || shortTag(a.Header().Get("ETag")) != `"3-4"` || !same(lasting(a), lasting(before)) || !same(a.json["leftOut"], "[]") ||
			(a.Header().Get("Idempotency-Replayed") == "true") != (i == 1) {
			t.Fatalf("%d %v %s, want\n%s", a.Code, a.Header(), a.Body, before.Body)
		}
	}
	after := f.get(t, "3")
	if !same(lasting(after), lasting(before)) || after.json["updatedAt"] != "2026-11-24T16:08:12.300Z" {
		t.Errorf("%s, want\n%s", after.Body, before.Body)
	}
	last := f.last(t, "3")
	if last["kind"] != "created" || last["reason"] != "a mistake" || !same(last["cause"], map[string]any{
		"kind": "undelete", "sequence": "0000000000000000003", "createdAt": "2026-11-24T16:05:12.300Z", "createdBy": f.lin.ID,
	}) {
		t.Errorf("%v", last)
	}
	for _, path := range []string{
		"/accounts/search?prop1=tags&op1=eq&value1=gold&include_archived=true", "/accounts?q=harbor&include_archived=true", "/accounts?primaryName=lee&include_archived=true",
	} {
		if a := f.send(t, get(path)); a.ids() != "3" {
			t.Errorf("%s finds %s", path, a.ids())
		}
	}
	if a := f.send(t, request{method: "PATCH", path: "/accounts/3", body: `{"title":"On"}`}); a.Code != http.StatusOK || shortTag(a.Header().Get("ETag")) != `"3-5"` {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// To take a deletion back is to undelete, under the former path as well.
func TestUndeleteByRevert(t *testing.T) {
	t.Parallel()
	f, before := deleted(t)
	a := f.revert(t, "3", 3, nil)
	if a.Code != http.StatusOK || !same(lasting(a), lasting(before)) || !strings.Contains(f.send(t, get("/accounts/3/changes")).Body.String(), `"cause":{"kind":"revert","sequence":"0000000000000000003","createdAt"`) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	f.send(t, request{method: "DELETE", path: "/accounts/3"})
	if a := f.revert(t, "3", 3, nil); a.Code != http.StatusConflict || !strings.Contains(a.Body.String(), "was there again") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, request{method: "POST", path: "/clients/3/undelete"}); a.Code != http.StatusOK || a.Header().Get("Deprecation") == "" || !same(a.json["account"].(map[string]any)["createdAt"], "2026-11-24T16:05:12.300Z") {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
}

// What is gone since is left out, and told.
func TestUndeleteLeavesOut(t *testing.T) {
	t.Parallel()
	f, _ := deleted(t)
	for _, r := range []request{
		{method: "DELETE", path: "/contacts/2", key: adminKey},
		{method: "PATCH", path: "/properties/tags", key: adminKey, body: `{"removeOptions":["Silver"]}`},
		{method: "DELETE", path: "/properties/capacity?force=true", key: adminKey},
	} {
		if a := f.send(t, r); a.Code >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", r.path, a.Code, a.Body)
		}
	}
	a := f.send(t, undelete("3"))
	if a.Code != http.StatusOK || !same(a.json["leftOut"], "[map[member:contacts reason:contacts held the contact 2, which is gone] "+
		"map[member:custom.capacity reason:custom.capacity has no property any more] map[member:custom.tags reason:custom.tags must be one of Gold; got \"Silver\"]]") {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	after := f.get(t, "3")
	if custom := after.json["custom"]; !same(custom, `map[remarks:[a] roof_type:Tile]`) {
		t.Errorf("%v", custom)
	}
	if contacts := after.json["contacts"].([]any); len(contacts) != 1 || !same(contacts[0].(map[string]any)["id"], 1) {
		t.Errorf("%v", contacts)
	}
}

// Contacts of which none is left are no member that got a value back.
func TestUndeleteWithoutContacts(t *testing.T) {
	t.Parallel()
	f, _ := deleted(t)
	for _, id := range []string{"1", "2"} {
		f.send(t, request{method: "DELETE", path: "/contacts/" + id, key: adminKey})
	}
	a := f.send(t, undelete("3"))
	if a.Code != http.StatusOK || !same(a.json["leftOut"], "[map[member:contacts reason:contacts held the contacts 2, 1, which are gone]]") || strings.Contains(fmt.Sprint(a.json["members"]), "contacts") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestUndeleteRefuses(t *testing.T) {
	t.Parallel()
	f, _ := deleted(t)
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"number":9}`})
	before := f.stored(t)
	for _, c := range []struct {
		name string
		request
		status int
		want   string
	}{
		{name: "an account that is there", request: undelete("1"), status: 409, want: "accountId must be of a deleted account; this one is there"},
		{name: "a number that is taken", request: undelete("3"), status: 409, want: "number was 9, which is taken by another account"},
		{name: "one that never was", request: undelete("999"), status: 404, want: "account not found"},
		{name: "another company", request: request{method: "POST", path: "/accounts/3/undelete", key: otherKey}, status: 404, want: "account not found"},
		{name: "a key that may read", request: request{method: "POST", path: "/accounts/3/undelete", key: readKey}, status: 403, want: "read"},
		{name: "no id", request: undelete("0"), status: 400, want: "accountId"},
	} {
		a := f.send(t, c.request)
		if a.Code != c.status || !strings.Contains(a.Body.String(), c.want) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, a.Code, a.Body, c.status, c.want)
		}
	}
	if after := f.stored(t); after != before {
		t.Errorf("something was written:\n%s\nbefore:\n%s", after, before)
	}
}

// Of several who undelete one account at once, one does.
func TestUndeleteAtOnce(t *testing.T) {
	t.Parallel()
	f, _ := deleted(t)
	statuses := make([]int, 8)
	atOnce(len(statuses), func(i int) { statuses[i] = f.send(t, undelete("3")).Code })
	count := map[int]int{}
	for _, status := range statuses {
		count[status]++
	}
	if count[http.StatusOK] != 1 || count[http.StatusConflict] != len(statuses)-1 {
		t.Errorf("%v", count)
	}
}

// A unique value that another account has by now is no more free than a number.
func TestUndeleteUnique(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, request{method: "POST", path: "/properties", key: adminKey, body: `{"name":"Key","type":"TEXT","unique":true}`})
	f.send(t, post("match_by=none", `{"title":"Mine","address":["x"],"custom":{"key":"a"}}`))
	f.send(t, request{method: "PATCH", path: "/accounts/3", body: `{"custom":{"key":"b"}}`})
	change := f.changePath(t, "3", 2)
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"custom":{"key":"a"}}`})
	if a := f.send(t, request{method: "POST", path: change + "/revert"}); a.Code != http.StatusConflict || !strings.Contains(a.Body.String(), `"message":"custom.key \"a\" is the value of account 2 already"`) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	f.send(t, request{method: "DELETE", path: "/accounts/3"})
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"custom":{"key":"b"}}`})
	before := f.stored(t)
	if a := f.send(t, undelete("3")); a.Code != http.StatusConflict || !strings.Contains(a.Body.String(), `custom.key \"b\" is the value of account 2 already`) || f.stored(t) != before {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	f.send(t, request{method: "DELETE", path: "/accounts/2"})
	if a := f.send(t, undelete("3")); a.Code != http.StatusOK || f.send(t, get("/accounts/by/key/b")).json["title"] != "Mine" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}
