package server_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
)

// former are requests that programs send which were written for the former API,
// with what has to be read leniently.
var former = []struct {
	request request
	status  int
	lenient string
	strict  string // what strict handling says
}{
	{
		request{method: "POST", path: "/accounts", body: `{"title":"Unique","address":"1 Main St"}`}, 201,
		"address as list", `/address: address must be a list; got "1 Main St"`,
	},
	{
		request{method: "POST", path: "/accounts", body: `{"name":"Unique Too","street":"1 Main St","city":"Oakland","state":"CA","zip":"94601","clientType":"Residential","companyId":5,"primaryEmail":""}`}, 201,
		"name read as title; clientType read as accountType; accountType in another case; street read as address; companyId ignored; empty primaryEmail read as null",
		`/city: city is not a known member`,
	},
	{
		request{method: "PATCH", path: "/accounts/1", body: `{"clientType":"COMMERCIAL","clientId":1,"number":"24","value":"1250.50","size":"","isActive":"true"}`}, 200,
		"clientId read as id; clientType read as accountType; isActive from text; empty size read as null; number from text; value from text",
		`/clientType: clientType is not a known member`,
	},
	{request{method: "PATCH", path: "/accounts/1", body: `{"primaryEmail":"","primaryPhone":"","description":"","accountType":""}`}, 200,
		"empty accountType read as null; empty description read as null; empty primaryEmail read as null; empty primaryPhone read as null", `/primaryEmail: `},
	{
		request{method: "PUT", path: "/accounts/1", body: `{"title":"New"}`}, 200,
		"PUT read as PATCH", "not PUT",
	},
	{request{method: "POST", path: "/accounts/batch", body: `{"updates":[{"id":1,"set":{"name":"A"}},{"id":2,"set":{"name":"B"}}]}`}, 200,
		"name read as title", `/updates/0/set/name: updates[0].set.name is not a known member`},
	{request{method: "POST", path: "/accounts/batch", body: `{"items":[{"create":{"id":9,"name":"A","address":"x"}},{"match":"title","upsert":{"title":"A","clientType":"COMMERCIAL"}},{"id":1,"update":{"value":"5"}}]}`}, 200,
		"name read as title; clientType read as accountType; address as list; value from text; id of a new account ignored", `/items/0/create/name: items[0].create.name is not a known member`},
	{request{method: "GET", path: "/accounts?limit=1&offset=1&_=123&q="}, 200,
		"_ ignored; limit read as page_size; offset read as page; empty q ignored", `query _: "_" is not a query parameter`},
	{request{method: "GET", path: "/accounts?page_size=200&order_by=ASC&updated_after=2026-01-01&updated_before=2026-12-31T00:00:00"}, 200,
		"page_size over 100 read as 100; updated_after read as UTC; updated_before read as UTC; order_by in another case", `query order_by: order_by must be one of asc, desc`},
	{request{method: "GET", path: "/accounts/search?prop1=clientType&op1=EQ&value1=COMMERCIAL&logic=AND&limit=5"}, 200,
		"limit read as page_size; logic in another case; op1 in another case", `query logic: logic must be one of and, or`},
	{request{method: "GET", path: "/accounts/1?include_contacts=True&_=5"}, 200,
		"_ ignored; include_contacts read as true or false", `query include_contacts: include_contacts must be true or false; got "True"`},
	{request{method: "GET", path: "/accounts/changes?limit=5"}, 200, "limit read as page_size", `query limit: "limit" is not a query parameter`},

	// These have no former name: only the preference makes them lenient.
	{request{method: "POST", path: "/contacts", body: `{"firstName":"Sam","lastName":"Lee","email":"sam@example.com","phone":"","projectIds":[]}`}, 201,
		"firstName and lastName read as name; email read as emails; phone read as phones; emails as list; phones as list; empty items of phones ignored; empty projectIds ignored",
		`/projectIds: projectIds is not a known member`},
	{request{method: "PUT", path: "/contacts/1", body: `{"emails":["","jo@sunrise.example"]}`}, 200, "PUT read as PATCH; empty items of emails ignored", "not PUT"},
	{request{method: "GET", path: "/contacts?limit=5&q="}, 200, "limit read as page_size; empty q ignored", `query limit: `},
	{request{method: "GET", path: "/properties?record_type=project"}, 200, "record_type project ignored", `query record_type: `},
	{request{method: "POST", path: "/properties", key: adminKey, body: `{"name":"Colour","type":"text"}`}, 201, "type of a property in another case", `/type: type must be one of`},
}

