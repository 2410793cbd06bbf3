package server_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

func items(query, list string) request {
	return request{method: "POST", path: "/accounts/batch?" + query, body: `{"items":[` + list + `]}`}
}

func upsert(key, title string) string {
	return fmt.Sprintf(`{"match":"custom.ext","upsert":{"title":%q,"address":["x"],"custom":{"ext":%q}}}`, title, key)
}

// receipts are the status, id, version and changes of each item.
func receipts(a answer) []string {
	list, _ := a.json["receipts"].([]any)
	var got []string
	for _, r := range list {
		r := r.(map[string]any)
		got = append(got, fmt.Sprint(r["status"], " ", r["id"], " ", r["version"], " ", r["changed"]))
	}
	return got
}

func wantReceipts(t *testing.T, a answer, want ...string) {
	t.Helper()
	if got := receipts(a); !slices.Equal(got, want) {
		t.Errorf("got\n %s\nwant\n %s", strings.Join(got, "\n "), strings.Join(want, "\n "))
	}
}

// Items see what those before them have written.
func TestItems(t *testing.T) {
	t.Parallel()
	f := withKeys(t, "A")
	a := f.must(t, items("", strings.Join([]string{
		upsert("A", "New A"), upsert("B", "B"), upsert("B", "New B"), upsert("B", "New B"),
		`{"create":{"title":"C","address":["x"],"custom":{"serial":5.0}}}`,
		`{"match":"custom.serial","update":{"custom":{"serial":5,"ext":"C"}}}`,
		`{"id":3,"update":{"custom":{"ext":"A2"}}}`, upsert("A", "Another A"),
		`{"match":"custom.ext","strategy":"skip","upsert":{"title":"Skipped","custom":{"ext":"A2"}}}`,
		`{"match":"title","strategy":"enrich","upsert":{"title":"new a","description":"filled"}}`,
	}, ",")), http.StatusOK)
	wantReceipts(t, a,
		"updated 3 2 [title]", "created 4 1 []", "updated 4 2 [title]", "unchanged 4 2 []", "created 5 1 []",
		"updated 5 2 [custom.ext custom.serial]", "updated 3 3 [custom.ext]", "created 6 1 []", "unchanged 3 3 []", "updated 3 4 [description]")
	if list, ok := a.json["accounts"].([]any); !ok || len(list) != 0 {
		t.Errorf("accounts %v", a.json["accounts"])
	}
	again := items("", upsert("A2", "New A")+","+upsert("C", "C"))
	before := f.stored(t)
	wantReceipts(t, f.must(t, again, http.StatusOK), "unchanged 3 4 []", "unchanged 5 2 []")
	tried := f.must(t, items("dry_run=true", upsert("D", "D")), http.StatusOK)
	if tried.Header().Get("Preview") != "true" || f.stored(t) != before {
		t.Errorf("a dry run wrote, or has no Preview: %s", tried.Body)
	}
}

