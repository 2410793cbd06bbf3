package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// groups lists groups of duplicates as "reasons: ids", in order.
func (a answer) groups() string {
	var groups []string
	for _, item := range a.json["groups"].([]any) {
		group := item.(map[string]any)
		var reasons []string
		for _, reason := range group["reasons"].([]any) {
			r := reason.(map[string]any)
			reasons = append(reasons, fmt.Sprintf("%s %s", r["member"], r["value"]))
		}
		ids := answer{list: group["accounts"].([]any)}.ids()
		groups = append(groups, fmt.Sprintf("%s: %s of %s", strings.Join(reasons, ", "), ids, group["count"]))
	}
	return strings.Join(groups, "\n")
}

// addLookalikes adds the accounts 3 to 9 beside those of the fixture, which have
// e-mail address, phone and address in common.
func addLookalikes(t *testing.T, f *fixture) {
	t.Helper()
	for _, body := range []string{
		`{"title":"Café Harbor","address":["1 Pier","Bay 2"],"primaryEmail":"Info@Harbor.example","primaryPhone":"(415) 555-0199"}`,
		`{"title":"Harbor Cafe","address":["1 pier","bay 2"],"primaryEmail":"info@harbor.example","primaryPhone":"+1 415 555 0199"}`,
		`{"title":"harbor  cafe","address":["2 Pier"]}`,
		`{"title":" HARBOR CAFE ","address":["3 Pier"]}`,
		`{"title":"Old Mill","address":["4 Mill Lane"],"isActive":false}`,
		`{"title":"old mill","address":["5 Mill Lane"]}`,
		`{"title":"Lone","address":["6 Mill Lane"]}`,
	} {
		if a := f.send(t, post("match_by=none", body)); a.Code != http.StatusCreated {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addLookalikes(t, f)
	const (
		harbor  = "primaryEmail info@harbor.example, primaryPhone +14155550199, address 1 Pier, Bay 2: 3 4 of 2"
		sunrise = "primaryEmail office@sunrise.example, primaryPhone +14155550142, address 120 Mission Street, San Francisco, CA 94105: 1 2 of 2"
		titles  = "title Harbor Cafe: 4 6 of 2"
		mill    = "title Old Mill: 7 8 of 2"
	)
	for query, want := range map[string][]string{
		"":                                   {harbor, sunrise, titles},
		"include_archived=true":              {harbor, sunrise, titles, mill},
		"reason=title":                       {titles},
		"reason=address":                     {reorder(harbor, "address 1 Pier, Bay 2"), reorder(sunrise, "address 120 Mission Street, San Francisco, CA 94105")},
		"account_id=4":                       {harbor, titles},
		"account_id=4&reason=primaryPhone":   {reorder(harbor, "primaryPhone +14155550199")},
		"account_id=9":                       nil,
		"account_id=99":                      nil,
		"account_id=8":                       nil,
		"account_id=7&include_archived=true": {mill},
		"reason=title&include_archived=true": {titles, mill},
	} {
		for _, path := range []string{"/accounts", "/clients"} {
			for _, size := range []int{1, 2, 100} {
				if got := f.allGroups(t, fmt.Sprintf("%s/duplicates?page_size=%d&%s", path, size, query)); got != strings.Join(want, "\n") {
					t.Errorf("%s?%s by %d:\n%s\nwant\n%s", path, query, size, got, strings.Join(want, "\n"))
				}
			}
		}
	}
	for _, path := range []string{"/accounts/duplicates", "/accounts/duplicates?account_id=4"} {
		if a := f.send(t, request{method: "GET", path: path, key: otherKey}); a.groups() != "" {
			t.Errorf("another company sees %s", a.Body)
		}
	}
}

// reorder puts one of the reasons of a group first.
func reorder(group, first string) string {
	reasons, ids, _ := strings.Cut(group, ": ")
	rest := strings.Replace(strings.Replace(reasons, ", "+first, "", 1), first+", ", "", 1)
	return first + ", " + rest + ": " + ids
}

// allGroups follows the links from a page to the last one.
func (f *fixture) allGroups(t *testing.T, path string) string {
	t.Helper()
	var all []string
	for range 100 {
		a := f.send(t, get(path))
		if a.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", path, a.Code, a.Body)
		}
		if groups := a.groups(); groups != "" {
			all = append(all, groups)
		}
		if path = a.link("next"); path == "" {
			return strings.Join(all, "\n")
		}
	}
	t.Fatal("there is no end of pages")
	return ""
}

// A group that is larger than what is shown tells its size.
func TestDuplicatesAreBounded(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 25 {
		f.send(t, post("match_by=none", fmt.Sprintf(`{"title":"Many","address":["%d Elm"]}`, i)))
	}
	a := f.send(t, get("/accounts/duplicates?reason=title"))
	if want := "title Many: 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 of 25"; a.groups() != want {
		t.Errorf("%s\nwant %s", a.groups(), want)
	}
}

// An archived account is in no group unless archived ones count.
func TestDuplicatesOfAnArchivedAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 3 {
		f.send(t, post("match_by=none", fmt.Sprintf(`{"title":"Three","address":["%d Elm"],"isActive":%t}`, i, i > 0)))
	}
	for query, want := range map[string]string{
		"account_id=3": "", "account_id=4": "title Three: 4 5 of 2",
		"account_id=3&include_archived=true": "title Three: 3 4 5 of 3",
	} {
		if a := f.send(t, get("/accounts/duplicates?"+query)); a.Code != http.StatusOK || a.groups() != want {
			t.Errorf("%s: %d %s, want %s", query, a.Code, a.groups(), want)
		}
	}
}

func TestDuplicatesRefuse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct {
		r    request
		code int
		want string
	}{
		{get("/accounts/duplicates?after=x"), 400, `query after: after must be a place that a Link header gave; got "x"`},
		{get("/accounts/duplicates?after=eyJtIjoibmFtZSIsImsiOiJhIn0"), 400, `query after: after must be a place that a Link header gave; got "eyJtIjoibmFtZSIsImsiOiJhIn0"`},
		{get("/accounts/duplicates?after=eyJtIjoidGl0bGUiLCJrIjoiXHUwMDAwIn0"), 400, "query after: after must be a place that a Link header gave"}, // U+0000
		{get("/accounts/duplicates?reason=name&after=x"), 400, `query reason: reason must be one of primaryEmail, primaryPhone, title, address; got "name"`},
		{get("/accounts/duplicates?account_id=0"), 400, "query account_id: account_id must be an integer of at least 1; got 0"},
		{request{method: "GET", path: "/accounts/duplicates", key: noKey}, 401, ""},
	} {
		a := f.send(t, c.r)
		if a.Code != c.code || !strings.Contains(strings.Join(a.errors(), "\n"), c.want) {
			t.Errorf("%s: %d %s", c.r.path, a.Code, a.Body)
		}
	}
}
