package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const zwsp = `\u200b`

// What cannot be seen gets into no record, and equal values are equal.
func TestInvisibleCharacters(t *testing.T) {
	t.Parallel()
	runScenarios(t, []scenario{
		{name: "account", request: request{method: "PATCH", path: "/accounts/1", body: `{"title":"` + zwsp + ` Harbor\ufeff","description":"\u00adx",` +
			`"address":["\u202a1 Main St\u202c"],"primaryEmail":"a\u00adda@example.com` + zwsp + `","primaryPhone":"\u202a+14155550142\u202c"}`},
			status: 200, changes: true, want: []string{`"title":"Harbor"`, `"description":"x"`, `"address":["1 Main St"]`, `"primaryEmail":"ada@example.com"`, `"primaryPhone":"+14155550142"`}},
		{name: "contact", request: request{method: "POST", path: "/contacts", body: `{"name":"Jo\u2060","title":"\u200eCEO\u200f","emails":["jo@x.example\ufeff"],"phones":["\u2066(415) 555-0142\u2069"]}`},
			status: 201, want: []string{`"name":"Jo"`, `"title":"CEO"`, `["jo@x.example"]`, `["+14155550142"]`}},
		{name: "user", request: request{method: "POST", path: "/users", key: adminKey, body: `{"email":"zoe\u200b@x.example","firstName":"\u202eZoe"}`},
			status: 201, want: []string{`"email":"zoe@x.example"`, `"firstName":"Zoe"`}},
		{name: "property", request: request{method: "POST", path: "/properties", key: adminKey, body: `{"name":"\ufeffZone","type":"DROPDOWN","options":["East\u200b","East"]}`},
			status: 201, want: []string{`"name":"Zone"`, `"options":["East"]`}},
		{name: "an emoji", request: request{method: "PATCH", path: "/accounts/1", body: `{"title":"👩\u200d👧 Home"}`}, status: 200, changes: true, want: []string{"👩‍👧 Home"}},
		{name: "nothing else", request: request{method: "PATCH", path: "/accounts/1", body: `{"title":"\u200b","address":["\u200e\u200f"]}`}, status: 400, code: "VALIDATION_ERROR",
			errors: []string{"/address/0: address[0] must not be blank", "/title: title must not be blank"}},
		{name: "a contact of nothing else", request: request{method: "POST", path: "/contacts", body: `{"name":"\u2060"}`}, status: 400, code: "VALIDATION_ERROR", want: []string{"name must not be blank"}},
	})
}

// Addresses and numbers that are the same find each other; others do not.
func TestSameAddress(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	post := func(by, member, value string) answer {
		return f.send(t, request{method: "POST", path: "/accounts?match_by=" + by, body: fmt.Sprintf(`{"title":"T","address":["x"],"%s":"%s"}`, member, value)})
	}
	for _, c := range [][3]string{
		{"primaryEmail", `zoe\u03017@example.com`, "zoé7@example.com"}, {"primaryEmail", "ada@MÜNCHEN.example", "ada@xn--mnchen-3ya.example"},
		{"primaryPhone", "0049 30 901820", "+4930901820"}, {"primaryPhone", "＋１４１５５５５０１４４", "(415) 555-0144"},
	} {
		post(c[0], c[0], c[1])
		if a := post(c[0], c[0], c[2]); a.Code != http.StatusOK {
			t.Errorf("%s does not find %s: %d %s", c[2], c[1], a.Code, a.Body)
		}
	}
	for _, c := range [][2]string{{"José", "Jose"}, {"O’Neil", "O'Neil"}} {
		for _, title := range c {
			a := f.send(t, request{method: "POST", path: "/accounts", body: fmt.Sprintf(`{"title":%q,"address":["x"]}`, title)})
			if a.Code != http.StatusCreated {
				t.Errorf("%s is merged: %d", title, a.Code)
			}
		}
	}
	for _, path := range []string{"?q=jose", "?q=JOSÉ", "?title=o'neil", "?title=o’neil", "/search?prop1=title&op1=contains&value1=jose"} {
		if a := f.send(t, get("/accounts"+path)); len(a.list) != 2 {
			t.Errorf("%s finds %s", path, a.Body)
		}
	}
	if a := f.send(t, get("/accounts/search?prop1=title&op1=eq&value1=jose")); len(a.list) != 1 {
		t.Errorf("eq finds %s", a.Body)
	}
}

