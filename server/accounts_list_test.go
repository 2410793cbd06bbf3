package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func get(path string) request { return request{method: "GET", path: path, key: readKey} }

// queryFixture has seven accounts. The third to the seventh were last changed at
// 16:06:12.300, 16:07:12.300 and so on; the sixth is archived.
func queryFixture(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t)
	for _, body := range []string{
		`{"title":"Harbor Café","address":["5 Pier Road","Suite 555-0142"],"primaryEmail":"Info@Harbor.example","contacts":[2,1],"accountType":"RESIDENTIAL","value":10,
			"custom":{"roof_type":"Metal","capacity":10,"installed_on":"2026-11-24","monitored":true,"tags":["Gold","Silver"],"remarks":["Steep","Old wiring, cellar"]}}`,
		`{"title":"STRASSE und Söhne","address":["1 Main St"],"primaryPhone":"+49 30 901820","description":"100% solar_powered","value":-2.5,"size":0,
			"custom":{"capacity":12.5,"installed_on":"2026-11-25T00:30:00+01:00","monitored":false,"tags":["gold"]}}`,
		`{"title":"Zebra","address":["9 Zoo Lane"],"primaryPhone":"call 5","description":"","number":500,"custom":{"capacity":12345678901234567890.123,"installed_on":"2026-11-25"}}`,
		`{"title":"Archived Solar","address":["1 Main St"],"isActive":false,"custom":{"capacity":-1e3,"roof_type":"Tile"}}`,
		`{"title":"Last","address":["x"],"contacts":[2],"custom":{"capacity":1.0e1,"remarks":["straße"]}}`,
	} {
		f.clock.advance(time.Minute)
		if a := f.send(t, request{method: "POST", path: "/accounts?match_by=none", body: body}); a.Code != http.StatusCreated {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
	return f
}

// query writes parameters as a query, from pairs of name and value.
func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	return values.Encode()
}

func TestListAccounts(t *testing.T) {
	t.Parallel()
	f := queryFixture(t)
	for _, c := range []struct {
		query, want string
	}{
		{"", "7 5 4 3 2 1"},
		{query("order_by", "asc"), "1 2 3 4 5 7"},
		{query("order_by", "desc", "include_archived", "true"), "7 6 5 4 3 2 1"},
		{query("title", "SOLAR"), "1"},
		{query("title", " strasse "), "4"},
		{query("title", "straße"), "4"},
		{query("title", "cafe\u0301"), "3"},
		{query("title", "%"), ""},
		{query("address", "main st"), "4"},
		{query("address", "road suite"), ""}, // Not from one line into the next.
		{query("primaryName", "lee"), "7 3"},
		{query("primaryName", "park"), "2 1"}, // Of account 3 she is the second.
		{query("primaryEmail", "@HARBOR"), "3"},
		{query("primaryPhone", "(415) 555"), "2 1"},
		{query("primaryPhone", "9018"), "4"},
		{query("q", "sunrise mission"), "2 1"},
		{query("q", "taken\u00a0MISSION"), "2"},
		{query("q", "sunrise nowhere"), ""},
		{query("q", "jo"), "3 2 1"},
		{query("q", "solar_powered"), "4"},
		{query("q", "100%"), "4"},
		{query("q", "(415)"), "2 1"},
		{query("q", "555-0142"), "3 2 1"}, // A phone number, and in the text of an address.
		{query("q", "+1 415 555 0142"), "2 1"},
		{query("q", "call"), ""}, // Not in the text: of phone numbers only digits are searched.
		{query("updated_after", "2026-11-24T16:06:12.300Z"), "7 5 4"},
		{query("updated_after", "2026-11-24T17:06:12.299+01:00"), "7 5 4 3"},
		{query("updated_after", "2026-11-24T16:06:12.2999Z"), "7 5 4 3"},
		{query("updated_after", "2026-11-24T16:06:12.3001Z"), "7 5 4"},
		{query("updated_before", "2026-11-24T16:06:12.300Z"), "2 1"},
		{query("updated_before", "2026-11-24T16:06:12.3001Z"), "3 2 1"},
		{query("updated_before", "2026-11-24T16:06:12.2999Z"), "2 1"},
		{query("updated_after", "2026-11-24T16:05:12.300Z", "updated_before", "2026-11-24T16:07:12.300Z"), "3"},
		{query("title", "s", "address", "main", "q", "söhne"), "4"},
		{query("page_size", "2", "page", "2"), "4 3"},
		{query("page_size", "5", "page", "3"), ""},
		{query("page", "1000000000", "page_size", "100"), ""},
		{query("include_virtual_properties", "true"), "7 5 4 3 2 1"},
	} {
		a := f.send(t, get("/accounts?"+c.query+"&include_total=true"))
		if a.Code != http.StatusOK || a.ids() != c.want {
			t.Errorf("%s: %d %s, want %s", c.query, a.Code, a.ids(), c.want)
		}
		if got := a.Header().Get("X-Total-Count"); !strings.Contains(c.query, "page") && got != fmt.Sprint(len(a.list)) {
			t.Errorf("%s: X-Total-Count %s of %d", c.query, got, len(a.list))
		}
	}
}

func TestListShowsContactsOnRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, get("/accounts"))
	if strings.Contains(a.Body.String(), "contacts") || a.Header().Get("X-Total-Count") != "" {
		t.Errorf("%v %s", a.Header(), a.Body)
	}
	with := f.send(t, get("/accounts?include_contacts=true"))
	if got, want := with.list[1], any(f.get(t, "1").json); !same(got, want) {
		t.Errorf("in the list %v\nalone %v", got, want)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts", key: otherKey}); a.Code != http.StatusOK || a.Body.String() != "[]\n" {
		t.Errorf("another company sees %s", a.Body)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts", key: noKey}); a.Code != http.StatusUnauthorized {
		t.Errorf("without a key: %d", a.Code)
	}
}

func TestListRefuses(t *testing.T) {
	t.Parallel()
	runScenarios(t, []scenario{
		{name: "all at once", request: get("/accounts?" + query("q", " ", "title", "\u00a0", "address", "", "primaryPhone", "x", "page_size", "101", "page", "0", "order_by", "up", "updated_after", "2026-02-30T00:00:00Z", "updated_before", "2026-11-24", "titel", "x")),
			status: 400, code: "VALIDATION_ERROR", errors: []string{
				"query address: address must not be empty",
				`query order_by: order_by must be one of asc, desc; got "up"`,
				"query page: page must be an integer from 1 to 1000000000; got 0",
				"query page_size: page_size must be an integer from 1 to 100; got 101",
				`query primaryPhone: primaryPhone must contain a digit; got "x"`,
				"query q: q must not be blank",
				`query titel: "titel" is not a query parameter of this operation; did you mean "title"?`,
				"query title: title must not be blank",
				`query updated_after: updated_after must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "2026-02-30T00:00:00Z"`,
				`query updated_before: updated_before must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "2026-11-24"`,
			}},
		{name: "a cursor that is none", request: get("/accounts?cursor=abc&q=%20"), status: 400, code: "VALIDATION_ERROR", errors: []string{`query cursor: cursor must be one that a Link header gave; got "abc"`, "query q: q must not be blank"}},
		{name: "a cursor of a list by id", request: get("/accounts?cursor=eyJkIjoiYSIsImkiOjQyfQ"), status: 400, code: "VALIDATION_ERROR", errors: []string{`query cursor: cursor must be one that a Link header of this list gave; got "eyJkIjoiYSIsImkiOjQyfQ"`}},
		{name: "a cursor with a page", request: get("/accounts?page=1&cursor=eyJkIjoiYSIsInQiOjEsImkiOjQyfQ"), status: 400, code: "VALIDATION_ERROR", want: []string{`"field":"cursor"`, "cannot be combined with page"}},
		{name: "a parameter twice", request: get("/accounts?q=a&q=b"), status: 400, code: "VALIDATION_ERROR", errors: []string{"query q: q must be sent once"}},
		{name: "a NUL", request: get("/accounts?title=a%00"), status: 400, code: "VALIDATION_ERROR", errors: []string{"query title: title must not contain a NUL character"}},
		{name: "no UTF-8", request: get("/accounts?title=%FF"), status: 400, code: "VALIDATION_ERROR", errors: []string{"query title: title must be valid UTF-8"}},
		{name: "a malformed query", request: get("/accounts?title=a;q=b"), status: 400, code: "VALIDATION_ERROR", want: []string{"percent-encoded"}},
		{name: "a page that is no integer in Go", request: get("/accounts?page=1.0&page_size=1e1"), status: 400, code: "VALIDATION_ERROR"},
	})
}

// Pages link to each other, with the filters kept, in either order, from a
// number or a cursor.
func TestListLinks(t *testing.T) {
	t.Parallel()
	f := queryFixture(t)
	for _, order := range []string{"asc", "desc"} {
		all := f.send(t, get("/accounts?include_archived=true&order_by="+order))
		var forward, back []string
		path := "/accounts?" + query("page_size", "2", "order_by", order, "include_archived", "true")
		for last := ""; path != ""; {
			a := f.send(t, get(path))
			forward = append(forward, a.ids())
			last, path = path, a.link("next")
			if path == "" {
				for path = last; path != ""; {
					a := f.send(t, get(path))
					back = append(back, a.ids())
					path = a.link("prev")
				}
			}
		}
		slices.Reverse(back)
		if got := strings.Join(forward, " "); got != all.ids() || len(forward) != 4 || !slices.Equal(forward, back) {
			t.Errorf("%s: forward %q, back %q, want %s", order, forward, back, all.ids())
		}
	}
	a := f.send(t, get("/accounts?page=2&page_size=3"))
	if next := f.send(t, get(a.link("next"))); next.Code != http.StatusBadRequest && a.ids() != "3 2 1" {
		t.Errorf("%s, then %s", a.ids(), next.ids())
	}
	if got := a.link("first"); got != "/accounts?page_size=3" {
		t.Errorf("first is %s", got)
	}
	if prev := f.send(t, get(a.link("prev"))); prev.ids() != "7 5 4" || prev.link("prev") != "" {
		t.Errorf("prev has %s", prev.ids())
	}
}
