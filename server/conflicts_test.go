package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
)

// guarded is a request for a version of the fixture's account, with preferences.
func guarded(r request, version int, prefer string) request {
	r.headers = map[string]string{"If-Match": fmt.Sprintf(`"1-%d"`, version)}
	if prefer != "" {
		r.headers["Prefer"] = prefer
	}
	return r
}

// conflicts lists the conflicts of a problem, each as a line of JSON.
func (a answer) conflicts(t *testing.T) string {
	t.Helper()
	var lines []string
	list, _ := a.json["conflicts"].([]any)
	for _, item := range list {
		line, err := json.Marshal(item)
		must(t, err)
		lines = append(lines, string(line))
	}
	return strings.Join(lines, "\n")
}

// conflict is a line of conflicts; without merged it clashes.
func conflict(member, pointer, base, current, mine, merged string) string {
	if merged != "" {
		merged = `,"merged":` + merged
	}
	return fmt.Sprintf(`{"base":%s,"current":%s,"member":%q%s,"mine":%s,"pointer":%q}`, base, current, member, merged, mine, pointer)
}

// meeting is a patch for version 1 of the fixture's account, which others have
// patched since.
type meeting struct {
	name      string
	theirs    string // with the labels that it adds
	mine      string
	conflicts string         // all of them
	members   map[string]any // of the account, if a merge can be made; nil: it cannot
	unchanged bool           // a merge has nothing to write
	detail    string         // of the problem; "" if any will do
}

