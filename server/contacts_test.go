package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/identity"
	fields "github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

func contactRequest(method, path, body string) request {
	return request{method: method, path: "/contacts" + path, body: body}
}

func TestCreateContact(t *testing.T) {
	t.Parallel()
	create := func(body string) request { return contactRequest("POST", "", body) }
	runScenarios(t, []scenario{
		{name: "with every member", request: create(`{"name":" Ada King ","title":"Owner","emails":[" Ada@X.example","ada@x.example","b@x.example"],"phones":["(415) 555-0199","+14155550199","ext 7"]}`), status: 201,
			header: map[string]string{"Location": "/v1/contacts/3"},
			members: map[string]any{"id": 3, "name": "Ada King", "title": "Owner", "emails": []any{"ada@x.example", "b@x.example"}, "phones": []any{"+14155550199", "ext 7"},
				"accounts": []any{}, "createdAt": "2026-11-24T16:05:12.300Z", "updatedAt": "2026-11-24T16:05:12.300Z", "createdByUser": map[string]any{"id": 1}}},
		{name: "with a name only", request: create(`{"name":"Ada"}`), status: 201, members: map[string]any{"title": nil, "emails": []any{}, "phones": []any{}}},
		{name: "linked", request: create(`{"name":"Ada","accountIds":[2,1,2]}`), status: 201, changes: true,
			members: map[string]any{"accounts": []any{map[string]any{"id": 1, "title": "Sunrise Solar"}, map[string]any{"id": 2, "title": "Taken Number"}}}},
		{name: "without a name", request: create(`{}`), status: 400, code: "VALIDATION_ERROR", errors: []string{"/name: name is required"}},
		{name: "every offence, of the spec and of the domain", request: create(`{"name":"  ","emails":["a@x.example","nobody"],"phones":["none"],"accountIds":[1,99],"nope":1}`), status: 400, code: "VALIDATION_ERROR", errors: []string{
			"/accountIds/1: accountIds[1] must be the id of an account of this company; got 99",
			`/emails/1: emails[1] must be an e-mail address; got "nobody"`,
			`/name: name must not be blank; got "  "`,
			"/nope: nope is not a known member",
			`/phones/0: phones[0] must contain a digit; got "none"`}},
		{name: "an unknown account", request: create(`{"name":"Ada","accountIds":[99]}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/accountIds/0"`, `"field":"accountIds"`}},
		{name: "an account of another company", request: request{method: "POST", path: "/contacts", key: otherKey, body: `{"name":"Ada","accountIds":[1]}`}, status: 400, code: "VALIDATION_ERROR", want: []string{`"pointer":"/accountIds/0"`}},
		{name: "an id is not the caller's to choose", request: create(`{"name":"Ada","id":9}`), status: 400, code: "VALIDATION_ERROR"},
		{name: "a key that may only read", request: request{method: "POST", path: "/contacts", key: readKey, body: `{"name":"Ada"}`}, status: 403, code: "FORBIDDEN"},
		{name: "no key", request: request{method: "POST", path: "/contacts", key: noKey, body: `{"name":"Ada"}`}, status: 401, code: "UNAUTHORIZED"},
	})
}

func TestUpdateContact(t *testing.T) {
	t.Parallel()
	update := func(body string) request { return contactRequest("PATCH", "/1", body) }
	runScenarios(t, []scenario{
		{name: "a name", request: update(`{"name":" Jo Park-Lee "}`), status: 200, changes: true, members: map[string]any{"name": "Jo Park-Lee", "title": "Facility manager", "phones": []any{"+14155550143"}}},
		{name: "a title cleared", request: update(`{"title":null}`), status: 200, changes: true, members: map[string]any{"title": nil}},
		{name: "lists replaced and emptied", request: update(`{"emails":[],"phones":["415 555 0177"]}`), status: 200, changes: true, members: map[string]any{"emails": []any{}, "phones": []any{"+14155550177"}}},
		{name: "its own id", request: update(`{"id":1}`), status: 200},
		{name: "as merge patch", request: request{method: "PATCH", path: "/contacts/1", body: `{"title":null}`, headers: map[string]string{"Content-Type": "application/merge-patch+json"}}, status: 200, changes: true, members: map[string]any{"title": nil}},
		{name: "another id", request: update(`{"id":2,"name":"x"}`), status: 400, code: "VALIDATION_ERROR", errors: []string{"/id: id must be the id of the contact being updated, 1; got 2"}},
		{name: "null where there must be a value", request: update(`{"name":null,"emails":null,"accountIds":[99]}`), status: 400, code: "VALIDATION_ERROR",
			errors: []string{"/accountIds/0: accountIds[0] must be the id of an account of this company; got 99", "/emails: emails must not be null", "/name: name must not be null"}},
		{name: "no such contact", request: contactRequest("PATCH", "/99", `{"name":"x"}`), status: 404, code: "NOT_FOUND"},
		{name: "of another company", request: request{method: "PATCH", path: "/contacts/1", key: otherKey, body: `{"name":"x"}`}, status: 404, code: "NOT_FOUND"},
		{name: "an id that is none", request: contactRequest("PATCH", "/x", `{"name":"x"}`), status: 400, code: "VALIDATION_ERROR", want: []string{`"in":"path"`}},
		{name: "a key that may only read", request: request{method: "PATCH", path: "/contacts/1", key: readKey, body: `{"name":"x"}`}, status: 403, code: "FORBIDDEN"},
		{name: "deletion with a key that may only read", request: request{method: "DELETE", path: "/contacts/1", key: readKey}, status: 403, code: "FORBIDDEN"},
		{name: "deletion of another company's", request: request{method: "DELETE", path: "/contacts/1", key: otherKey}, status: 404, code: "NOT_FOUND"},
		{name: "deletion of none", request: request{method: "DELETE", path: "/contacts/99"}, status: 404, code: "NOT_FOUND"},
		{name: "reading another company's", request: request{method: "GET", path: "/contacts/1", key: otherKey}, status: 404, code: "NOT_FOUND"},
		{name: "reading one", request: request{method: "GET", path: "/contacts/1", key: readKey}, status: 200, members: map[string]any{"id": 1, "name": "Jo Park", "createdByUser": nil,
			"accounts": []any{map[string]any{"id": 1, "title": "Sunrise Solar"}, map[string]any{"id": 2, "title": "Taken Number"}}}},
	})
}

