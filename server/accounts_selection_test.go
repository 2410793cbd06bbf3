package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// selected is a PATCH of the accounts that a query selects.
func selected(query, body string) request {
	return request{method: "PATCH", path: "/accounts?" + query, body: body}
}

// A patch by filters only shows what it would do, unless it is told to write; its
// answer is the same then, and has no tag.
func TestUpdateSelection(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const body = `{"add":{"value":0.1,"custom":{"tags":["gold"]}},"fill":{"description":"none"}}`
	look := f.send(t, selected("title=solar&max_affected=1", body))
	const want = `{"matched":1,"accounts":[{"id":1,"title":"Sunrise Solar","version":2,"fields":{` +
		`"custom.tags":{"before":null,"after":["Gold"]},"value":{"before":1250.5,"after":1250.6}}}]}` + "\n"
	if look.Code != http.StatusOK || look.Body.String() != want || look.Header().Get("Preview") != "true" || look.Header().Get("ETag") == "" {
		t.Fatalf("%d %v %s", look.Code, look.Header(), look.Body)
	}
	if again := f.send(t, selected("title=solar&max_affected=9&dry_run=true", body)); again.Header().Get("ETag") != look.Header().Get("ETag") || again.Body.String() != want {
		t.Errorf("%v %s", again.Header(), again.Body)
	}
	if len(f.history1(t)) != 0 {
		t.Fatal("a dry run has written")
	}
	r := selected("title=solar&max_affected=1&dry_run=false", body)
	r.headers = map[string]string{"If-Match": `"x", ` + look.Header().Get("ETag")}
	done := f.send(t, r)
	if done.Code != http.StatusOK || done.Body.String() != want || done.Header().Get("Preview")+done.Header().Get("ETag") != "" {
		t.Errorf("%d %v %s", done.Code, done.Header(), done.Body)
	}
	if again := f.send(t, r); again.Code != http.StatusPreconditionFailed || !strings.Contains(again.Body.String(), "look again") {
		t.Errorf("what was looked at is written twice: %d %s", again.Code, again.Body)
	}
	if a, history := f.get(t, "1"), f.history1(t); len(history) != 1 || !same(a.json["value"], 1250.6) || len(history[0].Fields) != 2 {
		t.Errorf("%v %v", a.json["value"], history)
	}
}