// With an offence nothing is written, and all of them are told.
func TestItemsAllOrNone(t *testing.T) {
	t.Parallel()
	f := withKeys(t, "A", "B")
	for _, c := range []struct {
		list   string
		status int
		want   []string
	}{
		{upsert("C", "C") + `,{"id":4,"update":{"custom":{"ext":"A"}}}`, 409, []string{`/items/1/update/custom/ext: items[1].update.custom.ext "A" is the value of account 3 already`}},
		{upsert("C", "C") + `,{"id":99,"update":{"title":"x"}},{"match":"custom.ext","update":{"custom":{"ext":"Z"}}}`, 400, []string{
			"/items/1/id: items[1].id must be the id of an account; got 99",
			"/items/2/match: items[2].match finds no account to update; send upsert to create it"}},
		{`{"match":"custom.ext","upsert":{"title":"x"}}`, 400, []string{"/items/0/upsert/custom/ext: items[0].upsert.custom.ext is required, since accounts are matched by it"}},
		{`{"match":"custom.roof_type","upsert":{"title":"x"}}`, 400, []string{`/items/0/match: items[0].match "roof_type" is not unique; make it so by PATCH /properties/roof_type`}},
		{`{"id":3,"ifMatch":"\"3-9\"","update":{"title":"x"}}`, 412, []string{"/items/0/ifMatch: items[0].ifMatch is not the current version of the account; fetch it again"}},
		{`{"id":3}`, 400, []string{"/items/0/update: items[0].update is required, or create, or upsert"}},
		{`{"update":{"title":"x"}}`, 400, []string{"/items/0/id: items[0].id is required, or match"}},
		{`{"id":3,"match":"title","update":{"title":"x"}}`, 400, []string{"/items/0/match: items[0].match cannot be sent beside id"}},
		{`{"match":"primaryEmail","update":{"title":"x"}}`, 400, []string{"/items/0/update/primaryEmail: items[0].update.primaryEmail is required, since accounts are matched by it"}},
		{`{}`, 400, []string{"/items/0/update: items[0].update is required, or create, or upsert"}},
		{`null`, 400, []string{"/items/0/update: items[0].update is required, or create, or upsert", "/items/0: items[0] must not be null"}},
		{`{"create":null}`, 400, []string{"/items/0/create: items[0].create must not be null"}},
		{`{"match":"title","upsert":5}`, 400, []string{"/items/0/upsert: items[0].upsert must be an object; got 5"}},
		{`{"upsert":{"title":"x"}}`, 400, []string{"/items/0/match: items[0].match is required", "/items/0/upsert/address: items[0].upsert.address is required"}},
		{`{"id":3,"create":{"title":"x","address":["x"]}}`, 400, []string{"/items/0/id: items[0].id is not for create, which makes a new account"}},
		{`{"id":3,"strategy":"skip","update":{"title":"x"}}`, 400, []string{"/items/0/strategy: items[0].strategy is only for upsert"}},
		{`{"match":"none","upsert":{"title":"x"}}`, 400, []string{"/items/0/match: items[0].match must name a member to match by; send create for a new account", "/items/0/upsert/address: items[0].upsert.address is required"}},
		{`{"match":"custom.ext","upsert":{"custom":{"ext":"N"}}}`, 400, []string{"/items/0/upsert/address: items[0].upsert.address is required", "/items/0/upsert/title: items[0].upsert.title is required"}},
	} {
		before := f.stored(t)
		a := f.must(t, items("", c.list), c.status)
		if got := a.errors(); !slices.Equal(got, c.want) {
			t.Errorf("%s: got\n %s\nwant\n %s", c.list, strings.Join(got, "\n "), strings.Join(c.want, "\n "))
		}
		if f.stored(t) != before {
			t.Errorf("%s: something was written", c.list)
		}
	}
	for body, want := range map[string]string{
		`{}`:             "/updates: updates is required, or items",
		`{"items":null}`: "/items: items must not be null",
	} {
		a := f.must(t, request{method: "POST", path: "/accounts/batch", body: body}, http.StatusBadRequest)
		if got := a.errors(); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q, want %s", body, got, want)
		}
	}
	f.must(t, request{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":3,"set":{}}],"items":[{"id":3,"update":{}}]}`}, http.StatusBadRequest)
}

// Each for itself: what fails leaves nothing, and the others are written.
func TestItemsEach(t *testing.T) {
	t.Parallel()
	f := withKeys(t, "A", "B")
	list := upsert("C", "C") + `,{"id":4,"update":{"title":"Half","custom":{"ext":"A"}}},{"match":"custom.ext","upsert":{"title":"x"}},` + upsert("C", "New C") + `,{"id":99,"update":{}}`
	a := f.must(t, items("atomic=false", list), http.StatusOK)
	wantReceipts(t, a, "created 5 1 []", "failed <nil> <nil> []", "failed <nil> <nil> []", "updated 5 2 [title]", "failed <nil> <nil> []")
	for i, want := range map[int]string{
		1: `409 CONFLICT update.custom.ext "A" is the value of account 3 already`,
		2: "400 VALIDATION_ERROR upsert.custom.ext is required, since accounts are matched by it",
		4: "400 VALIDATION_ERROR id must be the id of an account; got 99",
	} {
		p := a.json["receipts"].([]any)[i].(map[string]any)["problem"].(map[string]any)
		if got := fmt.Sprint(p["status"], " ", p["code"], " ", p["detail"]); got != want {
			t.Errorf("item %d: got  %s\nwant %s", i, got, want)
		}
	}
	if got := f.get(t, "4").json["title"]; got != "Customer B" {
		t.Errorf("a half of an item was written: %v", got)
	}
}

// What the spec or a parser says of an item concerns that item only, if each is carried out
// for itself.
func TestItemsEachChecked(t *testing.T) {
	t.Parallel()
	f := withKeys(t, "A")
	list := upsert("C", "C") + `,{"id":3,"update":{"title":" ","titel":"x","custom":{"ext":5}}},{"match":"custom.ext","upsert":{"title":"D","address":[],"custom":{"ext":"D"}}},{},{"create":null},` +
		`{"id":3,"update":{"primaryEmail":"nobody"}},{"id":3,"update":{"description":"written"}}`
	a := f.must(t, items("atomic=false", list), http.StatusOK)
	failed := "failed <nil> <nil> []"
	wantReceipts(t, a, "created 4 1 []", failed, failed, failed, failed, failed, "updated 3 2 [description]")
	for i, want := range map[int]string{
		1: "/update/custom/ext: update.custom.ext must be a string; got 5 | /update/titel: update.titel is not a known member; did you mean \"title\"? | /update/title: update.title must not be blank; got \" \"",
		2: "/upsert/address: upsert.address must contain at least 1 item",
		3: "/update: update is required, or create, or upsert",
		4: "/create: create must not be null",
		5: "/update/primaryEmail: update.primaryEmail must be an e-mail address; got \"nobody\"",
	} {
		p := answer{json: a.json["receipts"].([]any)[i].(map[string]any)["problem"].(map[string]any)}
		if got := strings.Join(p.errors(), " | "); got != want || fmt.Sprint(p.json["status"], p.json["code"]) != "400VALIDATION_ERROR" {
			t.Errorf("item %d: got %v\n %s\nwant\n %s", i, p.json, got, want)
		}
	}
	f.must(t, items("atomic=false", upsert("E", "E")+`,5`), http.StatusBadRequest)
	f.must(t, items("atomic=false", upsert("E", "E")+strings.Repeat(`,{"id":3,"update":{"title":" "}}`, 101)), http.StatusBadRequest)
	f.must(t, items("atomic=false&atomic=false", upsert("E", "E")), http.StatusBadRequest)
	f.must(t, by("ext/E"), http.StatusNotFound)
}

// Items are not merged, and nobody is told that they were.
func TestItemsAreNotMerged(t *testing.T) {
	t.Parallel()
	f := withKeys(t, "A")
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"title":"Theirs"}`}, http.StatusOK)
	for tag, status := range map[string]int{"3-1": http.StatusPreconditionFailed, "3-2": http.StatusOK} {
		r := items("", fmt.Sprintf(`{"id":3,"ifMatch":"\"%s\"","update":{"description":"mine"}}`, tag))
		r.headers = map[string]string{"Prefer": "merge"}
		if a := f.must(t, r, status); a.Header().Get("Preference-Applied") != "" {
			t.Errorf("%s: applied %q", tag, a.Header().Get("Preference-Applied"))
		}
	}
}

// Of many writers of the same keys none makes an account twice.
func TestItemsAtOnce(t *testing.T) {
	t.Parallel()
	f := withKeys(t)
	var group sync.WaitGroup
	for writer := range 6 {
		group.Go(func() {
			var list []string
			for i := range 20 {
				list = append(list, upsert(fmt.Sprint("K", (i+writer*7)%30), "T"))
			}
			f.must(t, items(fmt.Sprintf("atomic=%t", writer%2 == 0), strings.Join(list, ",")), http.StatusOK)
		})
	}
	group.Wait()
	n := f.must(t, request{method: "GET", path: "/accounts?include_total=true&page_size=1&title=T"}, http.StatusOK).Header().Get("X-Total-Count")
	if found := f.must(t, request{method: "GET", path: "/accounts/search?prop1=ext&op1=exists&value1=true&include_total=true&page_size=1"}, http.StatusOK).Header().Get("X-Total-Count"); found != "30" {
		t.Errorf("%s accounts have a key, of %s", found, n)
	}
}