// Programs that were written for the former API work under the former path, and
// elsewhere if they ask for lenient handling. Strict handling says what is wrong.
func TestFormerPrograms(t *testing.T) {
	t.Parallel()
	fixtures := []*fixture{newFixture(t), newFixture(t), newFixture(t), newFixture(t)} // one for each way to send them
	for _, c := range former {
		handlings := []request{c.request, prefer(c.request, "lenient")}
		if strings.HasPrefix(c.request.path, "/accounts") {
			alias := c.request
			alias.path = strings.Replace(alias.path, "/accounts", "/clients", 1)
			handlings = append(handlings, alias, prefer(alias, "strict"))
		}
		for i, r := range handlings {
			a := fixtures[i].send(t, r)
			name := fmt.Sprintf("%s %s %s %v", r.method, r.path, r.body, r.headers)
			if i%3 == 0 { // strict
				if said := strings.Join(a.errors(), "\n") + fmt.Sprint(a.json["detail"]); a.Code != 400 && a.Code != 405 || !strings.Contains(said, c.strict) || a.Header().Get("X-Lenient") != "" {
					t.Errorf("%s: %d %v %s", name, a.Code, a.Header(), said)
				}
				continue
			}
			if a.Code != c.status || a.Header().Get("X-Lenient") != c.lenient || a.Header().Get("Preference-Applied") != "handling=lenient" {
				t.Errorf("%s: %d, X-Lenient %q\n%s", name, a.Code, a.Header().Get("X-Lenient"), a.Body)
			}
		}
	}
}

func prefer(r request, handling string) request {
	r.headers = map[string]string{"Prefer": "handling=" + handling}
	return r
}

// What was read leniently is what is stored and linked to.
func TestLenientValues(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a := f.send(t, request{method: "POST", path: "/clients", body: former[1].request.body})
	want := map[string]any{
		"title": "Unique Too", "address": []any{"1 Main St", "Oakland, CA 94601"}, "accountType": "RESIDENTIAL", "clientType": "RESIDENTIAL", "primaryEmail": nil,
	}
	for member, value := range want {
		if !reflect.DeepEqual(a.json[member], value) {
			t.Errorf("%s is %v, want %v", member, a.json[member], value)
		}
	}
	list := f.send(t, request{method: "GET", path: "/clients?limit=1&_=5&offset=1"})
	if len(list.list) != 1 || list.list[0].(map[string]any)["clientType"] != "COMMERCIAL" {
		t.Errorf("%s", list.Body)
	}
	if first := list.link("first"); first != "/accounts?page_size=1" {
		t.Errorf("the first page is %s", first)
	}
	if got := list.link("successor-version"); got != "/accounts?page=2&page_size=1" {
		t.Errorf("the successor is %s, which strict handling does not take", got)
	}
	if a := f.send(t, request{method: "GET", path: "/accounts/1"}); strings.Contains(a.Body.String(), "clientType") {
		t.Errorf("%s", a.Body)
	}
}

// Leniency ends where something could be lost, and what was read leniently is
// told with an error, too.
func TestLenientRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, c := range []struct{ body, want string }{
		{`{"name":"A","titel":"x"}`, `/titel: titel is not a known member; did you mean "title"?`},
		{`{"name":"A","custom":{"nope":1}}`, "/custom/nope: "},
		{`{"name":"A","custom":{"capacity":"12,50"}}`, "/custom/capacity: "},
		{`{"name":"A","number":"1e99"}`, "/number: "},
		{`{"name":"A","clientType":"x"}`, "/accountType: "},
	} {
		a := f.send(t, request{method: "PATCH", path: "/clients/1", body: c.body})
		if a.Code != http.StatusBadRequest || len(a.errors()) != 1 || !strings.HasPrefix(a.errors()[0], c.want) ||
			!strings.HasPrefix(a.Header().Get("X-Lenient"), "name read as title") || a.Header().Get("Preference-Applied") == "" {
			t.Errorf("%s: %d %q, X-Lenient %q", c.body, a.Code, a.errors(), a.Header().Get("X-Lenient"))
		}
	}
	for _, path := range []string{"/clients/search", "/clients", "/clients/1/changes"} {
		if a := f.send(t, request{method: "PUT", path: path, body: `{}`}); a.Code != http.StatusMethodNotAllowed || a.Header().Get("Allow") == "" {
			t.Errorf("PUT %s: %d", path, a.Code)
		}
	}
}

// A request that is as it should be has no word about leniency, and every answer
// says that it depends on the preference.
func TestNothingLenient(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, path := range []string{"/clients/1", "/accounts/1", "/contacts", "/properties", "/users", "/alias-migrations/me"} {
		for _, handling := range []string{"strict", "lenient", "loose"} {
			a := f.send(t, prefer(request{method: "GET", path: path, key: adminKey}, handling))
			vary := strings.Join(a.Header().Values("Vary"), ", ")
			if a.Code != http.StatusOK || a.Header().Get("X-Lenient")+a.Header().Get("Preference-Applied") != "" || !strings.Contains(vary, "Prefer") {
				t.Errorf("%s %s: %d %v", path, handling, a.Code, a.Header())
			}
		}
	}
}

