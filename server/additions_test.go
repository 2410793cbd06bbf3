package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// A patch may say what to add, to remove, and to fill, beside what to set.
func TestAddRemoveFill(t *testing.T) {
	t.Parallel()
	lines := strings.TrimSuffix(strings.Repeat(`"1 A St",`, 11), ",")
	ten := `"1 A St","2 A St","3 A St","4 A St","5 A St","6 A St","7 A St","8 A St","9 A St","10 A St"`
	runScenarios(t, []scenario{
		{name: "all at once", request: patch(`{"title":"New","add":{"value":0.25,"custom":{"capacity":0.75,"tags":["gold"]},"contacts":[{"id":2,"name":"Mallory"}]},
			"remove":{"contacts":[1]},"fill":{"description":"ignored","custom":{"monitored":false}}}`),
			status: 200, changes: true, want: []string{`"contacts":[{"id":2,`, "Lee Chan"}, notWant: []string{"Mallory", `"add"`, `"fill"`},
			members: map[string]any{"title": "New", "value": 1250.75, "description": "Came by referral.",
				"custom": map[string]any{"capacity": "13.25", "roof_type": "Tile", "tags": []any{"Gold"}, "monitored": false}}},
		{name: "what is there, and what is not, change nothing", request: patch(`{"add":{"address":["120 MISSION street, San Francisco, CA 94105"],"contacts":[1],"value":0,"custom":{"capacity":0.000}},
			"remove":{"address":["elsewhere"],"contacts":[99],"custom":{"tags":["Silver"]}},"fill":{"primaryEmail":"new@sunrise.example","size":1,"custom":{"roof_type":"none"}}}`),
			status: 200, header: map[string]string{"ETag": `"1-1"`}},
		{name: "nothing in them changes nothing", request: patch(`{"add":{},"remove":{"custom":{}},"fill":{}}`), status: 200, header: map[string]string{"ETag": `"1-1"`}},
		{name: "nor do lists of nothing", request: patch(`{"add":{"contacts":[],"custom":{"tags":[]}},"remove":{"contacts":[],"custom":{"remarks":[]}}}`), status: 200, header: map[string]string{"ETag": `"1-1"`}},
		{name: "the last line may be replaced", request: patch(`{"add":{"address":["1 A St","1 a st"]},"remove":{"address":["120 Mission Street, San Francisco, CA 94105"]}}`),
			status: 200, changes: true, members: map[string]any{"address": []any{"1 A St"}}},
		{name: "but not removed", request: patch(`{"remove":{"address":["120 mission street, San Francisco, CA 94105"]},"add":{"value":1}}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{"/remove/address: remove.address must contain at least 1 item when that is done"}},
		{name: "bounds hold for what comes of it", request: patch(`{"add":{"address":[` + ten + `],"value":1e15,"custom":{"capacity":1e1000}}}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{
				"/add/address: add.address must contain at most 10 items; got 11 when that is done",
				"/add/custom/capacity: add.custom.capacity must be a number of at most 100 characters; got 1008 when that is done",
				"/add/value: add.value must be a number from -1000000000000000 to 1000000000000000; got 1.0000000000012505e+15 when that is done",
			}},
		{name: "and for what is sent", request: patch(`{"add":{"address":[` + lines + `],"value":1e16,"contacts":["x"]},"remove":{"address":[]},"fill":{"primaryEmail":"nobody","description":null}}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{
				"/add/address: add.address must contain at most 10 items; got 11",
				`/add/contacts/0: add.contacts[0] must be an integer of at least 1 or an object with id; got "x"`,
				"/add/value: add.value must be a number from -1000000000000000 to 1000000000000000; got 1e16",
				"/fill/description: fill.description must not be null",
				`/fill/primaryEmail: fill.primaryEmail must be an e-mail address; got "nobody"`,
				"/remove/address: remove.address must contain at least 1 item",
			}},
		{name: "in one way only", request: patch(`{"value":1,"type":null,"custom":{"tags":["Gold"]},"add":{"value":1,"custom":{"tags":["Gold"],"capacity":1}},
			"remove":{"custom":{"tags":["Gold"]}},"fill":{"accountType":"RESIDENTIAL","custom":{"capacity":1}}}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{
				"/add/custom/tags: add.custom.tags must not be sent: custom.tags is also set",
				"/add/value: add.value must not be sent: value is also set",
				"/fill/accountType: fill.accountType must not be sent: accountType is also set",
				"/fill/custom/capacity: fill.custom.capacity must not be sent: custom.capacity is also in add or remove",
			}},
		{name: "what nothing can be added to, or removed from", request: patch(`{"add":{"title":"x","custom":{"roof_type":"Metal","tags":["Bronze"],"tag":1}},"remove":{"value":1,"custom":{"capacity":1,"tags":["Bronze"]}},"fill":{"title":"x"}}`),
			status: 400, code: "VALIDATION_ERROR",
			want: []string{`"pointer":"/add/title"`, `"pointer":"/fill/title"`, `"pointer":"/remove/value"`,
				"add.custom.roof_type takes one value, to which nothing can be added; set it instead", "add.custom.tags[0] must be one of Gold, Silver",
				`did you mean \"tags\"?`, "remove.custom.capacity takes one value, from which nothing can be removed", "remove.custom.tags[0] must be one of"}},
		{name: "null adds nothing", request: patch(`{"add":null,"remove":{"custom":{"tags":null}},"fill":{"custom":{"monitored":null}}}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{"/add: add must not be null", "/fill/custom/monitored: fill.custom.monitored must not be null", "/remove/custom/tags: remove.custom.tags must not be null"}},
		{name: "an unknown contact", request: patch(`{"add":{"contacts":[1,99]},"fill":{"value":1}}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{"/add/contacts/1: add.contacts[1] must be the id of a contact of this company; got 99"}},
		{name: "a new option is added, and none is removed", request: patchQuery("allow_new_options=true", `{"add":{"custom":{"tags":["Bronze","bronze"]}},"fill":{"custom":{"roof_type":"Never"}}}`),
			status: 200, changes: true, want: []string{`"tags":["Bronze"]`, `"roof_type":"Tile"`}},
		{name: "no option is new to what is removed", request: patchQuery("allow_new_options=true", `{"remove":{"custom":{"tags":["Bronze"]}}}`), status: 400, code: "VALIDATION_ERROR"},
		{name: "a new option that is filled", request: patchQuery("allow_new_options=true", `{"fill":{"custom":{"tags":["Bronze"]}}}`), status: 200, changes: true, want: []string{`"tags":["Bronze"]`}},
		{name: "a rehearsal", request: patchQuery("dry_run=true", `{"add":{"value":1}}`), status: 200, members: map[string]any{"value": 1251.5}, header: map[string]string{"Preview": "true"}},
		{name: "no member of a new account", request: request{method: "POST", path: "/accounts", body: `{"title":"A","address":["B"],"add":{"value":1}}`}, status: 400, code: "VALIDATION_ERROR",
			want: []string{`"pointer":"/add"`}},
		{name: "the former path", request: request{method: "PATCH", path: "/clients/1", body: `{"add":{"value":1}}`}, status: 200, changes: true, members: map[string]any{"value": 1251.5}},
	})
}

// The history has what changed, and nothing of how that was said; options that a
// patch names but does not need are not made.
func TestAdditionsInHistory(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, patchQuery("allow_new_options=true", `{"add":{"value":0.1,"custom":{"tags":["Bronze"]}},"fill":{"custom":{"roof_type":"Never"}}}`))
	if a.Code != http.StatusOK {
		t.Fatal(a.Code, a.Body)
	}
	history := f.history1(t)
	if got := fmt.Sprint(history[0].Fields); len(history) != 1 || got != "map[custom.tags:{<nil> [Bronze]} value:{1250.5 1250.6}]" {
		t.Errorf("%s", got)
	}
	properties, err := f.store.Properties(t.Context(), f.company.ID)
	must(t, err)
	if got := fmt.Sprint(properties[0].Options); got != "[Tile Metal]" {
		t.Errorf("options of %s: %s", properties[0].Key, got)
	}
}

// A value that another account has is told where it was sent.
func TestTakenByAdding(t *testing.T) {
	t.Parallel()
	f := withKeys(t, "A", "B")
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"custom":{"serial":5}}`}, http.StatusOK)
	for body, want := range map[string]string{
		`{"add":{"custom":{"serial":5.0}}}`:          "/add/custom/serial: add.custom.serial 5.0 is the value of account 3 already",
		`{"fill":{"custom":{"ext":"C","serial":5}}}`: "/fill/custom/serial: fill.custom.serial 5 is the value of account 3 already",
		`{"custom":{"serial":5},"add":{"value":1}}`:  "/custom/serial: custom.serial 5 is the value of account 3 already",
	} {
		a := f.must(t, request{method: "PATCH", path: "/accounts/4", body: body}, http.StatusConflict)
		if got := strings.Join(a.errors(), "\n"); got != want {
			t.Errorf("%s: got  %s\nwant %s", body, got, want)
		}
	}
}

// Exact decimals: what is added and taken away again leaves no trace.
func TestSums(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct{ set, add, want string }{
		{"1.50", "1", "2.50"}, {"0.1", "0.2", "0.3"}, {"null", "-0.70", "-0.70"}, {"-1", "1", "0"}, {"1.10e2", "0e5", "1.10e2"}, {"1e3", "1", "1001"},
		{"12345678901234567890.123", "0.877", "12345678901234567891.000"}, {"1e-3", "-0.002", "-0.001"}, {"9e200", "1e200", "1e201"}, {"1.5e-200", "-3e-200", "-1.5e-200"},
	} {
		must(t, f.custom(t, `{"custom":{"capacity":`+c.set+`}}`, ""))
		must(t, f.custom(t, `{"add":{"custom":{"capacity":`+c.add+`}}}`, `"capacity":`+c.want+`,`))
	}
}

// A zero has no sign, in whatever way it comes to be there: not every store has the
// two, and the history would tell of one what the other does not.
func TestZeroHasNoSign(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, body := range []string{`{"value":-0}`, `{"fill":{"value":-0.0}}`, `{"add":{"value":-0e5}}`} {
		must(t, f.custom(t, `{"value":null}`, ""))
		must(t, f.custom(t, body, `"value":0,`))
		must(t, f.custom(t, `{"add":{"value":1}}`, `"value":1,`))
		a := f.must(t, request{method: "GET", path: "/accounts/1/changes?page_size=2"}, http.StatusOK)
		for _, want := range []string{`"value":{"before":null,"after":0}`, `"value":{"before":0,"after":1}`} {
			if !strings.Contains(a.Body.String(), want) {
				t.Errorf("%s: %s has no %s", body, a.Body, want)
			}
		}
	}
}

// custom sends a patch, whose answer must hold a text.
func (f *fixture) custom(t *testing.T, body, want string) error {
	t.Helper()
	if a := f.send(t, patch(body)); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), want) {
		return fmt.Errorf("%s: %d %s, want %s", body, a.Code, a.Body, want)
	}
	return nil
}

// Those who add to one number at once lose nothing of each other, and those who
// add to one list keep all items.
func TestAddersAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const adders = 64
	atOnce(adders, func(i int) {
		body := fmt.Sprintf(`{"add":{"value":0.1,"custom":{"capacity":1,"remarks":["%d"]}}}`, i)
		if a := f.send(t, patch(body)); a.Code != http.StatusOK {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	})
	a := f.get(t, "1")
	custom := a.json["custom"].(map[string]any)
	if remarks := custom["remarks"].([]any); !same(a.json["value"], 1256.9) || !same(custom["capacity"], "76.50") || len(remarks) != adders {
		t.Errorf("value %v, capacity %v, %d remarks", a.json["value"], custom["capacity"], len(remarks))
	}
}

// In a batch each update acts on what those before it have made of the account,
// and one with an Idempotency-Key adds once.
func TestAdditionsInBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	r := batch("", `[{"id":1,"set":{"add":{"value":1}}},{"id":1,"set":{"add":{"value":2},"fill":{"size":9}}},{"id":2,"set":{"size":null}},{"id":2,"set":{"fill":{"size":9}}}]`)
	r.headers = map[string]string{"Idempotency-Key": "once"}
	for range 2 {
		if a := f.send(t, r); a.Code != http.StatusOK {
			t.Fatal(a.Code, a.Body)
		}
	}
	one, two := f.get(t, "1").json, f.get(t, "2").json
	if !same(one["value"], 1253.5) || !same(one["size"], 3) || !same(two["size"], 9) {
		t.Errorf("%v\n%v", one, two)
	}
	refused := f.send(t, batch("", `[{"id":1,"set":{"add":{"value":1}}},{"id":1,"set":{"add":{"custom":{"roof_type":"Tile"}}}}]`))
	if got := strings.Join(refused.errors(), "\n"); !strings.HasPrefix(got, "/updates/1/set/add/custom/roof_type: updates[1].set.add.custom.roof_type takes one value") {
		t.Errorf("%s", got)
	}
	if now := f.get(t, "1").json["value"]; !same(now, 1253.5) {
		t.Errorf("value %v", now)
	}
}

// What an item of a batch adds, removes and fills is measured by the account that
// matches, and told where it was sent.
func TestAdditionsInItems(t *testing.T) {
	t.Parallel()
	f := withKeys(t, "A", "B")
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"address":["x","y"],"custom":{"serial":10}}`}, http.StatusOK)
	f.must(t, request{method: "PATCH", path: "/accounts/4", body: `{"custom":{"serial":1}}`}, http.StatusOK)
	item := func(act, key, parts string) string {
		return fmt.Sprintf(`{"match":"custom.ext",%q:{"custom":{"ext":%q},%s}}`, act, key, parts)
	}
	for _, act := range []string{"update", "upsert"} {
		f.must(t, items("", item(act, "A", `"remove":{"address":["x"]},"add":{"custom":{"serial":1}}`)), http.StatusOK)
		f.must(t, items("", item(act, "A", `"add":{"address":["x"],"custom":{"serial":-1}},"fill":{"contacts":[1]}`)), http.StatusOK)
		f.must(t, items("", item(act, "A", `"remove":{"contacts":[]},"fill":{"custom":{"serial":1}}`)), http.StatusOK)
		for parts, want := range map[string]string{
			`"remove":{"address":["x","Y"]}`:          "/items/0/" + act + "/remove/address: items[0]." + act + ".remove.address must contain at least 1 item when that is done",
			`"add":{"custom":{"serial":-9.0}}`:        "/items/0/" + act + "/add/custom/serial: items[0]." + act + ".add.custom.serial 1.0 is the value of account 4 already",
			`"remove":{"custom":{"tags":["Bronze"]}}`: "/items/0/" + act + "/remove/custom/tags/0: items[0]." + act + `.remove.custom.tags[0] must be one of Gold, Silver; got "Bronze"`,
		} {
			a := f.send(t, items("", item(act, "A", parts)))
			if got := strings.Join(a.errors(), "\n"); got != want {
				t.Errorf("%s: got  %s\nwant %s", parts, got, want)
			}
		}
	}
	a := f.send(t, items("", item("upsert", "N", `"title":"N","address":["x"],"fill":{"custom":{"serial":1}},"remove":{"custom":{"tags":["Bronze"]},"contacts":[1]}`)))
	if got := strings.Join(a.errors(), "\n"); !strings.Contains(got, "remove.custom.tags[0] must be one of") {
		t.Errorf("%s", got)
	}
	a = f.must(t, items("", item("upsert", "N", `"title":"N","address":["x"],"fill":{"custom":{"serial":1}}`)), http.StatusConflict)
	if got := strings.Join(a.errors(), "\n"); got != "/items/0/upsert/fill/custom/serial: items[0].upsert.fill.custom.serial 1 is the value of account 4 already" {
		t.Errorf("%s", got)
	}
}