var meetings = []meeting{
	{name: "other members", theirs: `{"title":"Theirs"}`, mine: `{"description":"Mine.","value":null}`,
		members: map[string]any{"title": "Theirs", "description": "Mine.", "value": nil},
		detail:  "the account has changed since the version that If-Match names, but in no member that is sent; fetch it again, or send Prefer: merge"},
	{name: "the same member", theirs: `{"title":"Theirs","value":5}`, mine: `{"title":"Mine","size":1}`,
		conflicts: conflict("title", "/title", `"Sunrise Solar"`, `"Theirs"`, `"Mine"`, ""),
		detail:    "changed since the version that If-Match names: title; conflicts has the values"},
	{name: "back to what it was", theirs: `{"title":"Theirs"}`, mine: `{"title":"Sunrise Solar"}`,
		conflicts: conflict("title", "/title", `"Sunrise Solar"`, `"Theirs"`, `"Sunrise Solar"`, "")},
	{name: "the same value", theirs: `{"title":"Same","primaryEmail":null,"custom":{"tags":["Gold"]}}`,
		mine: `{"title":" Same ","primaryEmail":null,"custom":{"tags":["gold"]},"size":4}`, members: map[string]any{"title": "Same", "size": 4}},
	{name: "cleared by one", theirs: `{"primaryPhone":null}`, mine: `{"primaryPhone":"(415) 555-0100"}`,
		conflicts: conflict("primaryPhone", "/primaryPhone", `"+14155550142"`, `null`, `"+14155550100"`, "")},
	{name: "cleared by the other", theirs: `{"description":"Theirs.","value":7.5}`, mine: `{"description":null,"value":1e1}`,
		conflicts: conflict("description", "/description", `"Came by referral."`, `"Theirs."`, `null`, "") + "\n" +
			conflict("value", "/value", `1250.5`, `7.5`, `10`, "")},
	{name: "the former name", theirs: `{"accountType":"RESIDENTIAL"}`, mine: `{"type":null}`,
		conflicts: conflict("accountType", "/type", `"COMMERCIAL"`, `"RESIDENTIAL"`, `null`, "")},
	{name: "an address is one value", theirs: `{"address":["A","B"]}`, mine: `{"address":["A","C"]}`,
		conflicts: conflict("address", "/address", `["120 Mission Street, San Francisco, CA 94105"]`, `["A","B"]`, `["A","C"]`, "")},
	{name: "custom members count singly", theirs: `{"custom":{"roof_type":"Metal","capacity":13}}`, mine: `{"custom":{"monitored":true,"capacity":null}}`,
		conflicts: conflict("custom.capacity", "/custom/capacity", `12.50`, `13`, `null`, "")},
	{name: "other custom members", theirs: `{"custom":{"roof_type":null}}`, mine: `{"custom":{"monitored":true}}`,
		members: map[string]any{"custom": map[string]any{"capacity": "12.50", "monitored": true}}},
	{name: "contacts of both", theirs: `{"contacts":[1,2]}`, mine: `{"contacts":[1,3]}`,
		conflicts: conflict("contacts", "/contacts", `[1]`, `[1,2]`, `[1,3]`, `[1,2,3]`), members: map[string]any{"contacts": "1 2 3"},
		detail: "changed since the version that If-Match names: contacts; conflicts has the values; fetch it again, or send Prefer: merge"},
	{name: "a first contact of both", theirs: `{"contacts":[2,1]}`, mine: `{"contacts":[3,1]}`,
		conflicts: conflict("contacts", "/contacts", `[1]`, `[2,1]`, `[3,1]`, `[3,2,1]`), members: map[string]any{"contacts": "3 2 1"}},
	{name: "contacts unlinked and linked", theirs: `{"contacts":null}`, mine: `{"contacts":[2,1]}`,
		conflicts: conflict("contacts", "/contacts", `[1]`, `[]`, `[2,1]`, `[2]`), members: map[string]any{"contacts": "2"}},
	{name: "all contacts unlinked", theirs: `{"contacts":[1,2]}`, mine: `{"contacts":[]}`,
		conflicts: conflict("contacts", "/contacts", `[1]`, `[1,2]`, `[]`, `[2]`), members: map[string]any{"contacts": "2"}},
	{name: "what others have done already", theirs: `{"contacts":[2],"title":"Same"}`, mine: `{"contacts":null,"title":"Same"}`, unchanged: true,
		conflicts: conflict("contacts", "/contacts", `[1]`, `[2]`, `[]`, `[2]`), members: map[string]any{"contacts": "2", "title": "Same"}},
	{name: "labels of both", theirs: `{"custom":{"tags":["Gold"],"remarks":["a","b"]}}`, mine: `{"custom":{"tags":["Silver","Bronze"],"remarks":"c"}}`,
		conflicts: conflict("custom.remarks", "/custom/remarks", `null`, `["a","b"]`, `["c"]`, `["a","b","c"]`) + "\n" +
			conflict("custom.tags", "/custom/tags", `null`, `["Gold"]`, `["Silver","Bronze"]`, `["Gold","Silver","Bronze"]`),
		members: map[string]any{"custom": map[string]any{"capacity": "12.50", "remarks": "[a b c]", "roof_type": "Tile", "tags": "[Gold Silver Bronze]"}}},
	{name: "what is added and filled", theirs: `{"value":100,"address":["A"],"contacts":[2],"primaryEmail":null,"custom":{"tags":["Gold"],"capacity":1}}`,
		mine:    `{"add":{"value":5,"address":["B"],"contacts":[3],"custom":{"tags":["Silver"],"capacity":0.50}},"fill":{"primaryEmail":"x@example.com","custom":{"roof_type":"Metal"}}}`,
		members: map[string]any{"value": 105, "address": "[A B]", "contacts": "2 3", "primaryEmail": "x@example.com", "custom": map[string]any{"capacity": "1.50", "roof_type": "Tile", "tags": "[Gold Silver]"}}},
	{name: "what is removed", theirs: `{"contacts":[1,2],"custom":{"remarks":["a","b"]}}`, mine: `{"remove":{"contacts":[1],"custom":{"remarks":["b","c"]}},"size":9}`,
		members: map[string]any{"contacts": "2", "size": 9, "custom": map[string]any{"capacity": "12.50", "remarks": "[a]", "roof_type": "Tile"}}},
	{name: "what is added beside what clashes", theirs: `{"title":"Theirs","size":1}`, mine: `{"title":"Mine","add":{"size":2}}`,
		conflicts: conflict("title", "/title", `"Sunrise Solar"`, `"Theirs"`, `"Mine"`, "")},
	{name: "one member that clashes keeps all from being written", theirs: `{"title":"Theirs","contacts":[1,2]}`, mine: `{"title":"Mine","contacts":[1,3],"size":9}`,
		conflicts: conflict("contacts", "/contacts", `[1]`, `[1,2]`, `[1,3]`, `[1,2,3]`) + "\n" + conflict("title", "/title", `"Sunrise Solar"`, `"Theirs"`, `"Mine"`, "")},
}

// A version that is no longer current is refused with the members that both have
// changed, and merged where that can be and is asked for.
func TestPatchesOfOneVersion(t *testing.T) {
	t.Parallel()
	for _, m := range meetings {
		for _, path := range []string{"/accounts/1", "/clients/1"} {
			t.Run(m.name+path, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				f.send(t, newContact(`{"name":"Priya Nair"}`))
				mine := patchQuery("allow_new_options=true", m.mine)
				mine.path = strings.Replace(mine.path, "/accounts/1", path, 1)
				if a := f.send(t, patch(m.theirs)); a.Code != http.StatusOK {
					t.Fatalf("%d %s", a.Code, a.Body)
				}
				m.refused(t, f, f.send(t, guarded(mine, 1, "")), "")
				rehearsal := mine
				rehearsal.path += "&dry_run=true"
				rehearsed, merged := f.send(t, guarded(rehearsal, 1, "merge")), f.send(t, guarded(mine, 1, "merge"))
				if m.members == nil {
					m.refused(t, f, rehearsed, "merge")
					m.refused(t, f, merged, "merge")
					return
				}
				m.written(t, f, rehearsed, merged)
			})
		}
	}
}