// What selects the accounts is all that a list and a search can ask for.
func TestSelects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"isActive":false,"custom":{"roof_type":"Metal"}}`})
	for query, want := range map[string]string{
		"q=mission": "1", "q=mission&include_archived=true": "1 2", "title=taken&include_archived=true": "2", "title=taken": "",
		"primaryName=park&primaryPhone=415555&primaryEmail=office&address=mission": "1", "updated_after=2026-11-24T16:05:12.3Z&include_archived=true": "2",
		"prop1=roof_type&op1=eq&value1=tile": "1",
		"prop1=roof_type&op1=eq&value1=tile&prop2=number&op2=eq&value2=77&logic=or&include_archived=true": "1 2",
		"prop1=roof_type&op1=exists&value1=true&title=solar&include_archived=true":                        "1",
		"prop1=number&op1=gt&value1=0&prop2=number&op2=lt&value2=2&q=sunrise&include_archived=true":       "1",
		"prop1=roof_type&op1=in&value1=Tile,Metal&logic=or&q=taken&include_archived=true":                 "2",
	} {
		a := f.send(t, selected("max_affected=5&"+query, `{"description":"x"}`))
		if got := a.selectedIDs(); a.Code != http.StatusOK || got != want {
			t.Errorf("%s: %d %s, want %q", query, a.Code, a.Body, want)
		}
	}
}

// selectedIDs are the accounts that would change.
func (a answer) selectedIDs() string {
	var ids []string
	accounts, _ := a.json["accounts"].([]any)
	for _, item := range accounts {
		ids = append(ids, fmt.Sprint(item.(map[string]any)["id"]))
	}
	return strings.Join(ids, " ")
}

// wrongForAll is what is wrong with a patch whatever account it meets.
var wrongForAll = []string{
	"/add/contacts/0: add.contacts[0] must be the id of a contact of this company; got 99",
	`/custom/roof_type: custom.roof_type must be one of Tile, Metal; got "Slate"`,
	`/remove/custom/tag: remove.custom.tag is not a property of this company; did you mean "tags"?`,
}

// What could do harm is refused, and nothing of it is written.
func TestUpdateSelectionRefuses(t *testing.T) {
	t.Parallel()
	const good = `{"description":"x"}`
	real := func(query, body string) request { return selected("dry_run=false&"+query, body) }
	runScenarios(t, []scenario{
		{name: "no filter", request: real("max_affected=500&include_archived=true", good), status: 400, code: "VALIDATION_ERROR",
			errors: []string{"query query: the query must have a filter, such as q, title, or prop1 with op1 and value1"}},
		{name: "an empty filter", request: real("max_affected=500&q=", good), status: 400, code: "VALIDATION_ERROR"},
		{name: "an empty filter on the former path", request: request{method: "PATCH", path: "/clients?dry_run=false&max_affected=500&q=&title=taken", body: good}, status: 400, code: "VALIDATION_ERROR"},
		{name: "no limit", request: real("q=sunrise", good), status: 400, code: "VALIDATION_ERROR", errors: []string{"query max_affected: max_affected is required"}},
		{name: "no such limit", request: real("q=sunrise&max_affected=501", good), status: 400, code: "VALIDATION_ERROR"},
		{name: "more than the limit", request: real("q=mission&max_affected=1", good), status: 409, code: "CONFLICT",
			errors: []string{"query max_affected: max_affected is 1, and 2 accounts match; nothing is written"}},
		{name: "more than the limit, in a dry run", request: selected("q=mission&max_affected=1", good), status: 409, code: "CONFLICT"},
		{name: "half a test", request: real("q=sunrise&max_affected=5&op1=eq", good), status: 400, code: "VALIDATION_ERROR",
			want: []string{"prop1 is missing", "value1 is missing"}},
		{name: "a test that is none, and a filter of space", request: real("q=+&max_affected=5", good), status: 400, code: "VALIDATION_ERROR"},
		{name: "or beside other filters", request: real("q=sunrise&max_affected=5&prop1=number&op1=eq&value1=1&prop2=number&op2=eq&value2=77&logic=or", good), status: 400, code: "VALIDATION_ERROR",
			errors: []string{"query logic: logic must be and where there are filters beside the two tests"}},
		{name: "all that is wrong", request: real("prop1=roof_typ&op1=eq&value1=Tile", `{"number":5,"titel":"x"}`), status: 400, code: "VALIDATION_ERROR",
			want: []string{`"field":"max_affected"`, `"field":"prop1"`, `"pointer":"/number"`, "cannot be set by a filter", `"pointer":"/titel"`}},
		{name: "what no account can take", request: real("q=mission&max_affected=1", `{"title":"x","custom":{"roof_type":"Slate"},"add":{"contacts":[99]},"remove":{"address":["x"],"custom":{"tag":"Gold"}}}`), status: 400, code: "VALIDATION_ERROR",
			errors: wrongForAll},
		{name: "what no account can take, where none matches", request: selected("q=nothing&max_affected=1", `{"title":"x","custom":{"roof_type":"Slate"},"add":{"contacts":[99]},"remove":{"custom":{"tag":"Gold"}}}`), status: 400, code: "VALIDATION_ERROR",
			errors: wrongForAll},
		{name: "what no account can take, beside what is wrong at once", request: real("q=mission&max_affected=0", `{"value":"x","custom":{"roof_type":"Slate"}}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{
				`/custom/roof_type: custom.roof_type must be one of Tile, Metal; got "Slate"`,
				`/value: value must be a number from -1000000000000000 to 1000000000000000; got "x"`,
				"query max_affected: max_affected must be an integer from 1 to 500; got 0",
			}},
		{name: "an account that cannot take it", request: real("q=mission&max_affected=5", `{"title":"x","remove":{"address":["120 Mission Street, San Francisco, CA 94105"]}}`), status: 400, code: "VALIDATION_ERROR",
			want: []string{`remove.address must contain at least 1 item when that is done (account 1)`}},
		{name: "what is filled nowhere", request: real("title=solar&max_affected=5", `{"fill":{"custom":{"roof_type":"Slate"}}}`), status: 200},
		{name: "the id of one", request: real("q=mission&max_affected=5", `{"id":1,"title":"x"}`), status: 400, code: "VALIDATION_ERROR", want: []string{"(account 2)"}},
		{name: "another tag", request: request{method: "PATCH", path: "/accounts?dry_run=false&q=mission&max_affected=5", body: good, headers: map[string]string{"If-Match": `"9f86d081884c7d659a2feaa0c55ad015"`}},
			status: 412, code: "PRECONDITION_FAILED"},
		{name: "a key that reads", request: request{method: "PATCH", path: "/accounts?q=mission&max_affected=5", body: good, key: readKey}, status: 403, code: "FORBIDDEN"},
		{name: "nothing matches", request: real("q=nothing&max_affected=1", good), status: 200, want: []string{`{"matched":0,"accounts":[]}`}},
		{name: "nothing changes", request: real("title=solar&max_affected=1", `{"title":"Sunrise Solar"}`), status: 200, want: []string{`{"matched":1,"accounts":[]}`}},
		{name: "the former path", request: request{method: "PATCH", path: "/clients?title=solar&max_affected=1&_=1", body: good}, status: 200, want: []string{`"id":1`}},
		{name: "a new option", request: real("title=solar&max_affected=1&allow_new_options=true", `{"custom":{"roof_type":"Slate"}}`), status: 200, changes: true, want: []string{`"after":"Slate"`}},
	})
}

