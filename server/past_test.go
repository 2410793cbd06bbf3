package server_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	changes "github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

// past is a company whose accounts were looked at after each write.
type past struct {
	*fixture
	moments []moment // the earliest first
}

// moment is what accounts were from a time on, by id.
type moment struct {
	at       time.Time
	accounts map[string]string
}

// look notes what the accounts are.
func (p *past) look(t *testing.T) {
	t.Helper()
	now := moment{p.clock.Now(), make(map[string]string)}
	for path := "/accounts?include_archived=true&include_contacts=true&page_size=100"; path != ""; {
		a := p.send(t, get(path))
		for _, item := range a.list {
			account := item.(map[string]any)
			now.accounts[fmt.Sprint(account["id"])] = seen(account)
		}
		path = a.link("next")
	}
	p.moments = append(p.moments, now)
}

// seen is an account with no more of its contacts than their ids, since one may be gone.
func seen(account map[string]any) string {
	ids := []any{}
	contacts, _ := account["contacts"].([]any)
	for _, c := range contacts {
		ids = append(ids, c.(map[string]any)["id"])
	}
	account["contacts"] = ids
	return fmt.Sprint(account)
}

// at is what the accounts were at a time.
func (p *past) at(at time.Time) map[string]string {
	i, _ := slices.BinarySearchFunc(p.moments, at, func(m moment, at time.Time) int {
		if m.at.After(at) {
			return 1
		}
		return -1
	})
	if i == 0 {
		return nil
	}
	return p.moments[i-1].accounts
}

// write makes a change of any kind, and looks.
func (p *past) write(rt *rapid.T, t *testing.T) {
	p.clock.advance(time.Duration(rapid.IntRange(1, 2000).Draw(rt, "ms")) * time.Millisecond)
	id := rapid.IntRange(3, 12).Draw(rt, "id")
	path := fmt.Sprintf("/accounts/%d", id)
	r := rapid.SampledFrom([]request{
		{method: "POST", path: "/accounts?match_by=none", body: `{"title":"New","address":["x"],"contacts":[2]}`},
		{method: "PATCH", path: path, body: drawMembers(rt)}, {method: "PATCH", path: path, body: drawMembers(rt)}, {method: "PATCH", path: path, body: drawMembers(rt)},
		{method: "PATCH", path: path, body: `{"contacts":[2,1]}`}, {method: "PATCH", path: path, key: linKey, body: `{"contacts":[]}`},
		{method: "DELETE", path: path}, {method: "POST", path: path + "/undelete"},
		{method: "POST", path: path + "/changes/" + strconv.Itoa(rapid.IntRange(1, 200).Draw(rt, "sequence")) + "/revert", headers: map[string]string{"Prefer": "merge"}},
	}).Draw(rt, "write")
	if a := p.send(t, r); a.Code >= http.StatusInternalServerError || a.Code == http.StatusBadRequest {
		rt.Fatalf("%s %s: %d %s", r.method, r.path, a.Code, a.Body)
	}
	p.look(t)
}

// Whatever was written: what accounts were at any moment is what they were seen to be
// then, one by one, in their versions, and in the list.
func TestPast(t *testing.T) {
	t.Parallel()
	p := &past{fixture: newFixture(t)}
	p.look(t)
	rapid.Check(t, func(rt *rapid.T) {
		p.write(rt, t)
		first, last := p.moments[0].at, p.moments[len(p.moments)-1].at
		at := first.Add(time.Duration(rapid.Int64Range(-1, last.Sub(first).Milliseconds()).Draw(rt, "moment")) * time.Millisecond)
		p.checkList(rt, t, at)
		p.checkOne(rt, t, rapid.IntRange(1, 14).Draw(rt, "account"), at)
	})
}

func (p *past) checkList(rt *rapid.T, t *testing.T, at time.Time) {
	want, got := p.at(at), map[string]string{}
	size := rapid.IntRange(1, 20).Draw(rt, "size")
	path := "/accounts?" + query("at", at.Format(time.RFC3339Nano), "include_archived", "true", "include_contacts", "true", "page_size", fmt.Sprint(size))
	for before := 0; path != ""; {
		a := p.send(t, get(path))
		if a.Code != http.StatusOK || a.Header().Get("X-At") == "" || len(a.list) > size {
			rt.Fatalf("%s: %d %v %s", path, a.Code, a.Header(), a.Body)
		}
		for _, item := range a.list {
			account := item.(map[string]any)
			id := fmt.Sprint(account["id"])
			if n, _ := strconv.Atoi(id); n <= before {
				rt.Fatalf("%s: the account %s comes after %d", path, id, before)
			} else {
				before = n
			}
			got[id] = seen(account)
		}
		path = a.link("next")
	}
	if !same(got, want) && len(got)+len(want) > 0 {
		rt.Fatalf("at %v the list was\n%v\nwant\n%v", at, got, want)
	}
}