func newContact(body string) request { return request{method: "POST", path: "/contacts", body: body} }

// refused checks an answer that tells of the conflicts, and that nothing was
// written.
func (m meeting) refused(t *testing.T, f *fixture, a answer, applied string) {
	t.Helper()
	if a.Code != http.StatusPreconditionFailed || a.Header().Get("Preference-Applied") != applied {
		t.Fatalf("%d %v: %s", a.Code, a.Header(), a.Body)
	}
	checkProblem(t, a)
	if got := a.conflicts(t); got != m.conflicts {
		t.Errorf("conflicts\n%s\nwant\n%s", got, m.conflicts)
	}
	if m.detail != "" && applied == "" && a.json["detail"] != m.detail {
		t.Errorf("detail %s", a.json["detail"])
	}
	if tag := f.get(t, "1").Header().Get("ETag"); shortTag(tag) != `"1-2"` || len(f.history1(t)) != 1 {
		t.Errorf("%s was written", tag)
	}
}

// written checks the answer to a merge, its rehearsal, and what was written.
func (m meeting) written(t *testing.T, f *fixture, rehearsed, merged answer) {
	t.Helper()
	for name, a := range map[string]answer{"rehearsed": rehearsed, "merged": merged, "stored": f.get(t, "1")} {
		if a.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", name, a.Code, a.Body)
		}
		for member, want := range m.members {
			got := a.json[member]
			if member == "contacts" {
				got = answer{list: got.([]any)}.ids()
			}
			if !same(got, want) {
				t.Errorf("%s: %s is %v, want %v", name, member, got, want)
			}
		}
	}
	changes := map[bool]int{true: 1, false: 2}[m.unchanged]
	tag := fmt.Sprintf(`"1-%d"`, changes+1)
	if merged.Header().Get("Preference-Applied") != "merge" || shortTag(merged.Header().Get("ETag")) != tag || rehearsed.Header().Get("Preview") != "true" {
		t.Errorf("%v, rehearsed %v", merged.Header(), rehearsed.Header())
	}
	if len(f.history1(t)) != changes {
		t.Errorf("%d changes", len(f.history1(t)))
	}
}

// To a strict merge the same value is another one, as it may have been calculated;
// of lists, each item is there or not.
func TestStrictMerge(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, theirs, mine, conflicts string }{
		{"other members", `{"title":"Theirs"}`, `{"size":4}`, ""},
		{"a value that was calculated", `{"size":4}`, `{"size":4,"title":"Mine"}`, conflict("size", "/size", `3`, `4`, `4`, "")},
		{"cleared", `{"type":null,"custom":{"capacity":null}}`, `{"accountType":null,"custom":{"capacity":null}}`,
			conflict("accountType", "/accountType", `"COMMERCIAL"`, `null`, `null`, "") + "\n" + conflict("custom.capacity", "/custom/capacity", `12.50`, `null`, `null`, "")},
		{"back to what it was", `{"size":4}`, `{"size":3}`, conflict("size", "/size", `3`, `4`, `3`, "")},
		{"the same items", `{"contacts":[1,2],"custom":{"tags":["Gold"]}}`, `{"contacts":[1,2],"custom":{"tags":["Gold"]},"size":4}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.send(t, patch(c.theirs))
			before := f.get(t, "1").Body.String()
			a := f.send(t, guarded(patch(c.mine), 1, "merge=strict"))
			want := map[bool]int{true: 200, false: 412}[c.conflicts == ""]
			if a.Code != want || a.conflicts(t) != c.conflicts || a.Header().Get("Preference-Applied") != "merge=strict" {
				t.Errorf("%d %s", a.Code, a.Body)
			}
			if written := f.get(t, "1").Body.String() != before; written != (want == http.StatusOK) {
				t.Errorf("written: %t", written)
			}
		})
	}
}

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

// Who has not looked for very many versions is told to look.
func TestVersionLongAgo(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for first := range account.MaxPast/500 + 1 {
		updates := make([]string, 500)
		for i := range updates {
			updates[i] = fmt.Sprintf(`{"id":1,"set":{"size":%d}}`, 10+500*first+i)
		}
		f.send(t, batch("", "["+strings.Join(updates, ",")+"]"))
	}
	now := int(f.history1(t)[0].Version)
	for version, status := range map[int]int{now - account.MaxPast - 1: 412, now - account.MaxPast: 200} {
		a := f.send(t, guarded(patchQuery("dry_run=true", `{"title":"Mine"}`), version, "merge"))
		if a.Code != status || status == 412 && a.json["detail"] != "the account is not the version that If-Match names; fetch it again" {
			t.Errorf("version %d of %d: %d %s", version, now, a.Code, a.Body)
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
