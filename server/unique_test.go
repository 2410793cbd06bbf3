package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// withKeys is a fixture with the unique properties ext and serial, and an account for
// each value of ext, from 3 on.
func withKeys(t *testing.T, values ...string) *fixture {
	t.Helper()
	f := newFixture(t)
	for _, body := range []string{`{"name":"Ext","type":"TEXT","unique":true}`, `{"name":"Serial","type":"NUMERIC","unique":true}`} {
		f.must(t, define("POST", "", body), http.StatusCreated)
	}
	for _, value := range values {
		f.must(t, post("match_by=none", fmt.Sprintf(`{"title":"Customer %s","address":["x"],"custom":{"ext":%q}}`, value, value)), http.StatusCreated)
	}
	return f
}

// must sends a request that must be answered by a status.
func (f *fixture) must(t *testing.T, r request, status int) answer {
	t.Helper()
	a := f.send(t, r)
	if a.Code != status {
		t.Fatalf("%s %s: %d %s", r.method, r.path, a.Code, a.Body)
	}
	return a
}

func by(path string) request {
	return request{method: "GET", path: "/accounts/by/" + path, key: readKey}
}

func TestUniqueProperty(t *testing.T) {
	t.Parallel()
	create := func(body string) request { return define("POST", "", body) }
	scenarios := []scenario{{name: "made", request: create(`{"name":"K","type":"TEXT","unique":true}`), status: 201, members: map[string]any{"unique": true, "indexed": false}}}
	for body, want := range map[string]string{
		`{"name":"K","type":"TEXT","unique":true,"isMultiple":true}`:                  "/unique: unique is only for a single TEXT or NUMERIC",
		`{"name":"K","type":"DATE","unique":true}`:                                    "/unique: unique is only for a single TEXT or NUMERIC",
		`{"name":"K","type":"NUMERIC","unique":true,"defaultValue":[1]}`:              "/unique: unique is not for a property with a defaultValue, which the second new account could not have",
		`{"name":"K","type":"TEXT","unique":null}`:                                    "/unique: unique must not be null",
		`{"name":"K","type":"DROPDOWN","options":["a"],"unique":true,"indexed":true}`: "/unique: unique is only for a single TEXT or NUMERIC",
	} {
		scenarios = append(scenarios, scenario{name: body, request: create(body), status: 400, code: "VALIDATION_ERROR", errors: []string{want}})
	}
	runScenarios(t, scenarios)
}

// What is wrong with an edit of a unique property is what it changes, and not that the
// property is unique.
func TestStaysUnique(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.must(t, define("POST", "", `{"name":"Code","type":"TEXT","unique":true}`), http.StatusCreated)
	for body, want := range map[string]string{
		`{"isMultiple":true}`:               "/isMultiple: isMultiple must be false while the property is unique",
		`{"type":"DATE"}`:                   "/type: type must be TEXT or NUMERIC while the property is unique",
		`{"defaultValue":["a"]}`:            "/defaultValue: defaultValue must be empty while the property is unique, since the second new account could not have it",
		`{"unique":true,"isMultiple":true}`: "/unique: unique is only for a single TEXT or NUMERIC",
	} {
		if a := f.must(t, define("PATCH", "/code", body), http.StatusBadRequest); !slices.Equal(a.errors(), []string{want}) {
			t.Errorf("%s: %q", body, a.errors())
		}
	}
	f.must(t, define("PATCH", "/code", `{"type":"DATE","unique":false}`), http.StatusOK)
}

