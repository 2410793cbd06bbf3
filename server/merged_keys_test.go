package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// withMergedKey is a fixture with the accounts 3 and 4, whose keys are A and B, of which
// the second was merged into the first.
func withMergedKey(t *testing.T) *fixture {
	t.Helper()
	f := withKeys(t, "A", "B")
	f.must(t, merge("3", `{"from":[{"id":4}]}`), http.StatusOK)
	return f
}

// wantLed expects that the key of the account 4 leads to another, by GET and by what
// matches by it.
func (f *fixture) wantLed(t *testing.T, into string) {
	t.Helper()
	for path, want := range map[string]string{
		"/accounts/by/ext/B":                       "/v1/accounts/" + into,
		"/accounts/by/ext/B?include_contacts=true": "/v1/accounts/" + into + "?include_contacts=true",
		"/clients/by/ext/B":                        "/v1/clients/" + into,
	} {
		if got := f.must(t, get(path), http.StatusMovedPermanently).Header().Get("Location"); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	body := `{"title":"Again","address":["x"],"custom":{"ext":"B"}}`
	if a := f.must(t, post("match_by=custom.ext", body), http.StatusOK); fmt.Sprint(a.json["id"]) != into {
		t.Errorf("account %v matches, want %s", a.json["id"], into)
	}
	told := "custom.ext is that of account 4, which was merged into account " + into + "; use that one"
	for _, strategy := range []string{"update", "enrich", "replace"} {
		a := f.must(t, post("match_by=custom.ext&match_found_strategy="+strategy, body), http.StatusConflict)
		if fmt.Sprint(a.json["mergedInto"]) != into || a.json["field"] != "custom.ext" || a.json["detail"] != told {
			t.Errorf("%s: %s", strategy, a.Body)
		}
	}
	for _, act := range []string{"upsert", "update"} {
		a := f.must(t, request{method: "POST", path: "/accounts/batch", body: `{"items":[{"match":"custom.ext","` + act + `":` + body + `}]}`}, http.StatusConflict)
		if got, want := fmt.Sprint(a.errors()), "/items/0/"+act+"/custom/ext: items[0]."+act+"."+told; !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", act, got, want)
		}
	}
}

// The key of a merged account leads to the one that stays, however that was merged itself,
// and nothing that matches by it makes the account again.
func TestKeysOfMergedAccountsLeadToTheTarget(t *testing.T) {
	t.Parallel()
	f := withMergedKey(t)
	f.wantLed(t, "3")
	f.must(t, merge("1", `{"from":[{"id":3}]}`), http.StatusOK)
	f.wantLed(t, "1")
	if a := f.must(t, by("ext/A"), http.StatusOK); fmt.Sprint(a.json["id"]) != "1" {
		t.Errorf("the key that the target took: %s", a.Body)
	}
	f.must(t, request{method: "DELETE", path: "/accounts/1"}, http.StatusNoContent)
	f.must(t, by("ext/B"), http.StatusNotFound)
	f.must(t, post("match_by=custom.ext", `{"title":"Again","address":["x"],"custom":{"ext":"B"}}`), http.StatusCreated)
}

// An account that takes the key has it, and a merge that is taken back gives it back.
func TestKeysOfMergedAccountsAreFreeToTake(t *testing.T) {
	t.Parallel()
	f := withMergedKey(t)
	f.must(t, request{method: "PATCH", path: "/accounts/1", body: `{"custom":{"ext":"B"}}`}, http.StatusOK)
	if a := f.must(t, by("ext/B"), http.StatusOK); fmt.Sprint(a.json["id"]) != "1" {
		t.Errorf("%s", a.Body)
	}
	f.must(t, request{method: "PATCH", path: "/accounts/1", body: `{"custom":{"ext":null}}`}, http.StatusOK)
	f.wantLed(t, "3")
	f.must(t, f.revertLastMerge(t, "3"), http.StatusOK)
	if a := f.must(t, by("ext/B"), http.StatusOK); fmt.Sprint(a.json["id"]) != "4" {
		t.Errorf("%s", a.Body)
	}
	f.must(t, request{method: "DELETE", path: "/accounts/4"}, http.StatusNoContent)
	f.must(t, by("ext/B"), http.StatusNotFound)
}

// A property that becomes unique after the merge leads by the values that there were.
func TestKeysOfMergedAccountsFromBeforeTheyWereUnique(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.must(t, define("POST", "", `{"name":"Serial","type":"NUMERIC"}`), http.StatusCreated)
	f.must(t, request{method: "PATCH", path: "/accounts/2", body: `{"custom":{"serial":7.50}}`}, http.StatusOK)
	f.must(t, request{method: "PATCH", path: "/accounts/1", body: `{"custom":{"serial":1}}`}, http.StatusOK)
	f.must(t, merge("1", `{"from":[{"id":2}]}`), http.StatusOK)
	f.must(t, define("PATCH", "/serial", `{"unique":true}`), http.StatusOK)
	f.must(t, by("serial/7.5"), http.StatusMovedPermanently)
	f.must(t, by("serial/8"), http.StatusNotFound)
}
