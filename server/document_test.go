package server_test

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/accountsd/accountsd/server"
)

// own asks for a document of the key's company.
func (f *fixture) own(t *testing.T, path, key string, headers ...string) *httptest.ResponseRecorder {
	t.Helper()
	return f.serve(t, "GET", path+"?custom=true", "", append([]string{"x-api-key", key}, headers...)...)
}

// A company's document is a valid one, and types what each property takes, in
// answers and in what sets it.
func TestOwnDocument(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, define("POST", "", `{"name":"Seen \"on\"","keyName":"seen_on","type":"DATE","isMultiple":true}`))
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		a := f.own(t, path, readKey)
		if a.Code != 200 || a.Header().Get("Cache-Control") != "private, no-cache" || !strings.HasPrefix(a.Header().Get("Content-Type"), "application/"+path[9:]) {
			t.Fatalf("%s: %d %v", path, a.Code, a.Header())
		}
		doc, err := openapi3.NewLoader().LoadFromData(a.Body.Bytes())
		must(t, err)
		must(t, doc.Validate(t.Context()))
		schemas := doc.Components.Schemas
		for place, value := range map[string]string{
			"CustomValues/roof_type": `"Tile"`, "CustomPatch/roof_type": `null`, "CustomPatch/tags": `["Gold","Silver"]`,
			"CustomValues/capacity": `1.5`, "CustomAddition/capacity": `1.5`, "CustomRemoval/tags": `["Gold"]`, "CustomFill/roof_type": `"Tile"`, "CustomPatch/seen_on": `["2026-11-24","2026-11-24T10:00:00.000Z"]`,
		} {
			body, key, _ := strings.Cut(place, "/")
			for sent, valid := range map[string]bool{value: true, `{"a":1}`: false, `["Slate"]`: false} {
				if err := schemas[body].Value.Properties[key].Value.VisitJSON(decoded(t, sent), openapi3.EnableFormatValidation()); (err == nil) != valid {
					t.Errorf("%s as %s: %v", sent, place, err)
				}
			}
		}
		if err := schemas["CustomValues"].Value.Properties["roof_type"].Value.VisitJSON(nil); err == nil {
			t.Error("an answer may hold null")
		}
		for body, want := range map[string]string{"Account": "CustomValues", "AccountPatch": "CustomPatch", "AccountCreate": "CustomPatch", "AccountAddition": "CustomAddition", "AccountRemoval": "CustomRemoval", "AccountFill": "CustomFill"} {
			if ref := schemas[body].Value.Properties["custom"].Ref; ref != "#/components/schemas/"+want {
				t.Errorf("custom of %s is %s", body, ref)
			}
		}
		if schemas["CustomAddition"].Value.Properties["roof_type"] != nil || schemas["CustomRemoval"].Value.Properties["capacity"] != nil {
			t.Error("something can be added to one label, or removed from a number")
		}
		if p := schemas["CustomPatch"].Value.Properties["seen_on"].Value; p.Title != `Seen "on"` || !strings.Contains(p.Description, p.Title) {
			t.Errorf("%q, %q", p.Title, p.Description)
		}
	}
}

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	must(t, json.Unmarshal([]byte(text), &value))
	return value
}

// The document is sent again only after a property or an option has changed, and
// to each company its own.
func TestOwnDocumentTag(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.own(t, "/openapi.json", readKey)
	tag := first.Header().Get("ETag")
	if again := f.own(t, "/openapi.json", adminKey, "If-None-Match", `"x", `+tag); again.Code != 304 || again.Body.Len() > 0 || again.Header().Get("ETag") != tag {
		t.Errorf("%d %v", again.Code, again.Header())
	}
	if again := f.own(t, "/openapi.json", readKey); again.Body.String() != first.Body.String() {
		t.Error("what is kept differs from what was made")
	}
	if other := f.own(t, "/openapi.json", otherKey, "If-None-Match", tag); other.Code != 200 || strings.Contains(other.Body.String(), `"roof_type": {`) {
		t.Errorf("another company is answered %d", other.Code)
	}
	f.send(t, define("PATCH", "/roof_type", `{"addOptions":["Slate"]}`))
	if changed := f.own(t, "/openapi.json", readKey, "If-None-Match", tag); changed.Code != 200 || !strings.Contains(changed.Body.String(), `"Slate"`) {
		t.Errorf("after a change: %d", changed.Code)
	}
}

// The company's document needs a key, counts against its limits, and is asked for
// in one way.
func TestOwnDocumentRefusals(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(c *server.Config) { c.DailyLimit = 1 })
	for _, key := range []string{"", "acc_unknown", expiredKey, revokedKey} {
		if a := f.own(t, "/openapi.json", key); a.Code != 401 || a.Header().Get("WWW-Authenticate") == "" || a.Header().Get("ETag") != "" {
			t.Errorf("%q: %d %v", key, a.Code, a.Header())
		}
	}
	for query, says := range map[string]string{
		"custom=1": "custom must be true or false; got 1; write true", "custom=True": "write true", "custom=": "custom must be",
		"custom=true&custom=true": "must be sent once",
	} {
		if a := f.serve(t, "GET", "/openapi.json?"+query, "", "x-api-key", readKey); a.Code != 400 || !strings.Contains(a.Body.String(), says) {
			t.Errorf("%s: %d %s", query, a.Code, a.Body)
		}
	}
	if a := f.serve(t, "GET", "/openapi.json?custom=false", ""); a.Code != 200 || a.Header().Get("ETag") != "" {
		t.Errorf("the general one: %d", a.Code)
	}
	if a, b := f.own(t, "/openapi.json", readKey), f.own(t, "/openapi.json", readKey); a.Code != 200 || b.Code != 429 {
		t.Errorf("a limit of one: %d, %d", a.Code, b.Code)
	}
}