// What is shown is what is written: where anybody wrote one of the accounts since,
// or the patch is another, the tag holds no longer.
func TestSelectionTag(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const query, body = "q=mission&max_affected=5", `{"description":"x"}`
	tag := func(query, body string) string { return f.send(t, selected(query, body)).Header().Get("ETag") }
	first := tag(query, body)
	if other := tag(query, `{"description":"y"}`); other == first {
		t.Error("another patch has the same tag")
	}
	if other := tag("title=solar&max_affected=5", body); other == first {
		t.Error("other accounts have the same tag")
	}
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"size":7}`})
	if other := tag(query, body); other == first {
		t.Error("another version has the same tag")
	}
}

// A request with an Idempotency-Key writes once; dry runs, which are what comes
// without a word, leave no answer behind.
func TestSelectionOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	send := func(query string) answer {
		r := selected("title=solar&max_affected=5"+query, `{"add":{"value":1}}`)
		r.headers = map[string]string{"Idempotency-Key": "once"}
		a := f.send(t, r)
		if a.Code != http.StatusOK {
			t.Fatal(a.Code, a.Body)
		}
		return a
	}
	send("")
	first, second := send("&dry_run=false"), send("&dry_run=false")
	if send("").Header().Get("Preview") != "true" || second.Header().Get("Idempotency-Replayed") != "true" || second.Body.String() != first.Body.String() {
		t.Errorf("%v %s", second.Header(), second.Body)
	}
	if got := f.get(t, "1").json["value"]; !same(got, 1251.5) {
		t.Errorf("value %v", got)
	}
}

// Selections and single updates at once lose nothing of each other, and each
// account gets one change of each.
func TestSelectionsAtOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ids := f.seedAccounts(t, 30)[:30]
	query := fmt.Sprintf("prop1=id&op1=between&value1=%d,%d&max_affected=100&dry_run=false", ids[0], ids[29])
	atOnce(12, func(i int) {
		r := selected(query, `{"add":{"value":1}}`)
		if i%2 == 0 {
			r = request{method: "PATCH", path: fmt.Sprintf("/accounts/%d", ids[i]), body: `{"add":{"value":1}}`}
		}
		if a := f.send(t, r); a.Code != http.StatusOK {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	})
	for i, id := range ids {
		want := 1256.5
		if i < 12 && i%2 == 0 {
			want++
		}
		if a := f.get(t, fmt.Sprint(id)); !same(a.json["value"], want) {
			t.Errorf("account %d: %v, want %v", id, a.json["value"], want)
		}
	}
}