func (p *past) checkOne(rt *rapid.T, t *testing.T, id int, at time.Time) {
	show := func(at string) answer {
		return p.send(t, get(fmt.Sprintf("/accounts/%d?%s", id, query("at", at, "include_archived", "true", "include_contacts", "true"))))
	}
	want, wasThere := p.at(at)[fmt.Sprint(id)]
	a := show(at.Format(time.RFC3339Nano))
	if !wasThere {
		if a.Code != http.StatusNotFound {
			rt.Fatalf("at %v account %d was not there: %d %s", at, id, a.Code, a.Body)
		}
		return
	}
	if a.Code != http.StatusOK || a.Header().Get("ETag") != "" || seen(a.json) != want {
		rt.Fatalf("at %v account %d was %d\n%s\nwant\n%s", at, id, a.Code, a.Body, want)
	}
	if id < 3 {
		return // It was made without history, so its first version is not there.
	}
	if v := show(a.Header().Get("X-Version")); v.Code != http.StatusOK || v.Header().Get("X-Version") != a.Header().Get("X-Version") || seen(v.json) != want {
		rt.Fatalf("version %s of account %d was %d\n%s\nwant\n%s", a.Header().Get("X-Version"), id, v.Code, v.Body, want)
	}
}

// What was done to an account, taken back from the end to the beginning, leaves it as it
// was made.
func TestRevertAll(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	rapid.Check(t, func(rt *rapid.T) {
		id := fmt.Sprint(f.send(t, post("match_by=none", `{"title":"New","address":["x"],"contacts":[2],"custom":{"tags":["Gold"]}}`)).json["id"])
		first := f.get(t, id)
		for range rapid.IntRange(1, 6).Draw(rt, "writes") {
			body := rapid.SampledFrom([]string{drawMembers(rt), `{"contacts":[1]}`, `{"contacts":[2,1]}`, `{"contacts":[]}`}).Draw(rt, "body")
			if a := f.send(t, request{method: "PATCH", path: "/accounts/" + id, body: body}); a.Code != http.StatusOK {
				rt.Fatalf("%d %s", a.Code, a.Body)
			}
		}
		if rapid.Bool().Draw(rt, "deleted") {
			f.send(t, request{method: "DELETE", path: "/accounts/" + id})
		}
		for _, c := range f.send(t, get("/accounts/"+id+"/changes")).json["changes"].([]any) {
			if c := c.(map[string]any); c["kind"] != "created" {
				if a := f.send(t, request{method: "POST", path: fmt.Sprintf("/accounts/%s/changes/%s/revert", id, c["sequence"])}); a.Code != http.StatusOK || !same(a.json["leftOut"], "[]") {
					rt.Fatalf("%d %s", a.Code, a.Body)
				}
			}
		}
		if last := f.get(t, id); !same(lasting(last), lasting(first)) {
			rt.Fatalf("it is\n%s\nand was\n%s", last.Body, first.Body)
		}
	})
}

