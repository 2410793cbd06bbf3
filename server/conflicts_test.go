package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
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
		detail:  "the account has changed since the version that If-Match names, but nothing that is sent conflicts with that; fetch it again, or send Prefer: merge"},
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
