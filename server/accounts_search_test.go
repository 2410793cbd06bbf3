package server_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestSearchAccounts(t *testing.T) {
	t.Parallel()
	f := queryFixture(t)
	for _, c := range []struct {
		test []string // prop, op, value
		want string   // ids, the earliest changed first
	}{
		// Text is compared folded.
		{[]string{"title", "eq", " sunrise SOLAR "}, "1"},
		{[]string{"name", "eq", "Strasse und SÖHNE"}, "4"},
		{[]string{"title", "neq", "zebra"}, "1 2 3 4 6 7"},
		{[]string{"title", "contains", "solar"}, "1 6"},
		{[]string{"title", "gt", "taken"}, "2 5"},
		{[]string{"title", "lte", "last"}, "3 6 7"},
		{[]string{"title", "between", "l,strasse und söhne"}, "4 7"},
		{[]string{"title", "in", `zebra,"LAST"`}, "5 7"},
		{[]string{"title", "nin", `["zebra","LAST"]`}, "1 2 3 4 6"},
		{[]string{"title", "exists", "true"}, "1 2 3 4 5 6 7"},
		{[]string{"description", "exists", "false"}, "3 6 7"},
		{[]string{"description", "neq", "came by referral."}, "3 4 5 6 7"},
		{[]string{"description", "eq", " "}, "5"},
		{[]string{"address", "eq", "suite 555-0142"}, "3"},
		{[]string{"address", "in", `"120 mission street, san francisco, ca 94105",X`}, "1 2 7"},
		{[]string{"address", "nin", "1 main st,x"}, "1 2 3 5"},
		{[]string{"primaryEmail", "eq", "OFFICE@sunrise.example"}, "1 2"},
		{[]string{"primaryEmail", "contains", "@HARBOR"}, "3"},
		{[]string{"primaryName", "eq", "lee chan"}, "3 7"},
		{[]string{"primaryName", "exists", "false"}, "6"}, // The phone numbers of 4 and 5 have made contacts.
		// Phones: whole ones in normal form, parts by digits.
		{[]string{"primaryPhone", "eq", "(415) 555-0142"}, "1 2"},
		{[]string{"primaryPhone", "contains", "(415) 55"}, "1 2"},
		{[]string{"primaryPhone", "in", "+4930901820,call 5"}, "4 5"},
		{[]string{"primaryPhone", "nin", "+4930901820"}, "1 2 3 5 6 7"},
		// Types are spelled exactly.
		{[]string{"accountType", "eq", "COMMERCIAL"}, "1 2"},
		{[]string{"type", "in", "RESIDENTIAL,COMMERCIAL"}, "1 2 3"},
		{[]string{"clientType", "exists", "false"}, "4 5 6 7"},
		// Integers and references.
		{[]string{"id", "in", "[7, 1,2]"}, "1 2 7"},
		{[]string{"accountId", "gt", " 5 "}, "6 7"},
		{[]string{"number", "gte", "77"}, "2 5"},
		{[]string{"number", "between", "77,500"}, "2 5"},
		{[]string{"createdBy", "eq", "1"}, "1 2 3 4 5 6 7"},
		{[]string{"updatedBy", "exists", "true"}, ""},
		{[]string{"contacts", "eq", "1"}, "1 2 3"},
		{[]string{"contacts", "nin", "1,2"}, "4 5 6"},
		// Amounts.
		{[]string{"value", "eq", "1250.50"}, "1 2"},
		{[]string{"value", "lt", "1e1"}, "4"},
		{[]string{"size", "between", "0,3"}, "1 2 4"},
		{[]string{"size", "exists", "false"}, "3 5 6 7"},
		// Booleans.
		{[]string{"isActive", "eq", "false"}, "6"},
		{[]string{"isActive", "in", "[true]"}, "1 2 3 4 5 7"},
		// Times: a date stands for its day, in UTC.
		{[]string{"createdAt", "eq", "2026-11-24"}, "1 2 3 4 5 6 7"},
		{[]string{"createdAt", "gt", "2026-11-24"}, ""},
		{[]string{"createdAt", "gte", "2026-11-24"}, "1 2 3 4 5 6 7"},
		{[]string{"createdAt", "between", "2026-11-23,2026-11-24"}, "1 2 3 4 5 6 7"},
		{[]string{"createdAt", "between", "2026-11-23,2026-11-23"}, ""},
		{[]string{"createdAt", "lt", "2026-11-24"}, ""},
		{[]string{"createdAt", "lte", "2026-11-24"}, "1 2 3 4 5 6 7"},
		{[]string{"updatedAt", "eq", "2026-11-24T17:06:12.3+01:00"}, "3"},
		{[]string{"updatedAt", "neq", "2026-11-24T16:05:12.300Z"}, "3 4 5 6 7"},
		{[]string{"updatedAt", "gt", "2026-11-24T16:09:12.300Z"}, "7"},
		{[]string{"updatedAt", "gte", "2026-11-24T16:09:12.3001Z"}, "7"},
		{[]string{"updatedAt", "lt", "2026-11-24T16:06:12.3001Z"}, "1 2 3"},
		{[]string{"updatedAt", "lte", "2026-11-24T16:06:12.2999Z"}, "1 2"},
		{[]string{"updatedAt", "eq", "2026-11-24T16:06:12.3001Z"}, ""},
		{[]string{"updatedAt", "in", "2026-11-24T16:06:12.300Z,2026-11-25"}, "3"},
		// Custom members, by their type.
		{[]string{"roof_type", "eq", "metal"}, "3"},
		{[]string{"roof_type", "eq", "Thatch"}, ""},
		{[]string{"roof_type", "nin", "tile,Thatch"}, "3 4 5 7"},
		{[]string{"custom.roof_type", "contains", "ETA"}, "3"},
		{[]string{"tags", "eq", "silver"}, "3"},
		{[]string{"tags", "neq", "silver"}, "1 2 4 5 6 7"},
		{[]string{"capacity", "eq", "10.00"}, "3 7"},
		{[]string{"capacity", "eq", "12345678901234567890.1230"}, "5"},
		{[]string{"capacity", "eq", "12345678901234567890.124"}, ""},
		{[]string{"capacity", "lt", "-999.99"}, "6"},
		{[]string{"capacity", "between", "1e1,12.5"}, "1 2 3 4 7"},
		{[]string{"capacity", "exists", "false"}, ""},
		{[]string{"installed_on", "eq", "2026-11-24"}, "3 4"},
		{[]string{"installed_on", "gt", "2026-11-24"}, "5"},
		{[]string{"installed_on", "lte", "2026-11-24"}, "3 4"},
		{[]string{"installed_on", "lte", "9999-12-31"}, "3 4 5"},
		{[]string{"installed_on", "gt", "9999-12-31"}, ""},
		{[]string{"installed_on", "eq", "2026-11-24T23:30:00Z"}, "4"},
		{[]string{"installed_on", "between", "2026-11-24T00:00:00.0001Z,2026-11-25"}, "4 5"},
		{[]string{"monitored", "eq", "false"}, "4"},
		{[]string{"monitored", "neq", "false"}, "1 2 3 5 6 7"},
		{[]string{"remarks", "in", `"old wiring, CELLAR",Other`}, "3"},
		{[]string{"remarks", "contains", "STRASSE"}, "7"},
	} {
		parameters := query("prop1", c.test[0], "op1", c.test[1], "value1", c.test[2], "include_archived", "true", "include_total", "true")
		a := f.send(t, get("/accounts/search?"+parameters))
		if a.Code != http.StatusOK || a.ids() != c.want {
			t.Errorf("%s: %d, got %s, want %s", c.test, a.Code, a.ids(), c.want)
		}
		active := f.send(t, get("/accounts/search?"+strings.Replace(parameters, "include_archived=true", "order_by=asc", 1)))
		if want := strings.TrimSpace(strings.Replace(" "+c.want+" ", " 6 ", " ", 1)); active.ids() != want {
			t.Errorf("%s: active are %s, want %s", c.test, active.ids(), want)
		}
		if a := f.send(t, request{method: "GET", path: "/accounts/search?" + parameters, key: otherKey}); len(a.list) > 0 {
			t.Errorf("%s: another company sees %s", c.test, a.Body)
		}
	}
}

