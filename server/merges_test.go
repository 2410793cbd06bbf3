package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
)

// Only an earlier version of the account itself is merged with.
func TestVersionsToMergeWith(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		match  string
		status int
		base   string // of the title, where it clashes
	}{
		{`"1-3"`, 200, ""},
		{`*`, 200, ""},
		{`"1-2"`, 412, `"Second"`},
		{`"1-1"`, 412, `"Sunrise Solar"`},
		{`"1-1", "1-2"`, 412, `"Second"`},
		{`"1-9", "1-1-abc"`, 412, `"Sunrise Solar"`},
		{`"1-4"`, 412, ""},
		{`"1-0"`, 412, ""},
		{`"1--1"`, 412, ""},
		{`"2-1"`, 412, ""},
		{`W/"1-1"`, 412, ""},
		{`"of another"`, 412, ""},
	} {
		t.Run(c.match, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.send(t, patch(`{"title":"Second"}`))
			f.send(t, patch(`{"title":"Third"}`))
			mine := guarded(patch(`{"title":"Mine"}`), 0, "merge")
			mine.headers["If-Match"] = c.match
			a := f.send(t, mine)
			want := ""
			if c.base != "" {
				want = conflict("title", "/title", c.base, `"Third"`, `"Mine"`, "")
			}
			if got := a.conflicts(t); a.Code != c.status || got != want {
				t.Errorf("%d %s, want %d %s", a.Code, got, c.status, want)
			}
			if written := f.get(t, "1").json["title"] == "Mine"; written != (c.status == http.StatusOK) {
				t.Errorf("written: %t", written)
			}
		})
	}
}

// What others have changed, and changed back, stands in nobody's way.
func TestMergeWithWhatIsAsItWas(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, theirs := range []string{
		`{"title":"Theirs","contacts":[2,1],"value":1e3,"custom":{"capacity":null}}`, `{"title":"Sunrise Solar","contacts":[1],"value":1250.50,"custom":{"capacity":12.50}}`,
	} {
		f.send(t, patch(theirs))
	}
	mine := patch(`{"title":"Mine","contacts":[],"value":null,"custom":{"capacity":5}}`)
	if a := f.send(t, guarded(mine, 1, "")); a.Code != http.StatusPreconditionFailed || a.conflicts(t) != "" {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	a := f.send(t, guarded(mine, 1, "merge"))
	if a.Code != http.StatusOK || a.json["title"] != "Mine" || !same(a.json["contacts"], []any{}) || !same(a.json["custom"].(map[string]any)["capacity"], 5) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// A version from before the account was deleted, and brought back, is one of it too.
func TestMergeWithWhatWasDeleted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, patch(`{"size":8}`))
	for _, r := range []request{
		{method: "DELETE", path: "/accounts/1"}, {method: "POST", path: "/accounts/1/undelete"}, patch(`{"title":"Theirs"}`),
	} {
		if a := f.send(t, r); a.Code >= 300 {
			t.Fatalf("%d %s", a.Code, a.Body)
		}
	}
	want := conflict("title", "/title", `"Sunrise Solar"`, `"Theirs"`, `"Mine"`, "")
	if a := f.send(t, guarded(patch(`{"title":"Mine","description":"Mine."}`), 2, "merge")); a.Code != http.StatusPreconditionFailed || a.conflicts(t) != want {
		t.Errorf("%d %s", a.Code, a.Body)
	}
	a := f.send(t, guarded(patch(`{"description":"Mine.","size":9,"custom":{"roof_type":"Metal"}}`), 2, "merge"))
	if a.Code != http.StatusOK || a.json["title"] != "Theirs" || !same(a.json["size"], 9) {
		t.Errorf("%d %s", a.Code, a.Body)
	}
}

