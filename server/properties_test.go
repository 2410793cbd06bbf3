package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/schema"
)

// define is a request about definitions by an admin.
func define(method, path, body string) request {
	return request{method: method, path: "/properties" + path, key: adminKey, body: body}
}

func TestListProperties(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"", "?record_type=account", "?record_type=client,account"} {
		a := f.send(t, request{method: "GET", path: "/properties" + path, key: readKey})
		list, _ := a.json["account"].([]any)
		if a.Code != http.StatusOK || len(list) != 6 || !same(a.json["client"], a.json["account"]) {
			t.Fatalf("%s: %d %s", path, a.Code, a.Body)
		}
		want := `{"defaultValue":[],"indexed":false,"isCustom":true,"isMultiple":true,"keyName":"tags","name":"Tags","options":["Gold","Silver"],"type":"DROPDOWN","unique":false}`
		if got, _ := json.Marshal(list[1]); string(got) != want {
			t.Errorf("got %s\nwant %s", got, want)
		}
	}
	a := f.send(t, request{method: "GET", path: "/properties", key: otherKey})
	if list, _ := a.json["account"].([]any); len(list) != 0 {
		t.Errorf("another company sees %v", list)
	}
	if a := f.send(t, request{method: "GET", path: "/properties?record_type=contact"}); a.Code != http.StatusBadRequest {
		t.Errorf("an unknown kind of records: %d %s", a.Code, a.Body)
	}
}