// The values that there are keep a property from being unique if two of them are one.
func TestMakeUnique(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.must(t, define("POST", "", `{"name":"Code","type":"TEXT"}`), http.StatusCreated)
	for _, value := range []string{" A ", "A", "a", "", "", "B"} {
		f.must(t, post("match_by=none", fmt.Sprintf(`{"title":"x","address":["x"],"custom":{"code":%q}}`, value)), http.StatusCreated)
	}
	refused := f.must(t, define("PATCH", "/code", `{"unique":true}`), http.StatusConflict)
	if got, want := refused.json["detail"], `unique is not possible yet: accounts 3 and 4 both have the value "A"`; got != want {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	f.must(t, by("code/A"), http.StatusBadRequest) // It is not unique.
	f.must(t, request{method: "PATCH", path: "/accounts/4", body: `{"custom":{"code":null}}`}, http.StatusOK)
	if a := f.must(t, define("PATCH", "/code", `{"unique":true}`), http.StatusOK); a.json["unique"] != true {
		t.Errorf("%s", a.Body)
	}
	for value, id := range map[string]string{"A": "3", "a": "5", "B": "8", "%20B%20": "8"} {
		if a := f.must(t, by("code/"+value), http.StatusOK); fmt.Sprint(a.json["id"]) != id {
			t.Errorf("%s: account %v", value, a.json["id"])
		}
	}
	f.must(t, request{method: "PATCH", path: "/accounts/4", body: `{"custom":{"code":"B"}}`}, http.StatusConflict)
	f.must(t, define("PATCH", "/code", `{"defaultValue":["x"]}`), http.StatusBadRequest)
	f.must(t, define("PATCH", "/code", `{"unique":false}`), http.StatusOK)
	f.must(t, request{method: "PATCH", path: "/accounts/4", body: `{"custom":{"code":"B"}}`}, http.StatusOK)
	f.must(t, define("PATCH", "/code", `{"unique":true}`), http.StatusConflict)
}

func TestGetAccountBy(t *testing.T) {
	t.Parallel()
	values := []string{"A-1", "a/b", "100% +&?#", "Zürich 東京", "a%2Fb", "x;y=1", "~..", "a//b/"}
	f := withKeys(t, values...)
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"custom":{"serial":5.0}}`}, http.StatusOK)
	for i, value := range values {
		for _, prefix := range []string{"/accounts/by/ext/", "/clients/by/ext/"} {
			a := f.must(t, request{method: "GET", path: prefix + url.PathEscape(value), key: readKey}, http.StatusOK)
			if fmt.Sprint(a.json["id"]) != fmt.Sprint(i+3) {
				t.Errorf("%s%s: account %v, want %d", prefix, value, a.json["id"], i+3)
			}
			f.wantSuccessor(t, a, value)
		}
	}
	f.wantSuccessor(t, f.must(t, request{method: "GET", path: "/clients/by/ext/a%2Fb?include_contacts=True", key: readKey}, http.StatusOK), "a/b, read leniently")
	for _, number := range []string{"5", "5.00", "50e-1"} {
		f.must(t, by("serial/"+number), http.StatusOK)
	}
	tag := f.must(t, by("ext/A-1"), http.StatusOK).Header().Get("ETag")
	if own := f.must(t, request{method: "GET", path: "/accounts/3"}, http.StatusOK).Header().Get("ETag"); tag != own {
		t.Errorf("ETag %s, want %s", tag, own)
	}
	same := by("ext/A-1")
	same.headers = map[string]string{"If-None-Match": tag}
	f.must(t, same, http.StatusNotModified)
	for path, status := range map[string]int{
		"ext/a-1": 404, "ext/A-2": 404, "ext/A-1/": 404, "ext/": 404, "ext/A-1/changes": 404, "ext/a/b": 404, "serial/6": 404,
		"nope/A-1": 400, "roof_type/Tile": 400, "serial/five": 400, "ext/%20": 400, "e%2Ft/a": 400,
	} {
		f.must(t, by(path), status)
	}
	wrong := f.must(t, by("exd/A-1"), http.StatusBadRequest)
	if got, want := wrong.json["detail"], `keyName must name a unique property, which are ext, serial; got "exd"; did you mean "ext"?`; got != want {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	stranger := by("ext/A-1")
	stranger.key = otherKey
	f.must(t, stranger, http.StatusBadRequest) // It has no such property.
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"isActive":false}`}, http.StatusOK)
	f.must(t, by("ext/A-1"), http.StatusNotFound)
	f.must(t, by("ext/A-1?include_archived=true"), http.StatusOK)
	f.must(t, request{method: "PATCH", path: "/accounts/4", body: `{"custom":{"ext":"A-1"}}`}, http.StatusConflict)
	f.must(t, request{method: "DELETE", path: "/accounts/3"}, http.StatusNoContent)
	f.must(t, request{method: "PATCH", path: "/accounts/4", body: `{"custom":{"ext":"A-1"}}`}, http.StatusOK)
	if a := f.must(t, by("ext/A-1"), http.StatusOK); fmt.Sprint(a.json["id"]) != "4" {
		t.Errorf("account %v", a.json["id"])
	}
}

// wantSuccessor checks that the link of an answer under the former path leads to the account
// that has the value.
func (f *fixture) wantSuccessor(t *testing.T, a answer, value string) {
	t.Helper()
	link := a.Header().Get("Link")
	if link == "" {
		return // It was asked for under its present path.
	}
	path, _, _ := strings.Cut(strings.TrimPrefix(link, "</v1"), ">")
	if to := f.send(t, request{method: "GET", path: path, key: readKey}); fmt.Sprint(to.json["id"]) != fmt.Sprint(a.json["id"]) {
		t.Errorf("%s: %s leads to %d %v", value, link, to.Code, to.json["id"])
	}
}

