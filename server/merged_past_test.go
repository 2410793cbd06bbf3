package server_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

// What a merged account was can be looked at, as long as it was there.
func TestMergedAccountsOfThePast(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	addMergeable(t, f)
	was := f.send(t, get("/accounts/4")).json["title"]
	if a := f.send(t, merge("3", `{"from":[{"id":4}]}`)); a.Code != http.StatusOK {
		t.Fatal(a.Body)
	}
	f.clock.advance(time.Hour)
	now := url.QueryEscape(f.clock.Now().Format(time.RFC3339))
	for at, want := range map[string]int{"1": http.StatusOK, now: http.StatusMovedPermanently, "1000": http.StatusBadRequest} {
		a := f.send(t, get("/accounts/4?at="+at))
		if a.Code != want || want == http.StatusOK && a.json["title"] != was || want == http.StatusMovedPermanently && a.Header().Get("Location") != "/v1/accounts/3?at="+now {
			t.Errorf("%s: %d %v %s", at, a.Code, a.Header(), a.Body)
		}
	}
}

// An account that was merged leads to its target at the times when it was merged into
// that, and to no other: before it was made, and while it was there again, it was not.
func TestMergedAccountsLeadByTheTime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var times []string
	look := func() {
		f.clock.advance(time.Hour)
		times = append(times, url.QueryEscape(f.clock.Now().Format(time.RFC3339)))
	}
	step := func(r request) {
		t.Helper()
		if a := f.send(t, r); a.Code >= http.StatusMultipleChoices {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
		look()
	}
	look()
	for _, title := range []string{"A", "B", "C"} { // 3, 4 and 5
		step(post("match_by=none", `{"title":"`+title+`","address":["x"]}`))
	}
	step(merge("4", `{"from":[{"id":3}]}`))
	step(merge("5", `{"from":[{"id":4}]}`))
	step(f.revertLastMerge(t, "5"))
	step(f.revertLastMerge(t, "4"))
	step(merge("5", `{"from":[{"id":3}]}`))
	step(request{method: "DELETE", path: "/accounts/5"})
	there, merged, gone := http.StatusOK, http.StatusMovedPermanently, http.StatusNotFound
	for i, want := range []struct {
		code int
		into string
	}{{gone, ""}, {there, ""}, {there, ""}, {there, ""}, {merged, "4"}, {merged, "4"}, {merged, "4"}, {there, ""}, {merged, "5"}, {merged, "5"}} {
		a := f.send(t, get("/accounts/3?at="+times[i]))
		location := ""
		if want.into != "" {
			location = "/v1/accounts/" + want.into + "?at=" + times[i]
		}
		if a.Code != want.code || a.Header().Get("Location") != location {
			t.Errorf("after step %d: %d %q %s", i, a.Code, a.Header().Get("Location"), a.Body)
		}
	}
}