// What is no number links nobody.
func TestNoNumberLinksNobody(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	contacts := make(map[string]bool)
	for range 2 {
		a := f.send(t, request{method: "POST", path: "/accounts?match_by=none", body: `{"title":"T","address":["x"],"primaryPhone":"0415 555 012"}`})
		contacts[fmt.Sprint(a.json["contacts"])] = true
		if a.Code != http.StatusCreated || a.json["primaryPhone"] != "0415 555 012" {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	}
	if len(contacts) != 2 {
		t.Errorf("both are linked to %v", contacts)
	}
}

func TestWordsOfRefusals(t *testing.T) {
	t.Parallel()
	refused := func(r request, errors ...string) scenario {
		return scenario{name: r.method + " " + r.path + " " + r.body, request: r, status: 400, code: "VALIDATION_ERROR", errors: errors}
	}
	nines := strings.Repeat("9", 70)
	runScenarios(t, []scenario{
		refused(request{method: "PATCH", path: "/accounts/1", body: `{"primaryEmail":"","primaryPhone":"","accountType":""}`},
			`/accountType: accountType must be one of RESIDENTIAL, COMMERCIAL; got ""; send null to clear it`,
			`/primaryEmail: primaryEmail must be an e-mail address; got ""; send null to clear it`,
			`/primaryPhone: primaryPhone must contain a digit; got ""; send null to clear it`),
		refused(request{method: "PATCH", path: "/accounts/1", body: `{"custom":{"capacity":""}}`}, `/custom/capacity: custom.capacity must be a number; got ""; send null to clear it`),
		refused(request{method: "PATCH", path: "/accounts/1", body: `{"custom":{"roof_type":""}}`}, `/custom/roof_type: custom.roof_type must not be blank; send null to clear it`),
		refused(get("/accounts?primaryEmail=ada+crm7@example.com"), "query primaryEmail: primaryEmail must not contain a space, which no e-mail address has; write + as %2B"),
		refused(get("/accounts/search?prop1=primaryEmail&op1=eq&value1=ada+crm7@example.com"), "query value1: value1 must not contain a space, which no e-mail address has; write + as %2B"),
		refused(get("/accounts?updated_after=2026-11-24T10:00:00+02:00"), `query updated_after: updated_after must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got "2026-11-24T10:00:00 02:00"; write + as %2B`),
		refused(get("/accounts/search?prop1=createdAt&op1=gt&value1=2026-11-24T10:00:00+02:00"),
			`query value1: value1 must be a date such as 2026-11-24 or an RFC 3339 date-time; got "2026-11-24T10:00:00 02:00"; write + as %2B`),
		refused(get("/accounts/search?prop1=title&op1=between&value1=b,a"), `query value1: value1 must name the lower end first, or nothing can be between; got "b,a"`),
		refused(get("/accounts/search?prop1=createdAt&op1=between&value1=2026-11-25,2026-11-24"), `query value1: value1 must name the lower end first, or nothing can be between; got "2026-11-25,2026-11-24"`),
		refused(get("/accounts/search?prop1=number&op1=eq&value1=01"), `query value1: value1 must be an integer; got "01"`),
		refused(get("/contacts?account_id=01"), `query account_id: account_id must be an integer of at least 1; got "01"`),
		refused(get("/accounts/01"), `path accountId: accountId must be an integer of at least 1; got "01"`),
		refused(get("/accounts/%201"), `path accountId: accountId must be an integer of at least 1; got " 1"`),
		refused(get("/accounts/"+nines), `path accountId: accountId must be an integer from 1 to 9223372036854775807; got `+nines[:60]+"…"),
		refused(get("/accounts?page="+nines), `query page: page must be an integer from 1 to 1000000000; got `+nines[:60]+"…"),
		refused(get("/accounts/+1"), `path accountId: accountId must be an integer of at least 1; got "+1"`),
		{name: "a sequence ahead of all", request: get("/accounts/changes?after=99999999999"), status: 410, code: "GONE"},
		refused(request{method: "POST", path: "/properties", key: adminKey, body: `{"name":"北京","type":"TEXT"}`},
			"/keyName: keyName is required: no keyName can be made from this name; send one"),
		refused(request{method: "POST", path: "/accounts", body: `{"title":"T","address":["x"]}`, headers: map[string]string{"Idempotency-Key": "a b"}},
			`header Idempotency-Key: Idempotency-Key must consist of visible ASCII characters without spaces; got "a b"`),
		{name: "between the same", request: get("/accounts/search?prop1=createdAt&op1=between&value1=2026-11-24,2026-11-24"), status: 200},
		{name: "a plus", request: get("/accounts?primaryEmail=ada%2Bcrm7@example.com"), status: 200},
		{name: "a small t", request: get("/accounts?updated_after=2026-11-24t10:00:00z"), status: 200},
		{name: "an encoded slash", request: get("/accounts%2f1"), status: 404, code: "NOT_FOUND"},
		{name: "an encoded letter", request: get("/%61ccounts/1"), status: 200},
	})
}

// A cursor leads on in the order of its list only.
func TestCursorOfOtherOrder(t *testing.T) {
	t.Parallel()
	f := queryFixture(t)
	for _, c := range [][2]string{
		{"/accounts?page_size=1&order_by=asc", "desc"}, {"/accounts?page_size=1", "asc"}, {"/contacts?page_size=1", "asc"},
		{"/accounts/search?page_size=1&prop1=id&op1=gt&value1=0", "desc"},
	} {
		next := f.send(t, get(c[0])).link("next")
		if a := f.send(t, get(next)); a.Code != http.StatusOK {
			t.Errorf("%s: %d %s", next, a.Code, a.Body)
		}
		u, err := url.Parse(next)
		if err != nil {
			t.Fatal(err)
		}
		sent := u.Query()
		sent.Set("order_by", c[1])
		other := u.Path + "?" + sent.Encode()
		if a := f.send(t, get(other)); a.Code != http.StatusBadRequest || a.json["field"] != "cursor" {
			t.Errorf("%s: %d %s", other, a.Code, a.Body)
		}
	}
}
