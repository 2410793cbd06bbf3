package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// addMergeable adds the accounts 3 and 4 beside those of the fixture.
func addMergeable(t *testing.T, f *fixture) {
	t.Helper()
	for _, body := range []string{
		`{"title":"Harbor Cafe","address":["1 Pier"],"accountType":"COMMERCIAL","custom":{"tags":["Gold"]},"contacts":[2]}`,
		`{"title":"Harbor Café","address":["1 Pier Road"],"primaryEmail":"info@harbor.example","description":"Old one.","value":12.5,"custom":{"tags":["Silver","Gold"],"roof_type":"Tile","capacity":1.50},"contacts":[2,1]}`,
	} {
		if a := f.send(t, post("match_by=none", body)); a.Code != http.StatusCreated {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
}

func merge(id, body string) request {
	return request{method: "POST", path: "/accounts/" + id + "/merge", body: body}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	for range 2 {
		f.send(t, request{method: "PATCH", path: "/accounts/4", body: `{"custom":{"monitored":true}}`})
	}
	r := merge("3", `{"from":[{"id":4,"ifMatch":"\"4-2\""},{"id":1}],"take":{"title":4,"custom.roof_type":3,"value":3}}`)
	r.headers = map[string]string{"If-Match": `"3-1"`, "X-Reason": "seen twice"}
	dry := r
	dry.path += "?dry_run=true"
	preview := f.send(t, dry)
	a := f.send(t, r)
	if preview.Code != http.StatusOK || preview.Header().Get("Preview") != "true" || preview.Header().Get("ETag") != "" {
		t.Errorf("preview: %d %v %s", preview.Code, preview.Header(), preview.Body)
	}
	if a.Code != http.StatusOK || shortTag(a.Header().Get("ETag")) != `"3-2"` {
		t.Fatalf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	for member, want := range map[string]any{
		"id": 3, "number": a.json["number"], "title": "Harbor Café", "address": []any{"1 Pier"}, "description": "Old one.",
		"primaryEmail": "info@harbor.example", "primaryPhone": "+14155550142", "accountType": "COMMERCIAL", "size": 3, "value": nil,
		"custom": map[string]any{"tags": []any{"Gold", "Silver"}, "capacity": json.Number("1.50"), "monitored": true},
	} {
		if got := a.json[member]; !same(got, want) {
			t.Errorf("%s: %v, want %v", member, got, want)
		}
		if got := preview.json[member]; !same(got, want) {
			t.Errorf("preview, %s: %v, want %v", member, got, want)
		}
	}
	if got := (answer{list: a.json["contacts"].([]any)}).ids(); got != "2 1" {
		t.Errorf("contacts %s", got)
	}
	if got := f.get(t, "3"); got.Body.String() != a.Body.String() {
		t.Errorf("the account is %s\nthe answer was %s", got.Body, a.Body)
	}
	f.wantMergedHistory(t)
}

// wantMergedHistory expects the history of the merge of TestMerge.
func (f *fixture) wantMergedHistory(t *testing.T) {
	t.Helper()
	for path, want := range map[string]string{
		"/accounts/3/changes":                                 "3:updated/2 3:created/1",
		"/accounts/3/changes?include_merged=true":             "3:updated/2 1:deleted/2 4:deleted/3 4:updated/2 4:created/1 3:created/1",
		"/accounts/3/changes?include_merged=true&page_size=3": "3:updated/2 1:deleted/2 4:deleted/3",
		"/accounts/4/changes":                                 "4:deleted/3 4:updated/2 4:created/1",
		"/accounts/4/changes?include_merged=true":             "4:deleted/3 4:updated/2 4:created/1",
		"/accounts/changes":                                   "3:created/1 4:created/1 4:updated/2 4:deleted/3 1:deleted/2 3:updated/2",
	} {
		if got := f.send(t, get(path)).changed(); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	changes := f.send(t, get("/accounts/3/changes?include_merged=true")).json["changes"].([]any)
	for i, want := range []map[string]any{
		{"kind": "merge", "merged": []any{4, 1}},
		{"kind": "merge", "mergedInto": 3},
		{"kind": "merge", "mergedInto": 3},
	} {
		if change := changes[i].(map[string]any); !same(change["cause"], want) || change["reason"] != "seen twice" {
			t.Errorf("cause %v, reason %v, want %v", change["cause"], change["reason"], want)
		}
	}
}

// The merged ones lead to the target, however it was merged itself.
func TestMergedAccountsLeadToTheTarget(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	f.send(t, merge("3", `{"from":[{"id":4}]}`))
	f.send(t, merge("2", `{"from":[{"id":3}]}`))
	for path, want := range map[string]string{
		"/accounts/3": "/v1/accounts/2", "/accounts/4": "/v1/accounts/2", "/clients/4": "/v1/clients/2",
		"/accounts/4?include_contacts=true": "/v1/accounts/2?include_contacts=true",
	} {
		a := f.send(t, get(path))
		if a.Code != http.StatusMovedPermanently || a.Header().Get("Location") != want || a.Header().Get("Cache-Control") != "private, no-cache" || a.Body.Len() > 0 {
			t.Errorf("%s: %d %v %s", path, a.Code, a.Header(), a.Body)
		}
	}
	before := f.send(t, get("/accounts/changes")).Body.String()
	for _, r := range []request{
		{method: "PATCH", path: "/accounts/4", body: `{"title":"x"}`},
		{method: "PATCH", path: "/clients/4", body: `{"title":"x"}`},
		{method: "PATCH", path: "/accounts/4?dry_run=true", body: `{}`},
		{method: "DELETE", path: "/accounts/4"},
		{method: "POST", path: "/accounts/4/undelete"},
		{method: "POST", path: "/accounts/4/changes/3/revert"},
		merge("4", `{"from":[{"id":1}]}`),
	} {
		a := f.send(t, r)
		if a.Code != http.StatusConflict || !same(a.json["mergedInto"], 2) || a.json["detail"] != "account 4 was merged into account 2; use that one" {
			t.Errorf("%s %s: %d %s", r.method, r.path, a.Code, a.Body)
		}
	}
	for _, r := range []request{
		{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":1,"set":{"title":"x"}},{"id":4,"set":{"title":"x"}}]}`},
		{method: "POST", path: "/accounts/batch", body: `{"items":[{"id":1,"update":{"title":"x"}},{"id":4,"update":{"title":"x"}}]}`},
		{method: "POST", path: "/contacts", body: `{"name":"x","accountIds":[4]}`},
		merge("1", `{"from":[{"id":4}]}`),
	} {
		a := f.send(t, r)
		if a.Code != http.StatusConflict || !strings.Contains(fmt.Sprint(a.errors()), "is 4, which was merged into account 2") {
			t.Errorf("%s %s: %d %s", r.method, r.path, a.Code, a.Body)
		}
	}
	if after := f.send(t, get("/accounts/changes")).Body.String(); after != before {
		t.Errorf("something was written: %s", after)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts/4", key: otherKey}); a.Code != http.StatusNotFound {
		t.Errorf("another company: %d %s", a.Code, a.Body)
	}
	if got := f.send(t, get("/accounts/2/changes?include_merged=true")).changed(); got != "2:updated/2 3:deleted/3 3:updated/2 4:deleted/2 4:created/1 3:created/1" {
		t.Errorf("history %s", got)
	}
}

// Lists are united as items are added to one: those that only case or decimals tell apart
// are not added, and what the target has stays as it is.
func TestMergeUnitesLists(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for id, remarks := range map[string]string{"1": `["a","b","B"]`, "2": `["A","c"]`} {
		if a := f.send(t, request{method: "PATCH", path: "/accounts/" + id, body: `{"custom":{"remarks":` + remarks + `}}`}); a.Code != http.StatusOK {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
	a := f.send(t, merge("1", `{"from":[{"id":2}]}`))
	if custom, _ := a.json["custom"].(map[string]any); a.Code != http.StatusOK || fmt.Sprint(custom["remarks"]) != "[a b B c]" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// A target that is deleted leads nowhere, and what was merged into it can be there
// again.
func TestMergedIntoADeletedAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	f.send(t, merge("3", `{"from":[{"id":4}]}`))
	f.send(t, request{method: "DELETE", path: "/accounts/3"})
	if a := f.send(t, get("/accounts/4")); a.Code != http.StatusNotFound {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, request{method: "POST", path: "/accounts/4/undelete"}); a.Code != http.StatusOK {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	f.send(t, request{method: "POST", path: "/accounts/3/undelete"})
	if a := f.send(t, get("/accounts/4")); a.Code != http.StatusOK {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, f.revertLastMerge(t, "3")); a.Code != http.StatusConflict || !strings.Contains(a.json["detail"].(string), "account 4, which is taken back already") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// revertLastMerge takes the last merge into an account back.
func (f *fixture) revertLastMerge(t *testing.T, id string) request {
	t.Helper()
	for _, item := range f.send(t, get("/accounts/"+id+"/changes")).json["changes"].([]any) {
		change := item.(map[string]any)
		if cause, ok := change["cause"].(map[string]any); ok && cause["merged"] != nil {
			return request{method: "POST", path: fmt.Sprintf("/accounts/%s/changes/%s/revert", id, change["sequence"])}
		}
	}
	t.Fatalf("nothing was merged into account %s", id)
	return request{}
}

func TestMergeIsTakenBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	before := map[string]any{}
	for _, id := range []string{"1", "3", "4"} {
		before[id] = f.get(t, id).json
	}
	f.send(t, merge("3", `{"from":[{"id":4}]}`))
	f.send(t, merge("1", `{"from":[{"id":3}],"take":{"title":3}}`))
	inner := f.revertLastMerge(t, "3")
	if a := f.send(t, inner); a.Code != http.StatusConflict || !same(a.json["mergedInto"], 1) {
		t.Errorf("the merge into an account that was merged: %d %s", a.Code, a.Body)
	}
	dry := f.revertLastMerge(t, "1")
	dry.path += "?dry_run=true"
	if a := f.send(t, dry); a.Code != http.StatusOK || a.Header().Get("Preview") != "true" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, get("/accounts/3")); a.Code != http.StatusMovedPermanently {
		t.Errorf("a dry run wrote: %d", a.Code)
	}
	if a := f.send(t, f.revertLastMerge(t, "1")); a.Code != http.StatusOK {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, get("/accounts/4")); a.Header().Get("Location") != "/v1/accounts/3" {
		t.Errorf("4 leads to %q", a.Header().Get("Location"))
	}
	if a := f.send(t, inner); a.Code != http.StatusOK {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	for id, was := range before {
		now, was := f.get(t, id).json, was.(map[string]any)
		for _, changed := range []string{"updatedAt", "updatedBy"} {
			delete(now, changed)
			delete(was, changed)
		}
		if !same(now, was) {
			t.Errorf("account %s is %v\nit was %v", id, now, was)
		}
	}
	if a := f.send(t, f.revertLastMerge(t, "1")); a.Code != http.StatusConflict {
		t.Errorf("twice: %d %s", a.Code, a.Body)
	}
}

// Nothing of a merge is taken back where a part of it cannot be.
func TestMergeIsNotTakenBackInPart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	f.send(t, merge("3", `{"from":[{"id":4}]}`))
	f.send(t, request{method: "PATCH", path: "/accounts/3", body: `{"description":"Since."}`})
	if a := f.send(t, f.revertLastMerge(t, "3")); a.Code != http.StatusConflict || !strings.Contains(fmt.Sprint(a.errors()), "description was changed since") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	f.send(t, request{method: "PATCH", path: "/accounts/3", body: `{"description":"Old one."}`})
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"number":3}`})
	before := f.get(t, "3").Body.String()
	a := f.send(t, f.revertLastMerge(t, "3"))
	if want := "sequence is of a merge of account 4, which cannot be there again: number was 3, which is taken by another account"; a.Code != http.StatusConflict || a.json["detail"] != want {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if after := f.get(t, "3").Body.String(); after != before {
		t.Errorf("something was written: %s", after)
	}
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"number":77}`})
	if a := f.send(t, f.revertLastMerge(t, "3")); a.Code != http.StatusOK {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestMergeRefuses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	before := f.send(t, get("/accounts/changes")).Body.String()
	for _, c := range []struct {
		r    request
		code int
		want []string
	}{
		{merge("99", `{"from":[{"id":4}]}`), 404, nil},
		{merge("3", `{}`), 400, []string{"/from: from is required"}},
		{merge("3", `{"from":[]}`), 400, []string{"/from: from must contain at least 1 item"}},
		{merge("3", `{"from":[4]}`), 400, []string{"/from/0: from[0] must be an object with id; got 4"}},
		{merge("3", `{"from":[{"id":3},{"id":4},{"id":4},{"id":99}],"into":1}`), 400, []string{
			"/from/0/id: from[0].id must be another account; 3 is the one that stays",
			"/from/2/id: from[2].id must be named once; got 4 again",
			"/from/3/id: from[3].id must be the id of an account; got 99",
			`/into: into is not a known member`,
		}},
		{merge("3", `{"from":[{"id":4}],"take":{"titel":4,"title":1,"number":4,"contacts":4,"custom.tag":4,"capacity":4,"value":null}}`), 400, []string{
			`/take/titel: take.titel is not a member that can be taken; did you mean "title"?`,
			"/take/title: take.title must be the id of one of the accounts; got 1",
			"/take/number: take.number cannot be taken from one account: number stays that of the account that stays",
			"/take/contacts: take.contacts cannot be taken from one account: contacts are united",
			`/take/custom.tag: take.custom.tag is not a member that can be taken; did you mean "custom.tags"?`,
			`/take/capacity: take.capacity is not a member that can be taken; did you mean "custom.capacity"?`,
			"/take/value: take.value must not be null",
		}},
		{merge("3", `{"from":[{"id":4,"ifMatch":"\"4-7\""}]}`), 412, []string{"/from/0/ifMatch: from[0].ifMatch is not the current version of the account; fetch it again"}},
		{request{method: "POST", path: "/accounts/3/merge", body: `{"from":[{"id":4}]}`, headers: map[string]string{"If-Match": `"3-9"`}}, 412, nil},
		{request{method: "POST", path: "/accounts/3/merge", body: `{"from":[{"id":4}]}`, key: readKey}, 403, nil},
		{request{method: "POST", path: "/accounts/3/merge", body: `{"from":[{"id":4}]}`, key: otherKey}, 404, nil},
	} {
		a := f.send(t, c.r)
		if a.Code != c.code {
			t.Errorf("%s: %d %s", c.r.body, a.Code, a.Body)
		}
		for _, want := range c.want {
			if !strings.Contains(strings.Join(a.errors(), "\n"), want) {
				t.Errorf("%s: no %q in\n%s", c.r.body, want, strings.Join(a.errors(), "\n"))
			}
		}
	}
	if after := f.send(t, get("/accounts/changes")).Body.String(); after != before {
		t.Errorf("something was written: %s", after)
	}
}