// A contact that is sent back as it was fetched changes nothing.
func TestContactRoundTrip(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	created := f.send(t, contactRequest("POST", "", `{"name":"Ada","title":"Owner","emails":["ada@x.example"],"phones":["415-555-0188"],"accountIds":[1]}`))
	f.clock.advance(time.Hour)
	before := f.stored(t)
	for _, body := range []string{created.Body.String(), `{}`, `{"accountIds":[1]}`, `{"name":"Ada ","emails":["ADA@x.example"]}`} {
		if a := f.send(t, contactRequest("PATCH", "/3", body)); a.Code != http.StatusOK || a.Body.String() != created.Body.String() {
			t.Errorf("%s: %d %s", body, a.Code, a.Body)
		}
	}
	if after := f.stored(t); after != before {
		t.Errorf("stored\n%s\nbefore\n%s", after, before)
	}
}

// A link is a member of the account: each account that gains or loses a contact
// has a new version, and its history says so.
func TestLinksChangeAccounts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	expect := func(what string, version int, contacts string, change string) {
		t.Helper()
		a, h := f.account1(t), f.history1(t)
		var ids []int64
		for _, c := range a.Contacts {
			ids = append(ids, c.ID)
		}
		if a.Version != int64(version) || fmt.Sprint(ids) != contacts || !a.UpdatedAt.Equal(f.clock.Now()) {
			t.Errorf("%s: version %d, contacts %v, updated %s; want %d, %s, %s", what, a.Version, ids, a.UpdatedAt, version, contacts, f.clock.Now())
		}
		if len(h) != version-1 || fmt.Sprint(h[0].Fields["contacts"]) != change || h[0].Version != a.Version || h[0].UserID != f.ada.ID || a.UpdatedBy == nil {
			t.Errorf("%s: history %+v", what, h)
		}
	}
	f.clock.advance(time.Minute)
	f.send(t, contactRequest("PATCH", "/2", `{"accountIds":[1]}`))
	expect("a link", 2, "[1 2]", "{[1] [1 2]}")
	f.clock.advance(time.Minute)
	a := f.send(t, contactRequest("PATCH", "/1", `{"accountIds":[2]}`))
	expect("another contact's link off", 3, "[2]", "{[1 2] [2]}")
	if a.json["updatedAt"] != "2026-11-24T16:07:12.300Z" {
		t.Errorf("the contact's links changed: %s", a.Body)
	}
	f.clock.advance(time.Minute)
	f.send(t, contactRequest("POST", "", `{"name":"New","accountIds":[1]}`))
	expect("a new contact", 4, "[2 3]", "{[2] [2 3]}")
	f.clock.advance(time.Minute)
	if a := f.send(t, contactRequest("DELETE", "/2", "")); a.Code != http.StatusNoContent || a.Body.Len() > 0 {
		t.Errorf("delete: %d %s", a.Code, a.Body)
	}
	expect("a deletion", 5, "[3]", "{[2 3] [3]}")
	for _, method := range []string{"GET", "DELETE"} {
		if a := f.send(t, contactRequest(method, "/2", "")); a.Code != http.StatusNotFound {
			t.Errorf("%s of a deleted one: %d", method, a.Code)
		}
	}
	// A new name is the contact's own; accounts list contacts by id.
	f.send(t, contactRequest("PATCH", "/3", `{"name":"Newer"}`))
	if got := f.account1(t); got.Version != 5 || got.Contacts[0].Name != "Newer" {
		t.Errorf("after a rename: %+v", got)
	}
}

