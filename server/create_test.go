package server_test

import (
	"fmt"
	"net/http"
	"testing"
)

func post(query, body string) request {
	return request{method: "POST", path: "/accounts?" + query, body: body}
}

func TestCreateAccount(t *testing.T) {
	t.Parallel()
	runScenarios(t, []scenario{
		{name: "a new account", request: post("", `{"title":" Harbor Cafe ","address":["5 Pier Road"]}`), status: 201,
			header:  map[string]string{"Location": "/v1/accounts/3", "ETag": `"3-1"`},
			members: map[string]any{"id": 3, "title": "Harbor Cafe", "number": 2, "isActive": true, "custom": map[string]any{}, "contacts": []any{}, "description": nil, "accountType": nil, "updatedBy": nil},
			notWant: []string{`"value"`, `"size"`}},
		{name: "with every member", request: post("allow_new_options=true", `{"title":"Harbor","address":["5 Pier Road"],"description":"d","isActive":false,"number":500,"type":"RESIDENTIAL","value":1,"size":2,"custom":{"roof_type":"Thatch"},"contacts":[2]}`), status: 201,
			members: map[string]any{"description": "d", "isActive": false, "number": 500, "accountType": "RESIDENTIAL", "value": 1, "size": 2, "custom": map[string]any{"roof_type": "Thatch"}}, want: []string{"Lee Chan"}},
		{name: "what is required", request: post("", `{"description":"d"}`), status: 400, code: "VALIDATION_ERROR", errors: []string{"/address: address is required", "/title: title is required"}},
		{name: "every offence", request: post("", `{"address":["x"],"number":77,"custom":{"nope":1},"isActive":"yes"}`), status: 400, code: "VALIDATION_ERROR",
			want: []string{`"pointer":"/title"`, `"pointer":"/number"`, `"pointer":"/custom/nope"`, `"pointer":"/isActive"`}},
		{name: "an id is not the caller's to choose", request: post("", `{"id":9,"title":"x","address":["x"]}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/id"`}},
		{name: "a taken number", request: post("", `{"title":"x","address":["x"],"number":77}`), status: 409, code: "CONFLICT", want: []string{`"field":"number"`}},
		{name: "a title that matches is skipped", request: post("", `{"title":" SUNRISE solar","address":["other"],"description":"new"}`), status: 200,
			members: map[string]any{"id": 1, "title": "Sunrise Solar", "description": "Came by referral."}, header: map[string]string{"ETag": `"1-1"`, "Location": ""}},
		{name: "a body is checked though it is skipped", request: post("", `{"title":"Sunrise Solar","address":[]}`), status: 400, code: "VALIDATION_ERROR"},
		{name: "match by e-mail and enrich", request: post("match_by=primaryEmail&match_found_strategy=enrich", `{"title":"Other","address":["other"],"primaryEmail":"OFFICE@sunrise.example","custom":{"roof_type":"Metal","monitored":true}}`), status: 200, changes: true,
			members: map[string]any{"id": 1, "title": "Sunrise Solar", "custom": map[string]any{"roof_type": "Tile", "capacity": "12.50", "monitored": true}}},
		{name: "match by phone and replace", request: post("match_by=primaryPhone&match_found_strategy=replace", `{"title":"Other","address":["other"],"primaryPhone":"415-555-0142"}`), status: 200, changes: true,
			members: map[string]any{"id": 1, "number": 1, "title": "Other", "description": nil, "primaryEmail": nil, "primaryPhone": "+14155550142", "accountType": nil, "custom": map[string]any{}}, notWant: []string{`"value"`}},
		{name: "match by address", request: post("match_by=address", `{"title":"Other","address":["120 mission street, san francisco, ca 94105 "]}`), status: 200, members: map[string]any{"id": 1}},
		{name: "match by none always creates", request: post("match_by=none", `{"title":"Sunrise Solar","address":["x"]}`), status: 201, members: map[string]any{"id": 3}},
		{name: "an unknown way to match", request: post("match_by=name", `{"title":"x","address":["x"]}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{`query match_by: match_by must be one of title, primaryEmail, primaryPhone, address, none, or custom.<keyName> of a unique property; got "name"`}},
		{name: "a contact is found by e-mail", request: post("match_by=none", `{"title":"x","address":["x"],"primaryEmail":"jo@sunrise.example"}`), status: 201, want: []string{`"contacts":[{"id":1,"name":"Jo Park","title":"Facility manager","emails":["jo@sunrise.example"],`}},
		{name: "a contact is created", request: post("match_by=none", `{"title":"x","address":["x"],"primaryEmail":"new@sunrise.example"}`), status: 201, want: []string{`"contacts":[{"id":3,"name":"x","title":null,"emails":["new@sunrise.example"]`}},
	})
}

// A create that fails leaves no account, no option and no contact behind.
func TestFailedCreateLeavesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, post("allow_new_options=true", `{"title":"x","address":["x"],"primaryEmail":"new@x.example","number":77,"custom":{"roof_type":"Thatch"}}`))
	if a.Code != http.StatusConflict {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	properties, err := f.store.Properties(t.Context(), f.company.ID)
	must(t, err)
	if got := fmt.Sprint(properties[0].Options); got != "[Tile Metal]" {
		t.Errorf("options %s", got)
	}
	if c, err := f.store.FindContact(t.Context(), f.company.ID, "new@x.example", ""); err == nil {
		t.Errorf("contact %+v", c)
	}
	if a := f.send(t, post("", `{"title":"x","address":["x"]}`)); a.Code != http.StatusCreated {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestGetAccount(t *testing.T) {
	t.Parallel()
	get := func(path string, headers map[string]string) request {
		return request{method: "GET", path: path, headers: headers, key: readKey}
	}
	tag := func(name, value string) map[string]string { return map[string]string{name: value} }
	current := newFixture(t).send(t, get("/accounts/1", nil)).Header().Get("ETag") // that of each fixture
	runScenarios(t, []scenario{
		{name: "S32-S43 without contacts", request: get("/accounts/1", nil), status: 200, notWant: []string{"contacts"}, header: tag("ETag", `"1-1"`),
			members: map[string]any{"id": 1, "createdAt": "2026-11-24T16:05:12.300Z", "title": "Sunrise Solar", "isActive": true, "accountType": "COMMERCIAL"}},
		{name: "with contacts", request: get("/accounts/1?include_contacts=true", nil), status: 200,
			want: []string{`"contacts":[{"id":1,"name":"Jo Park","title":"Facility manager","emails":["jo@sunrise.example"],"phones":["+14155550143"]}]`}},
		{name: "virtual properties change nothing", request: get("/accounts/1?include_virtual_properties=true", nil), status: 200},
		{name: "a current copy", request: get("/accounts/1", tag("If-None-Match", "W/"+current)), status: 304, header: tag("ETag", `"1-1"`)},
		{name: "any copy", request: get("/accounts/1", tag("If-None-Match", `*`)), status: 304},
		{name: "a copy with contacts, which may have changed", request: get("/accounts/1?include_contacts=true", tag("If-None-Match", current)), status: 200, want: []string{"Jo Park"}},
		{name: "an old copy", request: get("/accounts/1", tag("If-None-Match", `"1-0", "2-1"`)), status: 200},
		{name: "a malformed tag", request: get("/accounts/1", tag("If-None-Match", `1-1`)), status: 400, code: "VALIDATION_ERROR", want: []string{`"in":"header"`}},
		{name: "S48 no such account", request: get("/accounts/999", nil), status: 404, code: "NOT_FOUND"},
	})
}

func TestArchivedAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, patch(`{"isActive":false}`))
	if a := f.send(t, request{method: "GET", path: "/accounts/1"}); a.Code != http.StatusNotFound {
		t.Errorf("without the switch: %d %s", a.Code, a.Body)
	}
	if a := f.get(t, "1"); a.json["isActive"] != false {
		t.Errorf("with the switch: %s", a.Body)
	}
	if a := f.send(t, patch(`{"isActive":true,"title":"Back"}`)); a.Code != http.StatusOK || a.json["title"] != "Back" {
		t.Errorf("restore: %d %s", a.Code, a.Body)
	}
}