// Every operation takes the preference, and every answer can say what was read
// leniently. The former paths declare the parameters that they take besides.
func TestSpecDeclaresLeniency(t *testing.T) {
	t.Parallel()
	for path, item := range loadSpec(t).Paths.Map() {
		for method, op := range item.Operations() {
			if op.Parameters.GetByInAndName("header", "Prefer") == nil {
				t.Errorf("%s %s does not take Prefer", method, path)
			}
			for status, response := range op.Responses.Map() {
				if response.Value.Headers["X-Lenient"] == nil || response.Value.Headers["Preference-Applied"] == nil {
					t.Errorf("%s %s: %s cannot say what was read leniently", method, path, status)
				}
			}
			if !op.Deprecated {
				continue
			}
			if op.Parameters.GetByInAndName("query", "_") == nil ||
				(op.Parameters.GetByInAndName("query", "page_size") == nil) != (op.Parameters.GetByInAndName("query", "limit") == nil) ||
				(op.Parameters.GetByInAndName("query", "page") == nil) != (op.Parameters.GetByInAndName("query", "offset") == nil) {
				t.Errorf("%s %s does not say which former parameters it takes", method, path)
			}
		}
	}
}

// A key may have a handling of its own, which a request can overrule.
func TestHandlingOfKeys(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	keyOf := func(body string) string {
		a := f.send(t, login("ada@example.com", password, body))
		if a.Code != http.StatusOK {
			t.Fatalf("%s: %s", body, a.Body)
		}
		return a.json["token"].(string)
	}
	lenientKey, strictKey := keyOf(`{"handling":"lenient"}`), keyOf(`{"handling":"strict"}`)
	for _, c := range []struct {
		request request
		status  int
	}{
		{request{method: "GET", path: "/contacts?limit=1", key: lenientKey}, 200},
		{request{method: "PUT", path: "/accounts/1", key: lenientKey, body: `{"name":"A"}`}, 200},
		{prefer(request{method: "PUT", path: "/accounts/1", key: lenientKey, body: `{"name":"A"}`}, "strict"), 405},
		{prefer(request{method: "GET", path: "/contacts?limit=1", key: lenientKey}, "strict"), 400},
		{request{method: "GET", path: "/clients?limit=1", key: strictKey}, 400},
		{request{method: "PUT", path: "/clients/1", key: strictKey, body: `{}`}, 405},
		{prefer(request{method: "GET", path: "/clients?limit=1", key: strictKey}, "lenient"), 200},
		{request{method: "PUT", path: "/accounts/1", key: "acc_guess", body: `{}`}, 401},
	} {
		if a := f.send(t, c.request); a.Code != c.status {
			t.Errorf("%v: %d %s", c.request, a.Code, a.Body)
		}
	}
	a := f.send(t, request{method: "GET", path: "/api-keys", key: adminKey})
	if got := a.Body.String(); !strings.Contains(got, `"handling":"lenient"`) || !strings.Contains(got, `"handling":null`) {
		t.Errorf("%s", got)
	}
}

// What a user's programs needed is in the report, by key.
func TestLenienciesAreReported(t *testing.T) {
	t.Parallel()
	f := newAliasFixture(t)
	for range 2 {
		f.send(t, request{method: "PATCH", path: "/clients/1", key: linKey, body: `{"clientType":"COMMERCIAL"}`})
	}
	f.send(t, request{method: "GET", path: "/clients?limit=5", key: linReadKey})
	f.send(t, prefer(request{method: "GET", path: "/accounts?limit=5", key: linReadKey}, "lenient")) // It will still work.
	f.flush(t)
	var got []string
	for _, item := range f.report(t)["leniencies"].([]any) {
		l := item.(map[string]any)
		for _, key := range l["keys"].([]any) {
			got = append(got, fmt.Sprint(l["name"], " ", l["calls"], " ", key.(map[string]any)["keyId"], " ", l["lastCallAt"]))
		}
	}
	now := f.clock.Now().Format("2006-01-02T15:04:05.000Z")
	want := []string{
		fmt.Sprint("clientType read as accountType 2 ", f.keys[linKey].ID, " ", now),
		fmt.Sprint("limit read as page_size 1 ", f.keys[linReadKey].ID, " ", now),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A PUT is looked at as every request is: by whose key it is, and whether that
// has sent too many, before it is told that there is none.
func TestPutIsCounted(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *server.Config) { c.RateLimit, c.Clock = 1, func() time.Time { return time.Unix(0, 0) } })
	for i, want := range []int{405, 405, 429} {
		a := f.serve(t, "PUT", "/v1/accounts/1", "{}")
		if a.Code != want || want == 405 && a.Header().Get("Allow") != "GET, HEAD, DELETE, PATCH, OPTIONS" {
			t.Errorf("%d: %d %v %s", i, a.Code, a.Header(), a.Body)
		}
	}
	if log := f.log.String(); strings.Count(log, `"method":"PUT"`) != 3 || strings.Contains(log, `"keyId":0`) {
		t.Errorf("the log: %s", log)
	}
}