func TestSearchByTwoTests(t *testing.T) {
	t.Parallel()
	f := queryFixture(t)
	for logic, want := range map[string]string{"": "1", "and": "1", "or": "6 2 1"} {
		pairs := []string{"prop1", "title", "op1", "contains", "value1", "SOLAR", "prop2", "number", "op2", "in", "value2", "1,77",
			"order_by", "desc", "include_archived", "true", "page_size", "2"}
		if logic != "" {
			pairs = append(pairs, "logic", logic)
		}
		a := f.send(t, get("/accounts/search?"+query(pairs...)))
		got := a.ids()
		if next := a.link("next"); next != "" {
			got += " " + f.send(t, get(next)).ids()
		}
		if got != want {
			t.Errorf("logic %q: %s, want %s", logic, got, want)
		}
	}
	a := f.send(t, get("/accounts/search?prop1=id&op1=eq&value1=1&logic=or&include_contacts=true"))
	if a.ids() != "1" || !strings.Contains(a.Body.String(), "Jo Park") {
		t.Errorf("logic without a second test: %d %s", a.Code, a.Body)
	}
}

func TestSearchRefuses(t *testing.T) {
	t.Parallel()
	search := func(pairs ...string) request { return get("/accounts/search?" + query(pairs...)) }
	one := func(prop, op, value string) request { return search("prop1", prop, "op1", op, "value1", value) }
	refused := func(name string, r request, errors ...string) scenario {
		return scenario{name: name, request: r, status: http.StatusBadRequest, code: "VALIDATION_ERROR", errors: errors}
	}
	runScenarios(t, []scenario{
		refused("nothing", search(), "query op1: op1 is required", "query prop1: prop1 is required", "query value1: value1 is required"),
		refused("an unknown member", one("titel", "eq", "x"), `query prop1: prop1 must be a member of accounts or the keyName of a property; got "titel"; did you mean "title"?`),
		refused("an unknown property", one("roof_typ", "eq", "x"), `query prop1: prop1 must be a member of accounts or the keyName of a property; got "roof_typ"; did you mean "roof_type"?`),
		refused("an unknown operator", one("title", "like", "x"), `query op1: op1 must be one of eq, neq, gt, gte, lt, lte, contains, in, nin, between, exists; got "like"`),
		refused("all at once", search("prop1", "titel", "op1", "like", "value1", "", "prop2", "number", "op2", "contains", "value2", "x", "page", "0"),
			`query op1: op1 must be one of eq, neq, gt, gte, lt, lte, contains, in, nin, between, exists; got "like"`,
			`query op2: op2 must be one of eq, neq, gt, gte, lt, lte, in, nin, between, exists for number; got "contains"`,
			"query page: page must be an integer from 1 to 1000000000; got 0",
			`query prop1: prop1 must be a member of accounts or the keyName of a property; got "titel"; did you mean "title"?`,
			"query value1: value1 must not be empty"),
		refused("half a second test", search("prop1", "id", "op1", "eq", "value1", "1", "op2", "eq"),
			"query prop2: prop2 is missing: a test consists of prop2, op2 and value2", "query value2: value2 is missing: a test consists of prop2, op2 and value2"),
		refused("order on booleans", one("isActive", "gt", "true"), `query op1: op1 must be one of eq, neq, in, nin, exists for isActive; got "gt"`),
		refused("order on types", one("type", "lt", "COMMERCIAL"), `query op1: op1 must be one of eq, neq, in, nin, exists for type; got "lt"`),
		refused("order on phones", one("primaryPhone", "between", "1,2"), `query op1: op1 must be one of eq, neq, contains, in, nin, exists for primaryPhone; got "between"`),
		refused("order on custom booleans", one("monitored", "gte", "true"), `query op1: op1 must be one of eq, neq, in, nin, exists for monitored; got "gte"`),
		refused("parts of numbers", one("capacity", "contains", "1"), `query op1: op1 must be one of eq, neq, gt, gte, lt, lte, in, nin, between, exists for capacity; got "contains"`),
		refused("no integer", one("id", "eq", "1.5"), `query value1: value1 must be an integer; got "1.5"`),
		refused("too large an integer", one("id", "gt", "9223372036854775808"), `query value1: value1 must be an integer from -9223372036854775808 to 9223372036854775807; got "9223372036854775808"`),
		refused("too large a number", one("value", "lt", "1e309"), `query value1: value1 must be a number from -1.7976931348623157e+308 to 1.7976931348623157e+308; got "1e309"`),
		refused("no number", one("value", "lt", "Inf"), `query value1: value1 must be a number; got "Inf"`),
		refused("no custom number", one("capacity", "eq", "12,5"), `query value1: value1 must be a number; got "12,5"`),
		refused("no boolean", one("isActive", "eq", "1"), `query value1: value1 must be true or false; got "1"`),
		refused("no type", one("type", "in", "COMMERCIAL,residential"), `query value1: value1 item 2 must be one of RESIDENTIAL, COMMERCIAL; got "residential"`),
		refused("no date", one("createdAt", "gt", "2026-02-30"), `query value1: value1 must be a date such as 2026-11-24 or an RFC 3339 date-time; got "2026-02-30"`),
		refused("no custom date", one("installed_on", "eq", "tomorrow"), `query value1: value1 must be a date such as 2026-11-24 or an RFC 3339 date-time; got "tomorrow"`),
		refused("exists takes true and false", one("title", "exists", "yes"), `query value1: value1 must be true or false; got "yes"`),
		refused("a part of nothing but space", one("title", "contains", "\u00a0"), "query value1: value1 must not be blank"),
		refused("a part of a phone without digits", one("primaryPhone", "contains", "+"), `query value1: value1 must contain a digit; got "+"`),
		refused("one end", one("id", "between", "1"), "query value1: value1 must contain two values, from and to; got 1"),
		refused("three ends", one("id", "between", "[1,2,3]"), "query value1: value1 must contain two values, from and to; got 3"),
		refused("an empty list", one("id", "in", "[]"), "query value1: value1 must contain 1 to 500 values; got 0"),
		refused("a long list", one("id", "in", strings.Repeat("1,", 500)+"1"), "query value1: value1 must contain 1 to 500 values; got 501"),
		refused("a list of lists", one("id", "in", "[[1]]"), "query value1: value1 must contain only strings, numbers, true and false; got a list"),
		refused("more than a list", one("id", "in", "[1] 2"), `query value1: value1 must end with the JSON array; got "[1] 2"`),
		refused("no JSON", one("title", "in", "[a]"), `query value1: value1 must be a JSON array if it starts with a bracket; got "[a]"`),
		refused("no CSV", one("title", "in", `"a`), `query value1: value1 must be a list such as Tile,Metal with quotes around a value that contains a comma, or a JSON array; got "\"a"`),
		refused("two lines", one("title", "in", "a\nb"), `query value1: value1 must be one line; got "a\nb"`),
		refused("a NUL", one("title", "in", "a\x00"), "query value1: value1 must not contain a NUL character"),
		{name: "without a key", request: request{method: "GET", path: "/accounts/search", key: noKey}, status: 401, code: "UNAUTHORIZED"},
	})
}

// A property with the key of a member is found under its full name.
func TestSearchPropertyNamedAsAMember(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addProperty(t, "size")
	f.send(t, patch(`{"custom":{"size":"Large"}}`))
	for parameters, want := range map[string]string{
		query("prop1", "custom.size", "op1", "eq", "value1", "large"): "1",
		query("prop1", "size", "op1", "eq", "value1", "3"):            "2 1", // by the time of the change
	} {
		if a := f.send(t, get("/accounts/search?"+parameters)); a.ids() != want {
			t.Errorf("%s: %s %s", parameters, a.ids(), a.Body)
		}
	}
}
