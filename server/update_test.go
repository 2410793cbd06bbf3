package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// patch is a PATCH of the fixture's account.
func patch(body string) request { return request{method: "PATCH", path: "/accounts/1", body: body} }

func patchQuery(query, body string) request {
	return request{method: "PATCH", path: "/accounts/1?" + query, body: body}
}

func TestUpdateAccount(t *testing.T) {
	t.Parallel()
	runScenarios(t, []scenario{
		{name: "S1 S2 what is not sent is not touched", request: patch(`{"title":"New"}`), status: 200, changes: true,
			members: map[string]any{"title": "New", "description": "Came by referral.", "primaryEmail": "office@sunrise.example",
				"primaryPhone": "+14155550142", "number": 1, "accountType": "COMMERCIAL", "value": 1250.5, "size": 3,
				"isActive": true, "custom": map[string]any{"capacity": "12.50", "roof_type": "Tile"}}},
		{name: "S3 S51 value and size are stored, type is accountType", request: patch(`{"value":2.25,"size":null,"type":"RESIDENTIAL"}`),
			status: 200, changes: true, members: map[string]any{"value": 2.25, "size": nil, "accountType": "RESIDENTIAL"}, notWant: []string{`"type"`}},
		{name: "S4 contact information, trimmed and normalised", request: patch(`{"primaryEmail":" New@Sunrise.EXAMPLE ","primaryPhone":"(415) 555-0199"}`),
			status: 200, changes: true, members: map[string]any{"primaryEmail": "new@sunrise.example", "primaryPhone": "+14155550199"}},
		{name: "S5 S25 custom fields merge per key", request: patch(`{"custom":{"roof_type":null,"monitored":true}}`), status: 200, changes: true,
			members: map[string]any{"custom": map[string]any{"capacity": "12.50", "monitored": true}}},
		{name: "S11 S12 a label that is no option is refused by default", request: patch(`{"custom":{"roof_type":"Thatch"}}`), status: 400,
			code: "VALIDATION_ERROR", want: []string{"Tile, Metal", `"field":"custom.roof_type"`}},
		{name: "S11 S12 a label is added when allowed", request: patchQuery("allow_new_options=true", `{"custom":{"roof_type":" Thatch "}}`),
			status: 200, changes: true, members: map[string]any{"custom": map[string]any{"capacity": "12.50", "roof_type": "Thatch"}}},
		{name: "labels match without case", request: patch(`{"custom":{"roof_type":"mETAL"}}`), status: 200, changes: true, want: []string{`"roof_type":"Metal"`}},
		{name: "S14 the body is an object", request: patch(`[{"title":"x"}]`), status: 400, code: "VALIDATION_ERROR", want: []string{"an object; got a list"}},
		{name: "S15-S17 S24 S52 echo is accepted and not written", request: patch(`{"id":1,"createdAt":"2001-01-01T00:00:00Z","updatedAt":"2001-01-01T00:00:00+02:00","createdBy":null,"updatedBy":{"id":9,"firstName":null,"lastName":null,"email":"x@y.example"}}`),
			status: 200, members: map[string]any{"id": 1, "createdAt": "2026-11-24T16:05:12.300Z", "updatedAt": "2026-11-24T16:05:12.300Z", "updatedBy": nil}},
		{name: "S52 an id unlike the path's", request: patch(`{"id":2,"title":"New"}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"field":"id"`}},
		{name: "S18 title is not nullable", request: patch(`{"title":null}`), status: 400, code: "VALIDATION_ERROR", errors: []string{"/title: title must not be null"}},
		{name: "S19 S30 S36 null clears the description", request: patch(`{"description":null}`), status: 200, changes: true, want: []string{`"description":null`}},
		{name: "S22 S30 null clears the e-mail address", request: patch(`{"primaryEmail":null}`), status: 200, changes: true, want: []string{`"primaryEmail":null`}},
		{name: "S23 S30 null clears the phone number", request: patch(`{"primaryPhone":null}`), status: 200, changes: true, want: []string{`"primaryPhone":null`}},
		{name: "S26 S30 null clears the account type", request: patch(`{"accountType":null}`), status: 200, changes: true, want: []string{`"accountType":null`}},
		{name: "S20 address replaces the list", request: patch(`{"address":["1 A St","2 B St"]}`), status: 200, changes: true, members: map[string]any{"address": []any{"1 A St", "2 B St"}}},
		{name: "S20 S30 no other member is nullable", request: patch(`{"address":null,"isActive":null,"custom":null,"number":null}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{"/address: address must not be null", "/custom: custom must not be null", "/isActive: isActive must not be null", "/number: number must not be null"}},
		{name: "S21 S58 false archives", request: patch(`{"isActive":false}`), status: 200, changes: true, members: map[string]any{"isActive": false}},
		{name: "S24 number renumbers", request: patch(`{"number":1234}`), status: 200, changes: true, members: map[string]any{"number": 1234}},
		{name: "a taken number is a conflict", request: patch(`{"number":77,"title":"New"}`), status: 409, code: "CONFLICT", want: []string{`"field":"number"`, `"pointer":"/number"`}},
		{name: "S26 S27 the enum is spelled exactly", request: patch(`{"accountType":"residential"}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{`/accountType: accountType must be one of RESIDENTIAL, COMMERCIAL; got "residential"`}},
		{name: "S3 type and accountType must agree", request: patch(`{"accountType":"RESIDENTIAL","type":"COMMERCIAL"}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/type"`}},
		{name: "S28 S53 contacts by id", request: patch(`{"contacts":[2,1]}`), status: 200, changes: true, want: []string{`"contacts":[{"id":2,`}},
		{name: "S28 S53 contacts as fetched, other members not written", request: patch(`{"contacts":[{"id":2,"name":"Mallory","emails":["x"]}]}`), status: 200, changes: true,
			want: []string{"Lee Chan"}, notWant: []string{"Mallory", "Jo Park"}},
		{name: "S59 the primary address and number leave the contacts alone", request: patch(`{"primaryEmail":"jo@sunrise.example","primaryPhone":null}`), status: 200, changes: true,
			want: []string{`"contacts":[{"id":1,"name":"Jo Park","title":"Facility manager","emails":["jo@sunrise.example"],"phones":["+14155550143"]`}},
		{name: "null unlinks all contacts", request: patch(`{"contacts":null}`), status: 200, changes: true, want: []string{`"contacts":[]`}},
		{name: "an unknown contact", request: patch(`{"contacts":[1,99]}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/contacts/1"`, `"field":"contacts"`}},
		{name: "a contact that is neither id nor object", request: patch(`{"contacts":["x"]}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{`/contacts/0: contacts[0] must be an integer of at least 1 or an object with id; got "x"`}},
		{name: "S29 S60 an empty patch changes nothing", request: patch(`{}`), status: 200, members: map[string]any{"updatedAt": "2026-11-24T16:05:12.300Z"}, header: map[string]string{"ETag": `"1-1"`}},
		{name: "S60 equal values change nothing", request: patch(`{"title":" Sunrise Solar ","custom":{"roof_type":"tile"}}`), status: 200, header: map[string]string{"ETag": `"1-1"`}},
		{name: "S31 S44 S45 the answer is the whole account", request: patch(`{"title":"New"}`), status: 200, changes: true, header: map[string]string{"ETag": `"1-2"`, "Content-Type": "application/json"},
			want: []string{`"id":1`, `"createdAt"`, `"updatedAt"`, `"title"`, `"description"`, `"address"`, `"isActive"`, `"primaryEmail"`, `"primaryPhone"`, `"number"`, `"custom"`, `"accountType"`, `"contacts"`, `"createdBy"`, `"updatedBy"`}},
		{name: "S55 the merge patch media type means the same", request: request{method: "PATCH", path: "/accounts/1", body: `{"title":"New"}`, headers: map[string]string{"Content-Type": "application/merge-patch+json"}},
			status: 200, changes: true, members: map[string]any{"title": "New"}},
		{name: "Application/JSON is JSON", request: request{method: "PATCH", path: "/accounts/1", body: `{"title":"New"}`, headers: map[string]string{"Content-Type": "Application/JSON; Charset=UTF-8"}},
			status: 200, changes: true, members: map[string]any{"title": "New"}},
		{name: "S56 limits", request: patch(`{"title":"` + strings.Repeat("x", 256) + `","address":[],"primaryPhone":"none","primaryEmail":"nobody","value":1e16,"number":0}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{
				"/address: address must contain at least 1 item",
				"/number: number must be an integer from 1 to 9007199254740991; got 0",
				`/primaryEmail: primaryEmail must be an e-mail address; got "nobody"`,
				`/primaryPhone: primaryPhone must contain a digit; got "none"`,
				"/title: title must be at most 255 characters; got 256",
				"/value: value must be a number from -1000000000000000 to 1000000000000000; got 1e16",
			}},
		{name: "S57 unknown members and keys", request: patch(`{"titel":"x","custom":{"roof_typ":"Tile"}}`), status: 400, code: "VALIDATION_ERROR",
			want: []string{`"pointer":"/titel"`, `did you mean \"title\"?`, `"pointer":"/custom/roof_typ"`, `did you mean \"roof_type\"?`}},
		{name: "custom numbers come back digit for digit", request: patch(`{"custom":{"capacity":12345678901234567890.123}}`), status: 200, changes: true, want: []string{`"capacity":12345678901234567890.123`}},
		{name: "the form of a custom number is kept", request: patch(`{"custom":{"capacity":1.10e2}}`), status: 200, changes: true, want: []string{`"capacity":1.10e2`}},
		{name: "a list without duplicates", request: patch(`{"custom":{"tags":["silver","Gold","SILVER"]}}`), status: 200, changes: true, want: []string{`"tags":["Silver","Gold"]`}},
		{name: "a NUL is refused where it stands", request: patch(`{"description":"a\u0000b","custom":{"remarks":["x\u0000"]}}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/description"`, `"pointer":"/custom/remarks/0"`}},
	})
}

// S6, S46: all offences come in one answer, those of the spec and those of the domain,
// and nothing of the request is written: not even the option that one of the
// good members would have created.
func TestUpdateAccountNamesEveryOffence(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.get(t, "1").Body.String()
	a := f.send(t, patchQuery("allow_new_options=true&dry_runn=true", `{
		"title": "Fine", "description": "fine", "address": ["fine"], "isActive": true, "primaryEmail": "fine@sunrise.example",
		"primaryPhone": 5, "number": 77, "accountType": "residential",
		"custom": {"roof_type": "Would be new", "capacity": "12", "installed_on": "yesterday"}, "contacts": [99], "oops": 1}`))
	if a.Code != http.StatusBadRequest {
		t.Fatalf("status %d: %s", a.Code, a.Body)
	}
	var places []string
	for _, e := range a.errors() {
		place, _, _ := strings.Cut(e, ":")
		places = append(places, place)
	}
	want := "/accountType /contacts/0 /custom/capacity /custom/installed_on /number /oops /primaryPhone query dry_runn"
	if got := strings.Join(places, " "); got != want {
		t.Errorf("offences at\n %s\nwant\n %s", got, want)
	}
	if after := f.get(t, "1").Body.String(); after != before {
		t.Errorf("the account changed: %s", after)
	}
	properties, err := f.store.Properties(t.Context(), f.company.ID)
	must(t, err)
	if got := fmt.Sprint(properties[0].Options); got != "[Tile Metal]" {
		t.Errorf("options of %s: %s", properties[0].Key, got)
	}
}

func TestUpdateAccountWritesHistoryOnce(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.clock.advance(time.Minute)
	for range 2 { // The second one changes nothing.
		f.send(t, patch(`{"title":"New","custom":{"capacity":13}}`))
	}
	history, err := f.store.History(t.Context(), f.company.ID, 1, 0, 100)
	must(t, err)
	if len(history) != 1 {
		t.Fatalf("%d entries", len(history))
	}
	entry := history[0]
	if entry.Version != 2 || entry.UserID != f.ada.ID || !entry.At.Equal(f.clock.Now()) || len(entry.Fields) != 2 {
		t.Errorf("entry %+v", entry)
	}
	if c := entry.Fields["custom.capacity"]; !same(c.Before, "12.50") || !same(c.After, "13") {
		t.Errorf("custom.capacity: %v", c)
	}
	if got := f.get(t, "1").json["updatedAt"]; got != "2026-11-24T16:06:12.300Z" {
		t.Errorf("updatedAt %v", got)
	}
}

func TestFetchedAccountIsAValidBody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.clock.advance(time.Minute)
	fetched := f.get(t, "1")
	a := f.send(t, patch(fetched.Body.String()))
	if a.Code != http.StatusOK || a.Body.String() != fetched.Body.String() || shortTag(a.Header().Get("ETag")) != `"1-1"` {
		t.Errorf("%d\n%s\n%s", a.Code, fetched.Body, a.Body)
	}
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		header string
		status int
	}{
		{`"1-1"`, 200},
		{`"1-7" , "1-1"`, 200},
		{`*`, 200},
		{`"1-2"`, 412},
		{`"2-1"`, 412},
		{`W/"1-1"`, 412},
		{`"anything, else"`, 412},
		{`1-1`, 400},
		{`"1-1`, 400},
	} {
		t.Run(c.header, func(t *testing.T) {
			t.Parallel()
			r := patch(`{"title":"New"}`)
			r.headers = map[string]string{"If-Match": c.header}
			code := map[int]string{400: "VALIDATION_ERROR", 412: "PRECONDITION_FAILED"}[c.status]
			scenario{request: r, status: c.status, code: code, changes: c.status == 200}.run(t)
		})
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	before := f.get(t, "1").Body.String()
	a := f.send(t, patchQuery("dry_run=true&allow_new_options=true", `{"title":"New","custom":{"roof_type":"Thatch"}}`))
	if a.Code != http.StatusOK || a.json["title"] != "New" || a.Header().Get("Preview") != "true" || a.Header().Get("ETag") != "" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	if after := f.get(t, "1").Body.String(); after != before {
		t.Errorf("the account changed: %s", after)
	}
	a = f.send(t, request{method: "POST", path: "/accounts?dry_run=true", body: `{"title":"Preview","address":["x"]}`})
	if a.Code != http.StatusCreated || a.Header().Get("Preview") != "true" || a.Header().Get("Location") != "" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	a = f.send(t, request{method: "POST", path: "/accounts", body: `{"title":"Preview","address":["x"]}`})
	if a.Code != http.StatusCreated {
		t.Errorf("a dry run left an account behind: %d %s", a.Code, a.Body)
	}
}

// 50 patches of different members of one account at once: all are answered 200
// and all are there at the end.
func TestConcurrentUpdatesLoseNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	bodies := []string{`"title":"T"`, `"description":"D"`, `"address":["A"]`, `"isActive":false`, `"primaryEmail":"e@f.example"`,
		`"primaryPhone":"+14155550111"`, `"number":4711`, `"accountType":"RESIDENTIAL"`, `"value":9`, `"size":8`, `"contacts":[2]`,
		`"custom":{"roof_type":"Metal"}`, `"custom":{"capacity":1.5}`, `"custom":{"installed_on":"2026-01-02"}`, `"custom":{"monitored":true}`}
	for i := len(bodies); i < 50; i++ {
		bodies = append(bodies, fmt.Sprintf(`"custom":{"tags":["Tag %d"]}`, i))
	}
	var group sync.WaitGroup
	for _, body := range bodies {
		group.Go(func() {
			if a := f.send(t, patchQuery("allow_new_options=true", "{"+body+"}")); a.Code != http.StatusOK {
				t.Errorf("%s: %d %s", body, a.Code, a.Body)
			}
		})
	}
	group.Wait()
	a := f.get(t, "1")
	for _, text := range append(bodies[:10], `"roof_type":"Metal"`, `"capacity":1.5`, `"installed_on":"2026-01-02"`, `"monitored":true`, "Lee Chan") {
		if !strings.Contains(a.Body.String(), text) {
			t.Errorf("%s is lost: %s", text, a.Body)
		}
	}
	if got := a.Header().Get("ETag"); !strings.HasPrefix(got, `"1-51-`) {
		t.Errorf("ETag %s after 50 changes", got)
	}
	properties, err := f.store.Properties(t.Context(), f.company.ID)
	must(t, err)
	if got := len(properties[1].Options); got != 2+35 {
		t.Errorf("%d options", got)
	}
}