// An account takes no more contacts than it may have; nothing of the request is
// kept.
func TestTooManyLinks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.account1(t)
	fill := make([]int64, 0, account.MaxContacts)
	for len(fill) < account.MaxContacts {
		c, err := f.services.Contacts.Create(t.Context(), identity.Actor{CompanyID: f.company.ID, User: f.ada.Ref()}, contact.Patch{Name: fields.Set("x")}, write.Mode[account.Contact]{})
		must(t, err)
		fill = append(fill, c.ID)
	}
	_, err := f.services.Accounts.Update(t.Context(), identity.Actor{CompanyID: f.company.ID, User: f.ada.Ref()}, account.UpdateRequest{ID: a.ID, Patch: account.Patch{Contacts: fields.Set(fill)}})
	must(t, err)
	before := f.stored(t)
	answer := f.send(t, contactRequest("POST", "", `{"name":"One more","accountIds":[2,1]}`))
	if answer.Code != http.StatusBadRequest || !strings.Contains(answer.Body.String(), "accountIds[1] cannot be 1: that account has 1000 contacts") {
		t.Errorf("%d %s", answer.Code, answer.Body)
	}
	if f.stored(t) != before {
		t.Error("something was written")
	}
}

func TestListContacts(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i, body := range []string{
		`{"name":"Zoë Strand","emails":["zoe@harbor.example"]}`, `{"name":"Ann Lee","phones":["(212) 555-0101"],"accountIds":[1]}`, `{"name":"Bob Lee"}`,
	} {
		f.clock.advance(time.Second)
		if a := f.send(t, contactRequest("POST", "", body)); a.Code != http.StatusCreated {
			t.Fatalf("%d: %d %s", i, a.Code, a.Body)
		}
	}
	f.send(t, request{method: "POST", path: "/contacts", key: otherKey, body: `{"name":"Zoë of another company"}`})
	for query, want := range map[string]string{
		"":                                       "5 4 3 2 1",
		"order_by=asc":                           "1 2 3 4 5",
		"q=lee":                                  "5 4 2",
		"q=LEE%20ann":                            "4",
		"q=zo%C3%8B":                             "3",
		"q=harbor.example":                       "3",
		"q=(212)%20555-01":                       "4",
		"q=nothing":                              "",
		"account_id=1":                           "4 1",
		"account_id=99":                          "",
		"account_id=1&q=lee":                     "4",
		"updated_after=2026-11-24T16:05:13.300Z": "5 4",
		"updated_before=2026-11-24T17:05:13.300%2B01:00": "2 1",
		"page_size=2":                      "5 4",
		"page_size=2&page=2":               "3 2",
		"page_size=2&page=9":               "",
		"page_size=1&include_total=true":   "5",
		"q=lee&include_total=true&page=99": "",
	} {
		a := f.send(t, request{method: "GET", path: "/contacts?" + query, key: readKey})
		if a.Code != http.StatusOK || a.ids() != want {
			t.Errorf("%s: %d, contacts %s, want %s", query, a.Code, a.ids(), want)
		}
		total := map[bool]string{true: "5"}[strings.Contains(query, "include_total")]
		if strings.Contains(query, "q=lee&include_total") {
			total = "3"
		}
		if got := a.Header().Get("X-Total-Count"); got != total {
			t.Errorf("%s: X-Total-Count %q, want %q", query, got, total)
		}
	}
	var seen []string
	for path := "/contacts?page_size=2"; path != ""; {
		a := f.send(t, request{method: "GET", path: path, key: readKey})
		seen, path = append(seen, a.ids()), a.link("next")
	}
	if got := strings.Join(seen, " "); got != "5 4 3 2 1" {
		t.Errorf("by the links: %s", got)
	}
}

func TestListContactsRefuses(t *testing.T) {
	t.Parallel()
	get := func(query string) request { return request{method: "GET", path: "/contacts?" + query} }
	runScenarios(t, []scenario{
		{name: "every offence", request: get("q=%20&page_size=0&account_id=x&order_by=up&nope=1"), status: 400, code: "VALIDATION_ERROR", errors: []string{
			`query account_id: account_id must be an integer of at least 1; got "x"`,
			`query nope: "nope" is not a query parameter of this operation`,
			`query order_by: order_by must be one of asc, desc; got "up"`,
			"query page_size: page_size must be an integer from 1 to 100; got 0",
			"query q: q must not be blank"}},
		{name: "a cursor of another list", request: get("cursor=eyJkIjoiYSIsImkiOjQyfQ"), status: 400, code: "VALIDATION_ERROR", want: []string{`"field":"cursor"`}},
		{name: "no key", request: request{method: "GET", path: "/contacts", key: noKey}, status: 401, code: "UNAUTHORIZED"},
	})
}