// Filters are held against what accounts were.
func TestPastFilters(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, post("match_by=none", `{"title":"Taken","address":["x"],"primaryEmail":"office@taken.example","contacts":[1]}`))
	f.send(t, request{method: "DELETE", path: "/accounts/2"}) // It was made without history.
	f.clock.advance(time.Hour)
	f.send(t, patch(`{"title":"Pier","isActive":false,"primaryEmail":null,"contacts":[2]}`))
	f.send(t, request{method: "DELETE", path: "/accounts/3"})
	f.clock.advance(time.Hour)
	f.send(t, patch(`{"isActive":true}`))
	f.send(t, post("match_by=none", `{"title":"Sunrise later","address":["x"]}`))
	for path, want := range map[string]string{
		"at=2026-11-24T16:05:12.300Z":                                                         "1 3",
		"at=2026-11-24T16:05:12.299Z":                                                         "",
		"at=2026-11-24T18:30:00%2B01:00":                                                      "",
		"at=2026-11-24T17:30:00Z&include_archived=true":                                       "1",
		"at=2026-11-24T18:05:12.300Z":                                                         "1 4",
		"at=2026-11-24T16:05:12.300Z&title=taken":                                             "3",
		"at=2026-11-24T16:05:12.300Z&q=jo+park":                                               "1 3",
		"at=2026-11-24T18:05:12.300Z&title=sunrise":                                           "4",
		"at=2026-11-24T18:05:12.300Z&primaryName=lee":                                         "1",
		"at=2026-11-24T16:05:12.300Z&primaryName=jo&page=1":                                   "1 3",
		"at=2026-11-24T16:05:12.300Z&primaryEmail=office":                                     "1 3",
		"at=2026-11-24T18:05:12.300Z&updated_after=2026-11-24T17:30:00Z":                      "1 4",
		"at=2026-11-24T17:30:00Z&updated_before=2026-11-24T17:00:00Z&include_archived=true":   "",
		"at=2026-11-24T16:05:12.300Z&updated_before=2026-11-24T17:00:00Z&include_total=false": "1 3",
	} {
		if a := f.send(t, get("/accounts?"+path)); a.Code != http.StatusOK || a.ids() != want {
			t.Errorf("%s: %d, found %q, want %q: %s", path, a.Code, a.ids(), want, a.Body)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/clients?at=2026-11-24T16:05:12.300Z&page_size=1"}); a.ids() != "1" || !strings.Contains(a.Header().Get("Link"), `rel="next"`) || a.Header().Get("X-At") != "2026-11-24T16:05:12.300Z" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
}

// Of what is gone since, the past tells what it knows.
func TestPastOfWhatIsGone(t *testing.T) {
	t.Parallel()
	f, before := deleted(t)
	for _, r := range []request{
		{method: "DELETE", path: "/contacts/2", key: adminKey},
		{method: "PATCH", path: "/contacts/1", body: `{"name":"Jo Parker"}`},
		{method: "DELETE", path: "/properties/capacity?force=true", key: adminKey},
	} {
		if a := f.send(t, r); a.Code >= http.StatusBadRequest {
			t.Fatalf("%s: %d %s", r.path, a.Code, a.Body)
		}
	}
	want := seen(before.json)
	for _, at := range []string{"2", "2026-11-24T16:06:30Z"} {
		a := f.send(t, get("/accounts/3?include_archived=true&include_contacts=true&at="+at))
		contacts, _ := a.json["contacts"].([]any)
		if a.Code != http.StatusOK || len(contacts) != 2 || !same(contacts[0], "map[emails:[] id:2 name: phones:[] title:<nil>]") || !strings.Contains(fmt.Sprint(contacts[1]), "Jo Parker") {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
		if seen(a.json) != want {
			t.Errorf("%s, want\n%s", a.Body, before.Body)
		}
	}
}

func TestPastRefuses(t *testing.T) {
	t.Parallel()
	f, _ := deleted(t)
	f.send(t, patch(`{"isActive":false}`))
	for path, want := range map[string]string{
		"/accounts/1?at=2026-11-24T16:08:12.301Z":  "400 [query at: at must not be in the future; it is 2026-11-24T16:08:12.300Z now]",
		"/accounts/1?at=3":                         "400 [query at: at must be a version that the account has had, up to 2; got 3]",
		"/accounts/1?at=yesterday":                 `400 [query at: at must be a version of the account, such as 7, or an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "yesterday"]`,
		"/accounts/1?at=0":                         `400 [query at: at must be a version of the account, such as 7, or an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "0"]`,
		"/accounts/1?at=01":                        `400 [query at: at must be a version of the account, such as 7, or an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "01"]`,
		"/accounts/1?at=%2B1":                      `400 [query at: at must be a version of the account, such as 7, or an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "+1"]`,
		"/accounts/1?at=0001-01-01T00:00:00Z":      "404 []",
		"/accounts/1?at=2026-11-24T16:00:00+01:00": `400 [query at: at must be a version of the account, such as 7, or an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "2026-11-24T16:00:00 01:00"; write + as %2B]`,
		"/accounts/1?at=":                          "400 [query at: at must not be empty]",
		"/accounts/1?at=2":                         "404 []",
		"/accounts/3?at=3":                         "404 []",
		"/accounts/3?at=2026-11-24T16:08:00Z":      "404 []",
		"/accounts/3?at=2026-11-24T16:05:12.299Z":  "404 []",
		"/accounts/99?at=1":                        "404 []",
		"/accounts/99?at=2026-11-24T16:06:00Z":     "404 []",
		"/accounts?at=2026-11-24T16:06:00Z&order_by=asc&page=2&include_total=true&title=+": "400 [query include_total: include_total cannot be combined with at; follow the Link header, and count " +
			"query order_by: order_by cannot be combined with at; accounts of the past come in the order of their ids " +
			"query page: page cannot be combined with at; follow the Link header to the next page query title: title must not be blank]",
		"/accounts?at=2027-01-01T00:00:00Z": "400 [query at: at must not be in the future; it is 2026-11-24T16:08:12.300Z now]",
		"/accounts?at=2027-01-01T00:00:00Z&page_size=0": "400 [query at: at must not be in the future; it is 2026-11-24T16:08:12.300Z now " +
			"query page_size: page_size must be an integer from 1 to 100; got 0]",
		"/accounts?at=7": `400 [query at: at must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "7"]`,
		"/accounts?at=2026-11-24T16:06:00Z&cursor=" + cursorOf(f, t): "400 [query cursor: cursor must be one that a Link header of this list gave; got " + strconv.Quote(cursorOf(f, t)) + "]",
	} {
		a := f.send(t, get(path))
		if got := fmt.Sprint(a.Code, " ", a.errors()); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", path, got, want)
		}
	}
	if a := f.send(t, request{method: "GET", path: "/accounts/1?at=2026-11-24T16:05:30Z&include_archived=true", key: otherKey}); a.Code != http.StatusNotFound {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts?at=2026-11-24T16:05:30Z", key: otherKey}); a.ids() != "" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// cursorOf is a cursor of the list as it is now.
func cursorOf(f *fixture, t *testing.T) string {
	t.Helper()
	_, cursor, _ := strings.Cut(f.send(t, get("/accounts?page_size=1&include_archived=true")).link("next"), "cursor=")
	cursor, _, _ = strings.Cut(cursor, "&")
	return cursor
}

// A page looks at so many accounts at the most, and then leaves the rest to the next one;
// of one account, all that was done to it is taken back.
func TestPastPages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	at := f.clock.Now()
	must(t, f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for range 2100 {
			a := f.newAccount()
			a.Number, a.Contacts = 0, nil
			must(t, tx.InsertAccount(ctx, &a))
		}
		title := func(i int) string { return fmt.Sprint("Title ", i) }
		for i := range 1100 {
			must(t, tx.AddHistory(ctx, &account.HistoryEntry{
				CompanyID: f.company.ID, AccountID: 1, Kind: account.ChangeUpdated, Version: int64(i + 2), At: at.Add(time.Duration(i+1) * time.Second),
				Fields: changes.Changes{"title": {Before: title(i), After: title(i + 1)}},
			}))
		}
		return tx.AddHistory(ctx, &account.HistoryEntry{
			CompanyID: f.company.ID, AccountID: 2, Kind: account.ChangeUpdated, Version: 2, At: at.Add(time.Second), Fields: changes.Changes{"title": {Before: "Second", After: "Taken Number"}},
		})
	}))
	f.clock.advance(time.Hour)
	var found []string
	pages := 0
	for path := "/accounts?" + query("at", at.Format(time.RFC3339Nano), "title", "title 0", "page_size", "5"); path != ""; pages++ {
		a := f.send(t, get(path))
		for _, item := range a.list {
			found = append(found, item.(map[string]any)["title"].(string))
		}
		path = a.link("next")
	}
	if !slices.Equal(found, []string{"Title 0"}) || pages != 2 {
		t.Errorf("found %q on %d pages", found, pages)
	}
	if a := f.send(t, get("/accounts?"+query("at", at.Format(time.RFC3339Nano), "page_size", "2"))); a.ids() != "1 2" || !strings.Contains(a.Body.String(), `"title":"Second"`) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if a := f.send(t, get("/accounts/1?"+query("at", at.Add(700*time.Second).Format(time.RFC3339Nano)))); a.json["title"] != "Title 700" || a.Header().Get("X-Version") != "701" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
}
