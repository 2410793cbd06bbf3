package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// merged is a fixture whose account 4 was merged into the account 3 by a body. That had a
// value of its own of each member that the merge could have given it.
func merged(t *testing.T, body string) *fixture {
	t.Helper()
	f := newFixture(t)
	addMergeable(t, f)
	own := `{"primaryEmail":"own@harbor.example","description":"Own.","value":1,"custom":{"roof_type":"Tile","capacity":1,"tags":["Gold","Silver"]},"contacts":[2,1]}`
	for _, r := range []request{{method: "PATCH", path: "/accounts/3", body: own}, merge("3", body)} {
		if a := f.send(t, r); a.Code != http.StatusOK {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
	return f
}

// What an account that was merged cannot have any more is told as that of the target is,
// and nothing is written; with Prefer: merge it is left out, and named.
func TestUnmergeTellsWhatIsGone(t *testing.T) {
	t.Parallel()
	f := merged(t, `{"from":[{"id":4}],"take":{"title":4}}`)
	f.send(t, request{method: "PATCH", path: "/accounts/3", body: `{"title":"Since"}`})
	f.send(t, request{method: "DELETE", path: "/properties/roof_type?force=true", key: adminKey})
	f.send(t, request{method: "DELETE", path: "/contacts/1"})
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"number":3}`})
	back := f.revertLastMerge(t, "3")
	a := f.send(t, back)
	if want := "account 4, which cannot be there again: number was 3, which is taken by another account"; !strings.Contains(fmt.Sprint(a.errors()), want) {
		t.Errorf("%d %s, not %s", a.Code, a.Body, want)
	}
	f.send(t, request{method: "PATCH", path: "/accounts/2", body: `{"number":77}`})
	a = f.send(t, back)
	for _, want := range []string{"custom.roof_type of account 4 has no property any more", "contacts of account 4 held the contact 1, which is gone", "title was changed since"} {
		if a.Code != http.StatusConflict || !strings.Contains(fmt.Sprint(a.errors()), want) {
			t.Errorf("%d %s, not %s", a.Code, a.Body, want)
		}
	}
	if a := f.send(t, get("/accounts/4")); a.Code != http.StatusMovedPermanently {
		t.Errorf("something was written: %d", a.Code)
	}
	back.headers = map[string]string{"Prefer": "merge"}
	a = f.send(t, back)
	left, _ := a.json["leftOut"].([]any)
	if a.Code != http.StatusOK || len(left) != 3 || !strings.Contains(fmt.Sprint(left), "custom.roof_type of account 4 has") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if got := f.get(t, "4").json; got["title"] != "Harbor Café" || fmt.Sprint(got["custom"]) != "map[capacity:1.50 tags:[Silver Gold]]" {
		t.Errorf("%v", got)
	}
}

// The history of the target tells that a merge was taken back which had given it nothing.
func TestUnmergeIsInTheHistoryOfTheTarget(t *testing.T) {
	t.Parallel()
	f := merged(t, `{"from":[{"id":4}]}`)
	tag := f.get(t, "3").Header().Get("ETag")
	back := f.revertLastMerge(t, "3")
	if a := f.send(t, reasoned(back, "they are two")); a.Code != http.StatusOK || a.Header().Get("ETag") == tag {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	last := f.last(t, "3")
	cause, _ := last["cause"].(map[string]any)
	if cause["kind"] != "revert" || !strings.Contains(back.path, fmt.Sprint(cause["sequence"])) || last["reason"] != "they are two" || len(last["fields"].(map[string]any)) > 0 {
		t.Errorf("the last change is %v", last)
	}
}

// The values that a merge gave are not a merge: to take its revert back is to merge again.
func TestUnmergeIsNotTakenBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	f.send(t, merge("3", `{"from":[{"id":4}]}`))
	f.send(t, f.revertLastMerge(t, "3"))
	before := f.get(t, "3").Body.String()
	if a := f.revert(t, "3", 3, nil); a.Code != http.StatusConflict || !strings.Contains(a.json["detail"].(string), "merge the accounts again") {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	if after := f.get(t, "3").Body.String(); after != before {
		t.Errorf("something was written: %s", after)
	}
}

// The history has no contacts as an empty list, whatever changes them.
func TestNoContactsInTheHistory(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	f.send(t, request{method: "PATCH", path: "/accounts/3", body: `{"contacts":[]}`})
	f.send(t, merge("3", `{"from":[{"id":4}]}`))
	changed := func() string { return fmt.Sprint(f.last(t, "3")["fields"].(map[string]any)["contacts"]) }
	if got := changed(); got != "map[after:[2 1] before:[]]" {
		t.Errorf("of a merge: %s", got)
	}
	f.send(t, f.revertLastMerge(t, "3"))
	if got := changed(); got != "map[after:[] before:[2 1]]" {
		t.Errorf("of a revert: %s", got)
	}
}
