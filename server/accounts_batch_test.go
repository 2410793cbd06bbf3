package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
)

func batch(query, body string) request {
	return request{method: "POST", path: "/accounts/batch?" + query, body: `{"updates":` + body + `}`}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.clock.advance(time.Minute)
	a := f.send(t, batch("allow_new_options=true", `[
		{"id":2,"ifMatch":"\"2-1\"","set":{"title":"Second","custom":{"roof_type":"Thatch"}}},
		{"id":1,"set":{"description":null,"contacts":[2],"custom":{"roof_type":" thatch "}}},
		{"id":2,"ifMatch":"\"2-9\", \"2-2\"","set":{"number":500,"title":" Second "}},
		{"id":1,"set":{}}]`))
	accounts, _ := a.json["accounts"].([]any)
	if a.Code != http.StatusOK || len(accounts) != 4 || a.Header().Get("ETag") != "" || a.Header().Get("Preview") != "" {
		t.Fatalf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	for i, id := range []string{"2", "1", "2", "1"} {
		stored := f.get(t, id)
		if !same(accounts[i], stored.json) {
			t.Errorf("account %d is %v, stored %v", i, accounts[i], stored.json)
		}
	}
	second := f.get(t, "2")
	if second.json["title"] != "Second" || !same(second.json["number"], 500) || !strings.HasPrefix(second.Header().Get("ETag"), `"2-3-`) || !strings.Contains(second.Body.String(), "Thatch") {
		t.Errorf("%v %s", second.Header(), second.Body)
	}
	properties, err := f.store.Properties(t.Context(), f.company.ID)
	must(t, err)
	if got := fmt.Sprint(properties[0].Options); got != "[Tile Metal Thatch]" {
		t.Errorf("options %s", got)
	}
	changes := f.send(t, get("/accounts/changes"))
	if got := changes.changed(); got != "2:updated/2 1:updated/2 2:updated/3" {
		t.Errorf("changes %s", got)
	}
}

// changed lists changes as account:kind/version, in order.
func (a answer) changed() string {
	var texts []string
	changes, _ := a.json["changes"].([]any)
	for _, item := range changes {
		c := item.(map[string]any)
		texts = append(texts, fmt.Sprintf("%v:%v/%v", c["accountId"], c["kind"], c["version"]))
	}
	return strings.Join(texts, " ")
}

func TestBatchRefuses(t *testing.T) {
	t.Parallel()
	long := "[" + strings.Repeat(`{"id":1,"set":{}},`, 500) + `{"id":1,"set":{}}]`
	conflict := "CONFLICT"
	for _, c := range []struct {
		name, body string
		status     int
		code       string
		errors     []string
		fields     string // of the offences, in the answer's order
	}{
		{"all offences of all updates", `[
				{"id":1,"set":{"title":" ","description":"fine","custom":{"nope":1,"capacity":5},"contacts":[1,99]}},
				{"id":999,"set":{"title":"x"}},
				{"id":2,"ifMatch":"\"2-7\"","set":{"number":1,"titel":1,"address":["x",5]}},
				{"id":"x","ifMatch":"2-7","set":{"title":"also"}},
				{"set":{"primaryEmail":"none"},"extra":1}]`, 400, "VALIDATION_ERROR", []string{
			"/updates/0/set/contacts/1: updates[0].set.contacts[1] must be the id of a contact of this company; got 99",
			"/updates/0/set/custom/nope: updates[0].set.custom.nope is not a property of this company",
			"/updates/0/set/title: updates[0].set.title must not be blank; got \" \"",
			"/updates/1/id: updates[1].id must be the id of an account; got 999",
			"/updates/2/ifMatch: updates[2].ifMatch is not the current version of the account; fetch it again",
			"/updates/2/set/address/1: updates[2].set.address[1] must be a string; got 5",
			"/updates/2/set/number: updates[2].set.number 1 is taken by another account",
			`/updates/2/set/titel: updates[2].set.titel is not a known member; did you mean "title"?`,
			`/updates/3/id: updates[3].id must be an integer of at least 1; got "x"`,
			`/updates/3/ifMatch: updates[3].ifMatch must be * or entity tags in double quotes, such as "42-7"; got "2-7"`,
			"/updates/4/extra: updates[4].extra is not a known member",
			"/updates/4/id: updates[4].id is required",
			`/updates/4/set/primaryEmail: updates[4].set.primaryEmail must be an e-mail address; got "none"`,
		}, ""},
		{"only preconditions", `[{"id":1,"ifMatch":"\"2-1\"","set":{"title":"x"}},{"id":2,"ifMatch":"W/\"2-1\"","set":{}}]`, 412, "PRECONDITION_FAILED", []string{
			"/updates/0/ifMatch: updates[0].ifMatch is not the current version of the account; fetch it again",
			"/updates/1/ifMatch: updates[1].ifMatch is not the current version of the account; fetch it again",
		}, "updates.0.ifMatch updates.1.ifMatch"},
		{"only conflicts", `[{"id":1,"set":{"number":77,"title":"x"}}]`, 409, conflict, nil, "updates.0.set.number"},
		{"two for one number", `[{"id":1,"set":{"number":500}},{"id":2,"set":{"number":500}}]`, 409, conflict, []string{"/updates/1/set/number: updates[1].set.number 500 is taken by another account"}, "updates.1.set.number"},
		{"conflict and precondition", `[{"id":1,"set":{"number":77}},{"id":2,"ifMatch":"\"2-9\"","set":{"title":"x"}}]`, 400, "VALIDATION_ERROR", nil, "updates.0.set.number updates.1.ifMatch"},
		{"a version that an earlier update has made old", `[{"id":1,"ifMatch":"\"1-1\"","set":{"title":"x"}},{"id":1,"ifMatch":"\"1-1\"","set":{"title":"y"}}]`, 412, "PRECONDITION_FAILED", nil, "updates.1.ifMatch"},
		{"an id unlike the update's", `[{"id":1,"set":{"id":2,"title":"x"}}]`, 400, "VALIDATION_ERROR", nil, "updates.0.set.id"},
		{"an item of a list in an update", `[{"id":1,"set":{"title":"x","custom":{"remarks":["a",5]}}}]`, 400, "VALIDATION_ERROR", nil, "updates.0.set.custom.remarks"},
		{"an update that is no object", `[5,{"id":1,"set":{"title":" "}}]`, 400, "VALIDATION_ERROR", nil, "updates updates.1.set.title"},
		{"no updates", `[]`, 400, "VALIDATION_ERROR", []string{"/updates: updates must contain at least 1 item"}, "updates"},
		{"too many updates", long, 400, "VALIDATION_ERROR", []string{"/updates: updates must contain at most 500 items; got 501"}, "updates"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			before := f.get(t, "1").Body.String() + f.get(t, "2").Body.String()
			a := f.send(t, batch("allow_new_options=true", c.body))
			if a.Code != c.status || a.json["code"] != c.code {
				t.Errorf("%d %s", a.Code, a.Body)
			}
			checkProblem(t, a)
			if c.errors != nil && strings.Join(a.errors(), "\n") != strings.Join(c.errors, "\n") {
				t.Errorf("errors\n %s\nwant\n %s", strings.Join(a.errors(), "\n "), strings.Join(c.errors, "\n "))
			}
			if got := a.fields(); c.fields != "" && got != c.fields {
				t.Errorf("fields %s, want %s", got, c.fields)
			}
			if after := f.get(t, "1").Body.String() + f.get(t, "2").Body.String(); after != before {
				t.Errorf("accounts changed: %s", after)
			}
			if got := f.send(t, get("/accounts/changes")).changed(); got != "" {
				t.Errorf("changes %s", got)
			}
		})
	}
}