func TestCreateProperty(t *testing.T) {
	t.Parallel()
	create := func(body string) request { return define("POST", "", body) }
	runScenarios(t, []scenario{
		{name: "a dropdown", request: create(`{"name":" Lead source ","type":"DROPDOWN","isMultiple":true,"options":[" Web ","WEB","Fair"],"defaultValue":["web"]}`), status: 201,
			header: map[string]string{"Location": "/v1/properties/lead_source"},
			members: map[string]any{"name": "Lead source", "keyName": "lead_source", "type": "DROPDOWN", "isMultiple": true, "options": []any{"Web", "Fair"}, "defaultValue": []any{"Web"},
				"isCustom": true, "indexed": true}},
		{name: "a text, which is not indexed unless that is asked for", request: create(`{"name":"Remark","type":"TEXT"}`), status: 201, members: map[string]any{"indexed": false}},
		{name: "an indexed text", request: create(`{"name":"Code","type":"TEXT","indexed":true}`), status: 201, members: map[string]any{"indexed": true}},
		{name: "a flag that is not to be indexed", request: create(`{"name":"Rare","type":"BOOLEAN","indexed":false}`), status: 201, members: map[string]any{"indexed": false}},
		{name: "a number with digits", request: create(`{"name":"Rate","keyName":"rate_x","type":"NUMERIC","defaultValue":[12345678901234567890.10],"indexed":true}`), status: 201,
			members: map[string]any{"keyName": "rate_x", "options": []any{}, "defaultValue": []any{json.Number("12345678901234567890.10")}, "indexed": true}},
		{name: "a taken key name", request: create(`{"name":"Roof Type","type":"TEXT"}`), status: 409, code: "CONFLICT", errors: []string{`/keyName: keyName "roof_type" is taken by another property`}, want: []string{`"field":"keyName"`}},
		{name: "another company may have it", request: request{method: "POST", path: "/properties", key: otherKey, body: `{"name":"Roof Type","type":"TEXT"}`}, status: 201, members: map[string]any{"keyName": "roof_type"}},
		{name: "a member's own name", request: create(`{"name":"Size","type":"NUMERIC"}`), status: 400, code: "VALIDATION_ERROR", errors: []string{`/keyName: keyName must not be "size", which has a meaning of its own; send another keyName`}},
		{name: "every offence, of the spec and of the domain", request: create(`{"name":"  ","keyName":"Bad Key","type":"TEXT","options":["a"],"defaultValue":[1],"nope":1}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/defaultValue/0: defaultValue[0] must be a string; got 1",
			`/keyName: keyName must start with a letter, followed by at most 63 letters a-z, digits and underscores; got "Bad Key"`,
			`/name: name must not be blank; got "  "`,
			"/nope: nope is not a known member",
			"/options: options are only for a DROPDOWN: an option of a TEXT has no meaning"}},
		{name: "an unknown type", request: create(`{"name":"x","type":"text"}`), status: 400, code: "VALIDATION_ERROR", errors: []string{`/type: type must be one of TEXT, NUMERIC, BOOLEAN, DATE, DROPDOWN; got "text"`}},
		{name: "a default that is no option", request: create(`{"name":"x","type":"DROPDOWN","options":["a"],"defaultValue":["b"]}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/defaultValue/0"`}},
		{name: "two defaults of one value", request: create(`{"name":"x","type":"TEXT","defaultValue":["a","b"]}`), status: 400, code: "VALIDATION_ERROR", errors: []string{"/defaultValue: defaultValue takes one value; got a list of 2"}},
		{name: "no key name can be made", request: create(`{"name":"屋根","type":"TEXT"}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/keyName"`}},
		{name: "a key that may only write", request: request{method: "POST", path: "/properties", body: `{"name":"x","type":"TEXT"}`}, status: 403, code: "FORBIDDEN"},
	})
}

// No property can have the name of a member that the spec gives all accounts.
func TestReservedKeyNames(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	members := f.get(t, "1").json
	members["type"], members["q"], members["name"], members["status"] = nil, nil, nil, nil
	for member := range members {
		if a := f.send(t, define("POST", "", fmt.Sprintf(`{"name":"x","keyName":%q,"type":"TEXT"}`, member))); a.Code != http.StatusBadRequest {
			t.Errorf("keyName %s: %d %s", member, a.Code, a.Body)
		}
	}
}

func TestUpdateProperty(t *testing.T) {
	t.Parallel()
	roof := func(body string) request { return define("PATCH", "/roof_type", body) }
	tags := func(body string) request { return define("PATCH", "/tags", body) }
	options := func(labels ...any) map[string]any { return map[string]any{"options": labels} }
	runScenarios(t, []scenario{
		{name: "a name", request: roof(`{"name":" Roof "}`), status: 200, members: map[string]any{"name": "Roof", "keyName": "roof_type"}},
		{name: "nothing", request: roof(`{}`), status: 200, members: options("Tile", "Metal")},
		{name: "a renamed option", request: roof(`{"renameOptions":[{"from":"TILE","to":" Clay tile "}]}`), status: 200, changes: true, members: options("Clay tile", "Metal")},
		{name: "another case", request: roof(`{"renameOptions":[{"from":"Tile","to":"TILE"}]}`), status: 200, changes: true, members: options("TILE", "Metal")},
		{name: "two that change places", request: roof(`{"renameOptions":[{"from":"Tile","to":"x"},{"from":"Metal","to":"Tile"},{"from":"x","to":"Metal"}]}`), status: 200, changes: true, members: options("Metal", "Tile")},
		{name: "another order, and more", request: roof(`{"options":["Shingle","Metal","Tile"],"addOptions":["Slate","shingle"]}`), status: 200, members: options("Shingle", "Metal", "Tile", "Slate")},
		{name: "an unused option removed", request: roof(`{"removeOptions":["metal"]}`), status: 200, members: options("Tile")},
		{name: "an unused option left out", request: roof(`{"options":["Tile"]}`), status: 200, members: options("Tile")},
		{name: "a removed and added one", request: roof(`{"options":["Metal"],"addOptions":["Tile"]}`), status: 200, members: options("Metal", "Tile")},
		{name: "a used option removed", request: roof(`{"name":"New","removeOptions":["Metal","Tile"]}`), status: 409, code: "CONFLICT",
			errors: []string{`/removeOptions/1: option "Tile" is used by 2 accounts; with force=true their values are cleared`}},
		{name: "a used option left out", request: roof(`{"options":["Metal"]}`), status: 409, code: "CONFLICT", errors: []string{`/options: option "Tile" is used by 2 accounts; with force=true their values are cleared`}},
		{name: "a used option removed by force", request: define("PATCH", "/roof_type?force=true", `{"removeOptions":["Tile"]}`), status: 200, changes: true, members: options("Metal")},
		{name: "unknown options", request: roof(`{"renameOptions":[{"from":"Tyle","to":"x"},{"from":"Tile","to":"METAL"}],"removeOptions":["Mettal"]}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`/removeOptions/0: removeOptions[0] must be an option; got "Mettal"; did you mean "Metal"?`,
			`/renameOptions/0/from: renameOptions[0].from must be an option; got "Tyle"; did you mean "Tile"?`,
			`/renameOptions/1/to: renameOptions[1].to must not be another option; got "METAL"`}},
		{name: "every offence, of the spec and of the domain", request: roof(`{"keyName":"other","name":"","isMultiple":"no","removeOptions":["x"],"renameOptions":[{"from":"Tile"}]}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`/isMultiple: isMultiple must be true or false; got "no"`,
			`/keyName: keyName must be that of the property being updated, "roof_type"; got "other"`,
			"/name: name must not be empty",
			`/removeOptions/0: removeOptions[0] must be an option; got "x"`,
			"/renameOptions/0/to: renameOptions[0].to is required"}},
		{name: "options of another type", request: define("PATCH", "/remarks", `{"options":["a"],"addOptions":["b"]}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/addOptions: addOptions are only for a DROPDOWN: an option of a TEXT has no meaning",
			"/options: options are only for a DROPDOWN: an option of a TEXT has no meaning"}},
		{name: "a type in use", request: roof(`{"type":"TEXT"}`), status: 409, code: "CONFLICT", errors: []string{"/type: type cannot change from DROPDOWN while accounts have values"}, want: []string{`"field":"type"`}},
		{name: "one value in use", request: define("PATCH", "/capacity", `{"isMultiple":true,"type":"NUMERIC"}`), status: 409, code: "CONFLICT", errors: []string{"/isMultiple: isMultiple cannot change while accounts have values"}},
		{name: "a type in use, by force", request: define("PATCH", "/capacity?force=true", `{"type":"TEXT"}`), status: 409, code: "CONFLICT"},
		{name: "a type not in use", request: tags(`{"type":"TEXT","isMultiple":false,"defaultValue":["x"]}`), status: 200, members: map[string]any{"type": "TEXT", "isMultiple": false, "options": []any{}, "defaultValue": []any{"x"}}},
		{name: "a default", request: tags(`{"defaultValue":["silver","GOLD"]}`), status: 200, members: map[string]any{"defaultValue": []any{"Silver", "Gold"}}},
		{name: "a default that is no option", request: tags(`{"removeOptions":["Gold"],"defaultValue":["Gold"]}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/defaultValue/0"`}},
		{name: "no such property", request: define("PATCH", "/nope", `{"name":"x"}`), status: 404, code: "NOT_FOUND"},
		{name: "of another company", request: request{method: "PATCH", path: "/properties/roof_type", key: otherKey, body: `{"name":"x"}`}, status: 404, code: "NOT_FOUND"},
		{name: "a key that may only write", request: request{method: "PATCH", path: "/properties/roof_type", body: `{"name":"x"}`}, status: 403, code: "FORBIDDEN"},
	})
}

func TestDeleteProperty(t *testing.T) {
	t.Parallel()
	runScenarios(t, []scenario{
		{name: "not in use", request: define("DELETE", "/tags", ""), status: 204},
		{name: "in use", request: define("DELETE", "/roof_type", ""), status: 409, code: "CONFLICT", errors: []string{`query force: accounts have values of "roof_type"; with force=true they are cleared`}},
		{name: "in use, by force", request: define("DELETE", "/roof_type?force=true", ""), status: 204, changes: true},
		{name: "no such property", request: define("DELETE", "/nope?force=true", ""), status: 404, code: "NOT_FOUND"},
		{name: "of another company", request: request{method: "DELETE", path: "/properties/roof_type?force=true", key: otherKey}, status: 404, code: "NOT_FOUND"},
		{name: "a key that may only write", request: request{method: "DELETE", path: "/properties/tags"}, status: 403, code: "FORBIDDEN"},
	})
}

// What a change of a definition does to accounts is a change of theirs, also of
// archived ones.
func TestDefinitionsChangeAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, patch(`{"custom":{"tags":["Gold","Silver"]},"isActive":false}`))
	steps := []struct {
		request
		custom, change string
	}{
		{define("PATCH", "/roof_type", `{"renameOptions":[{"from":"Tile","to":"Clay"}]}`), `map[capacity:12.50 roof_type:Clay tags:[Gold Silver]]`, "map[custom.roof_type:{Tile Clay}]"},
		{define("PATCH", "/tags", `{"options":["SILVER","Gold"]}`), `map[capacity:12.50 roof_type:Clay tags:[Gold SILVER]]`, "map[custom.tags:{[Gold Silver] [Gold SILVER]}]"},
		{define("PATCH", "/tags?force=true", `{"removeOptions":["gold"]}`), `map[capacity:12.50 roof_type:Clay tags:[SILVER]]`, "map[custom.tags:{[Gold SILVER] [SILVER]}]"},
		{define("PATCH", "/tags?force=true", `{"options":["Bronze"]}`), `map[capacity:12.50 roof_type:Clay]`, "map[custom.tags:{[SILVER] <nil>}]"},
		{define("DELETE", "/capacity?force=true", ""), `map[roof_type:Clay]`, "map[custom.capacity:{12.50 <nil>}]"},
	}
	for i, step := range steps {
		f.clock.advance(time.Minute)
		if a := f.send(t, step.request); a.Code >= 300 {
			t.Fatalf("%s %s: %d %s", step.method, step.body, a.Code, a.Body)
		}
		a, h := f.account1(t), f.history1(t)
		if got := fmt.Sprint(map[string]any(a.Custom)); got != step.custom {
			t.Errorf("%s: %s, want %s", step.body, got, step.custom)
		}
		if a.Version != int64(i+3) || !a.UpdatedAt.Equal(f.clock.Now()) || h[0].Version != a.Version || fmt.Sprint(h[0].Fields) != step.change || h[0].UserID != f.ada.ID {
			t.Errorf("%s: version %d, history %+v", step.body, a.Version, h[0])
		}
	}
	other, err := f.store.Account(t.Context(), f.company.ID, 2)
	must(t, err)
	if other.Version != 3 { // It has no tags.
		t.Errorf("the other account is version %d", other.Version)
	}
}

// A definition that is sent back as it was fetched changes nothing, and its
// defaults follow its options.
func TestDefinitionRoundTrip(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, define("PATCH", "/tags", `{"defaultValue":["Gold","Silver"]}`))
	renamed := f.send(t, define("PATCH", "/tags", `{"renameOptions":[{"from":"Gold","to":"Platinum"}],"addOptions":["Tin"]}`))
	if !same(renamed.json["defaultValue"], []any{"Platinum", "Silver"}) {
		t.Errorf("after a rename: %s", renamed.Body)
	}
	before := f.stored(t)
	again := f.send(t, define("PATCH", "/tags", renamed.Body.String()))
	if again.Code != http.StatusOK || again.Body.String() != renamed.Body.String() || f.stored(t) != before {
		t.Errorf("sent back: %d %s", again.Code, again.Body)
	}
	removed := f.send(t, define("PATCH", "/tags", `{"removeOptions":["Platinum"]}`))
	if !same(removed.json["defaultValue"], []any{"Silver"}) {
		t.Errorf("after a removal: %s", removed.Body)
	}
	created := f.send(t, post("", `{"title":"With defaults","address":["x"]}`))
	if got := created.json["custom"]; !same(got, map[string]any{"tags": []any{"Silver"}}) {
		t.Errorf("a new account has %v", got)
	}
}

// An index is asked for, built in the background, and dropped.
func TestIndexedProperty(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	state := func() schema.IndexState {
		t.Helper()
		properties, err := f.store.Properties(t.Context(), f.company.ID)
		must(t, err)
		return properties[0].Index
	}
	for _, step := range []struct {
		body    string
		indexed bool
		state   schema.IndexState
	}{
		{`{"indexed":false}`, false, schema.IndexNone},
		{`{"indexed":true}`, true, schema.IndexBuilding},
		{`{"indexed":true}`, true, schema.IndexBuilding},
		{`{"name":"Roof"}`, true, schema.IndexBuilding},
	} {
		a := f.send(t, define("PATCH", "/roof_type", step.body))
		if a.json["indexed"] != step.indexed || state() != step.state {
			t.Errorf("%s: %s, state %q", step.body, a.Body, state())
		}
	}
	must(t, f.services.Properties.BuildIndexes(t.Context()))
	if state() != schema.IndexReady {
		t.Errorf("built: state %q", state())
	}
	f.send(t, define("PATCH", "/roof_type", `{"renameOptions":[{"from":"Tile","to":"Clay"}]}`))
	a := f.send(t, request{method: "GET", path: "/accounts/search?prop1=roof_type&op1=eq&value1=clay"})
	if a.ids() != "1 2" {
		t.Errorf("found by the index: %d %s", a.Code, a.Body)
	}
	if a := f.send(t, define("PATCH", "/roof_type", `{"indexed":false}`)); a.json["indexed"] != false || state() != schema.IndexNone {
		t.Errorf("dropped: %s, state %q", a.Body, state())
	}
	if !strings.Contains(f.send(t, request{method: "GET", path: "/accounts/search?prop1=roof_type&op1=eq&value1=clay"}).Body.String(), "Clay") {
		t.Error("not found without the index")
	}
}