// age gives account 1 more versions than are looked back, and returns the last.
func age(t *testing.T, f *fixture) int {
	t.Helper()
	for first := range account.MaxPast/500 + 1 {
		updates := make([]string, 500)
		for i := range updates {
			updates[i] = fmt.Sprintf(`{"id":1,"set":{"size":%d}}`, 10+500*first+i)
		}
		f.send(t, batch("", "["+strings.Join(updates, ",")+"]"))
	}
	return int(f.history1(t)[0].Version)
}

// Who has not looked for very many versions is told to look.
func TestVersionLongAgo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	now := age(t, f)
	for version, status := range map[int]int{now - account.MaxPast - 1: 412, now - account.MaxPast: 200} {
		a := f.send(t, guarded(patchQuery("dry_run=true", `{"title":"Mine"}`), version, "merge"))
		if a.Code != status || status == 412 && a.json["detail"] != "the account is not the version that If-Match names; fetch it again" {
			t.Errorf("version %d of %d: %d %s", version, now, a.Code, a.Body)
		}
	}
}

// A batch looks no further back in all than takes a moment.
func TestVersionsLongAgoInBatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	version := age(t, f) - account.MaxPast + 10 // and one more, once the first update is made
	const most = account.MaxBatchPast / account.MaxPast
	for count, status := range map[int]int{most: 200, most + 1: 412} {
		update := fmt.Sprintf(`{"id":1,"ifMatch":"\"1-%d\"","set":{"title":"Mine","description":null}}`, version)
		updates := strings.Repeat(update+",", count-1) + update
		r := batch("dry_run=true", "["+updates+"]")
		r.headers = map[string]string{"Prefer": "merge"}
		a := f.send(t, r)
		if a.Code != status || status == 412 && !strings.Contains(a.Body.String(), fmt.Sprintf(`"/updates/%d/ifMatch"`, most)) {
			t.Errorf("%d updates: %d %s", count, a.Code, a.Body)
		}
	}
}