// fields lists the fields of a problem's offences, in its order.
func (a answer) fields() string {
	var fields []string
	list, _ := a.json["errors"].([]any)
	for _, item := range list {
		fields = append(fields, item.(map[string]any)["field"].(string))
	}
	return strings.Join(fields, " ")
}

// An option that a good update would add is not there if another one fails.
func TestFailedBatchAddsNoOption(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, batch("allow_new_options=true", `[{"id":1,"set":{"custom":{"roof_type":"Thatch"}}},{"id":2,"set":{"custom":{"capacity":"x"}}}]`))
	if a.Code != http.StatusBadRequest || a.fields() != "updates.1.set.custom.capacity" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, batch("", `[{"id":1,"set":{"custom":{"roof_type":"Thatch"}}}]`)); a.Code != http.StatusBadRequest {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

func TestBatchDryRun(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.get(t, "1").Body.String()
	body := `[{"id":1,"set":{"title":"New"}},{"id":1,"ifMatch":"\"1-2\"","set":{"custom":{"roof_type":"Thatch"}}}]`
	a := f.send(t, batch("dry_run=true&allow_new_options=true", body))
	if a.Code != http.StatusOK || a.Header().Get("Preview") != "true" || !strings.Contains(a.Body.String(), "Thatch") {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	if after := f.get(t, "1").Body.String(); after != before {
		t.Errorf("the account changed: %s", after)
	}
	if a := f.send(t, batch("dry_run=true", body)); a.Code != http.StatusBadRequest {
		t.Errorf("a dry run left an option behind: %d %s", a.Code, a.Body)
	}
}

func TestBatchOfAnotherCompany(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.get(t, "1").Body.String()
	r := batch("", `[{"id":1,"set":{"title":"Stolen"}}]`)
	r.key = otherKey
	unknown := batch("", `[{"id":999,"set":{"title":"Stolen"}}]`)
	unknown.key = otherKey
	a, b := f.send(t, r), f.send(t, unknown)
	if a.Code != http.StatusBadRequest || strings.ReplaceAll(strings.Join(b.errors(), ""), "999", "1") != strings.Join(a.errors(), "") {
		t.Errorf("%d %s\n%s", a.Code, a.Body, b.Body)
	}
	r.key = readKey
	if a := f.send(t, r); a.Code != http.StatusForbidden {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if after := f.get(t, "1").Body.String(); after != before {
		t.Errorf("the account changed: %s", after)
	}
}

// Bodies of nothing but offences are answered in a time that does not grow with
// the square of their number.
func TestManyOffences(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var members strings.Builder
	for i := range 12_000 {
		fmt.Fprintf(&members, `,"a%d":1`, i)
	}
	for _, r := range []request{
		patch(`{"title":"x"` + members.String() + `}`),
		batch("", `[`+strings.Repeat(`{"id":1,"set":{"x":1,"y":2}},`, 6_000)+`{"id":1,"set":{}}]`),
		batch("", `[`+strings.Repeat(`{"id":999,"x":1,"set":{"custom":{"nope":1}}},`, 11_000)+`{"id":1,"set":{}}]`),
	} {
		a := f.send(t, r)
		if errors, _ := a.json["errors"].([]any); a.Code != http.StatusBadRequest || len(errors) != fault.MaxOffences+1 {
			t.Errorf("%d with %d errors", a.Code, len(errors))
		}
	}
}
