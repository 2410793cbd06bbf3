package server_test

import (
	"net/http"
	"slices"
	"testing"
)

// Whatever a PATCH sends: the answer is one that the spec declares, it is a
// success or says what is wrong, and a refused body changes nothing. What was
// accepted changes nothing when it is sent again.
func FuzzUpdateAccount(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"title":"New","custom":{"roof_type":"Metal","capacity":1e2,"tags":["a","A"]}}`, `{"contacts":[{"id":1},2]}`,
		`{"title":null,"number":1.0}`, `{"custom":{"installed_on":"2026-02-30","remarks":["\u0000"]}}`, `{"primaryPhone":"+1 (415) 555-0142 x3"}`,
		`{"primaryEmail":"A <a@b.example>"}`, `{"value":1e999,"custom":{"capacity":1e999999999}}`, `{"titel":1}`, `[]`, `{"type":"RESIDENTIAL"}`,
	} {
		f.Add(seed)
	}
	fixture := newFixture(f) // shared: the account is whatever earlier bodies made of it
	f.Fuzz(func(t *testing.T, body string) {
		if body == "" {
			return // Without a body there is no Content-Type: the tables have that.
		}
		before := fixture.get(t, "1").Body.String()
		a := fixture.send(t, patchQuery("allow_new_options=true", body))
		after := fixture.get(t, "1").Body.String()
		switch {
		case slices.Contains([]int{http.StatusBadRequest, http.StatusConflict}, a.Code):
			checkProblem(t, a)
			if after != before {
				t.Errorf("%q was refused and changed the account", body)
			}
		case a.Code != http.StatusOK:
			t.Errorf("%q: %d %s", body, a.Code, a.Body)
		case after != a.Body.String():
			t.Errorf("%q: answered %s, stored %s", body, a.Body, after)
		default:
			if again := fixture.send(t, patchQuery("allow_new_options=true", body)); again.Body.String() != after {
				t.Errorf("%q twice: %s, then %s", body, after, again.Body)
			}
		}
	})
}