// What is wrong with a patch only because of what has happened since is no fault of
// the patch: it is told to look again, and nothing is written.
func TestMergeWithWhatIsGone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		since request
		mine  string
	}{
		"a contact": {request{method: "DELETE", path: "/contacts/1"}, `{"contacts":[1,2]}`},
		"a number":  {request{method: "PATCH", path: "/accounts/2", body: `{"number":500}`}, `{"number":500}`},
		"an option": {request{method: "PATCH", path: "/properties/roof_type", key: adminKey, body: `{"options":["Tile"]}`}, `{"custom":{"roof_type":"Metal"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.send(t, patch(`{"description":"Theirs."}`))
			if a := f.send(t, c.since); a.Code >= 300 {
				t.Fatalf("%d %s", a.Code, a.Body)
			}
			before := f.get(t, "1").Body.String()
			a := f.send(t, guarded(patch(c.mine), 1, "merge"))
			if a.Code != http.StatusPreconditionFailed || a.conflicts(t) != "" || f.get(t, "1").Body.String() != before {
				t.Errorf("%d %s", a.Code, a.Body)
			}
		})
	}
}

// The updates of a batch are merged or refused each as it is alone, and all of them
// written or none. A change that an update before has made counts as any other.
func TestMergedBatch(t *testing.T) {
	t.Parallel()
	const other = `{"id":1,"ifMatch":"\"1-1\"","set":{"size":8,"contacts":[1,2]}}`
	const clash = `{"id":1,"ifMatch":"\"1-1\"","set":{"title":"Mine"}}`
	title := conflict("title", "/updates/1/set/title", `"Sunrise Solar"`, `"Theirs"`, `"Mine"`, "")
	for _, c := range []struct {
		name, prefer, updates string
		status                int
		conflicts             string
	}{
		{"merged", "merge", "[" + other + `,{"id":1,"ifMatch":"\"1-1\"","set":{"value":2,"contacts":[1]}},{"id":2,"ifMatch":"\"2-1\"","set":{"title":"x"}}]`, 200, ""},
		{"one that clashes", "merge", "[" + other + "," + clash + "]", 412, title},
		{"no merge", "", "[" + other + "," + clash + "]", 412, title},
		{"with what an update before has made", "merge", `[{"id":1,"set":{"size":7}},` + other + "]", 412,
			conflict("size", "/updates/1/set/size", `3`, `7`, `8`, "")},
		{"something else is wrong too", "merge", "[" + clash + `,{"id":2,"set":{"title":" "}}]`, 400, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.send(t, patch(`{"title":"Theirs"}`))
			before := f.get(t, "1").Body.String() + f.get(t, "2").Body.String()
			r := batch("", c.updates)
			if c.prefer != "" {
				r.headers = map[string]string{"Prefer": c.prefer}
			}
			a := f.send(t, r)
			if a.Code != c.status || a.conflicts(t) != c.conflicts || a.Header().Get("Preference-Applied") != c.prefer {
				t.Errorf("%d %s", a.Code, a.Body)
			}
			if c.status != http.StatusOK {
				if after := f.get(t, "1").Body.String() + f.get(t, "2").Body.String(); after != before {
					t.Errorf("written: %s", after)
				}
				return
			}
			got := f.get(t, "1").json
			if contacts := (answer{list: got["contacts"].([]any)}).ids(); contacts != "1 2" || !same(got["size"], 8) || !same(got["value"], 2) || got["title"] != "Theirs" {
				t.Errorf("%v", got)
			}
		})
	}
}

// What Prefer asks for is read as RFC 7240 has it, and named in the answer once.
func TestPreferenceOfAMerge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.send(t, patch(`{"title":"Theirs"}`))
	for prefer, applied := range map[string]string{
		"merge": "merge", " MERGE ; by=members , wait=10": "merge", `merge=""`: "merge", "merge=no, merge": "", "return=merge": "", `x="a, merge"`: "",
		"handling=lenient, merge": "merge", "merges": "", "": "", `Merge="STRICT"`: "merge=strict", "merge=strict, merge": "merge=strict",
	} {
		a := f.send(t, guarded(patchQuery("dry_run=true", `{"size":1}`), 1, prefer))
		if want := map[bool]int{true: 200, false: 412}[applied != ""]; a.Code != want || a.Header().Get("Preference-Applied") != applied {
			t.Errorf("%q: %d %q, want %q", prefer, a.Code, a.Header().Get("Preference-Applied"), applied)
		}
	}
	lenient := guarded(patchQuery("dry_run=TRUE", `{"clientType":"Commercial"}`), 1, "merge, handling=lenient")
	if a := f.send(t, lenient); a.Code != 200 || a.Header().Get("Preference-Applied") != "handling=lenient, merge" {
		t.Errorf("%d %v %s", a.Code, a.Header(), a.Body)
	}
	// Where nothing can be merged, it has no meaning.
	if a := f.send(t, request{method: "DELETE", path: "/accounts/1", headers: map[string]string{"If-Match": `"1-1"`, "Prefer": "merge"}}); a.Code != 412 || a.Header().Get("Preference-Applied") != "" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}

// Those who add to one version at once all get what they have asked for, and none
// loses anything.
func TestWritersOfOneVersionThatMerge(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const writers = 24
	atOnce(writers, func(i int) {
		mine := guarded(patch(fmt.Sprintf(`{"custom":{"remarks":["%02d"]},"add":{"size":1}}`, i)), 1, "merge")
		if a := f.send(t, mine); a.Code != http.StatusOK || !strings.Contains(a.Body.String(), fmt.Sprintf(`"%02d"`, i)) {
			t.Errorf("%d %s", a.Code, a.Body)
		}
	})
	got := f.get(t, "1").json
	remarks := got["custom"].(map[string]any)["remarks"].([]any)
	if len(remarks) != writers || !same(got["size"], 3+writers) || len(f.history1(t)) != writers {
		t.Errorf("%d of %d remarks: %v", len(remarks), writers, remarks)
	}
}