// A value that another account has is a conflict that names it, and changes nothing.
func TestTakenValues(t *testing.T) {
	t.Parallel()
	for _, s := range []scenario{
		{name: "an update", request: request{method: "PATCH", path: "/accounts/4", body: `{"title":"new","custom":{"ext":" A "}}`}},
		{name: "a creation", request: post("", `{"title":"new","address":["x"],"custom":{"ext":"A"}}`)},
		{name: "a creation that only tries", request: post("dry_run=true", `{"title":"new","address":["x"],"custom":{"ext":"A"}}`)},
		{name: "a replacement", request: post("match_found_strategy=replace", `{"title":"Customer B","address":["x"],"custom":{"ext":"A"}}`)},
	} {
		f := withKeys(t, "A", "B")
		before := f.stored(t)
		a := f.must(t, s.request, http.StatusConflict)
		if got, want := a.json["detail"], `custom.ext "A" is the value of account 3 already`; got != want {
			t.Errorf("%s: got  %v\nwant %v", s.name, got, want)
		}
		if f.stored(t) != before {
			t.Errorf("%s: something was written", s.name)
		}
	}
	f := withKeys(t, "A", "B")
	swap := request{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":3,"set":{"custom":{"ext":"C"}}},{"id":4,"set":{"custom":{"ext":"A"}}}]}`}
	f.must(t, swap, http.StatusOK)
	twice := request{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":3,"set":{"custom":{"ext":"D"}}},{"id":4,"set":{"custom":{"ext":"D"}}}]}`}
	if a := f.must(t, twice, http.StatusConflict); fmt.Sprint(a.json["field"]) != "updates.1.set.custom.ext" {
		t.Errorf("%s", a.Body)
	}
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"custom":{"serial":1}}`}, http.StatusOK)
	f.must(t, request{method: "PATCH", path: "/accounts/4", body: `{"custom":{"serial":1.0}}`}, http.StatusConflict)
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"custom":{"serial":1.00}}`}, http.StatusOK)
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"custom":{"ext":""}}`}, http.StatusBadRequest)
}

func TestMatchByKey(t *testing.T) {
	t.Parallel()
	match := func(strategy, body string) request {
		return post("match_by=custom.ext&match_found_strategy="+strategy, body)
	}
	f := withKeys(t, "A")
	body := `{"title":"New","address":["y"],"custom":{"ext":"%s"}}`
	if a := f.must(t, match("skip", fmt.Sprintf(body, "A")), http.StatusOK); a.json["title"] != "Customer A" {
		t.Errorf("skip: %s", a.Body)
	}
	if a := f.must(t, match("update", fmt.Sprintf(body, "A")), http.StatusOK); a.json["title"] != "New" || fmt.Sprint(a.json["id"]) != "3" {
		t.Errorf("update: %s", a.Body)
	}
	f.must(t, match("update", fmt.Sprintf(body, "a")), http.StatusCreated)
	f.must(t, request{method: "PATCH", path: "/accounts/3", body: `{"isActive":false}`}, http.StatusOK)
	if a := f.must(t, match("enrich", `{"title":"New","address":["y"],"description":"filled","custom":{"ext":"A"}}`), http.StatusOK); a.json["description"] != "filled" || a.json["isActive"] != false {
		t.Errorf("enrich of an archived account: %s", a.Body)
	}
	for _, c := range []struct {
		request
		want string
	}{
		{match("skip", `{"title":"x","address":["x"]}`), "/custom/ext: custom.ext is required, since accounts are matched by it"},
		{match("skip", `{"title":"x","address":["x"],"custom":{"ext":null}}`), "/custom/ext: custom.ext is required, since accounts are matched by it"},
		{match("skip", `{"title":"x","address":["x"],"custom":{"ext":5}}`), "/custom/ext: custom.ext must be a string; got 5"},
		{post("match_by=custom.roof_type", `{"title":"x","address":["x"]}`), `query match_by: match_by "roof_type" is not unique; make it so by PATCH /properties/roof_type`},
		{post("match_by=custom.exd", `{"title":"x","address":["x"]}`), `query match_by: match_by must name a unique property, which are ext, serial; got "exd"; did you mean "ext"?`},
	} {
		stored := f.stored(t)
		if a := f.must(t, c.request, http.StatusBadRequest); !slices.Equal(a.errors(), []string{c.want}) {
			t.Errorf("%s: got %v\nwant %s", c.body, a.errors(), c.want)
		}
		if f.stored(t) != stored {
			t.Errorf("%s: something was written", c.body)
		}
	}
}

// Of creations at once by one key one creates the account, and the others find it.
func TestMatchByKeyAtOnce(t *testing.T) {
	t.Parallel()
	f := withKeys(t)
	var group sync.WaitGroup
	var created, found atomic.Int32
	for i := range 12 {
		group.Go(func() {
			a := f.send(t, post("match_by=custom.ext&match_found_strategy=update", fmt.Sprintf(`{"title":"Writer %d","address":["x"],"custom":{"ext":"A"}}`, i)))
			switch a.Code {
			case http.StatusCreated:
				created.Add(1)
			case http.StatusOK:
				found.Add(1)
			default:
				t.Errorf("%d %s", a.Code, a.Body)
			}
		})
	}
	group.Wait()
	if created.Load() != 1 || found.Load() != 11 {
		t.Errorf("%d created, %d found", created.Load(), found.Load())
	}
}
