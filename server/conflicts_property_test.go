package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// members are values of an account by the names that conflicts have for them: of
// lists []string, and else what JSON has.
type members map[string]any

// listed are the members whose items count singly.
var listed = []string{"contacts", "custom.remarks", "custom.tags"}

// drawn are what the members may be. There are few values, so that patches meet.
var drawn = map[string]*rapid.Generator[any]{
	"title":               some("A", "B", "C"),
	"description":         some(nil, "", "a", "b"),
	"address":             some([]string{"x"}, []string{"x", "y"}, []string{"y", "x"}),
	"isActive":            some(true, false),
	"primaryEmail":        some(nil, "a@example.com", "b@example.com"),
	"primaryPhone":        some(nil, "+14155550142", "+14155550143"),
	"number":              some(1001, 1002, 1003),
	"accountType":         some(nil, "RESIDENTIAL", "COMMERCIAL"),
	"value":               some(nil, 0, 1.5),
	"size":                some(nil, 3, -1e15),
	"custom.roof_type":    some(nil, "Tile", "Metal"),
	"custom.capacity":     some(nil, json.Number("1"), json.Number("1.0"), json.Number("12345678901234567890.10")),
	"custom.installed_on": some(nil, "2026-11-24", "2026-11-25"),
	"custom.monitored":    some(nil, true, false),
	"custom.remarks":      listOf("a", "b", "c", "d"),
	"custom.tags":         listOf("Gold", "Silver"),
	"contacts":            listOf("1", "2", "3", "4"),
}

func some(values ...any) *rapid.Generator[any] { return rapid.SampledFrom(values) }

func listOf(items ...string) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		return rapid.Permutation(items).Draw(t, "items")[:rapid.IntRange(0, len(items)).Draw(t, "length")]
	})
}

// drawPatch draws what a patch sets.
func drawPatch(t *rapid.T, name string) members {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(drawn))), 1, 5, rapid.ID).Draw(t, name)
	patch := members{}
	for _, member := range names {
		patch[member] = drawn[member].Draw(t, name+" "+member)
	}
	return patch
}

// body is the JSON of a patch, which also counts.
func (m members) body(added int) string {
	body, custom := map[string]any{}, map[string]any{}
	if added > 0 {
		body["add"] = map[string]any{"custom": map[string]any{"counter": added}}
	}
	for name, value := range m {
		if items, ok := value.([]string); ok && name == "contacts" {
			ids := []json.Number{}
			for _, id := range items {
				ids = append(ids, json.Number(id))
			}
			value = ids
		}
		if key, ok := strings.CutPrefix(name, "custom."); ok {
			custom[key] = value
		} else {
			body[name] = value
		}
	}
	if len(custom) > 0 {
		body["custom"] = custom
	}
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// membersOf reads the account of an answer.
func membersOf(a answer) members {
	read := members{}
	custom, _ := a.json["custom"].(map[string]any)
	for name := range drawn {
		value := a.json[name]
		if key, ok := strings.CutPrefix(name, "custom."); ok {
			value = custom[key]
		}
		if name == "contacts" {
			value = strings.Fields(answer{list: value.([]any)}.ids())
		}
		read[name] = plain(name, value)
	}
	return read
}

// plain is a value as it is compared: numbers by their text, lists as texts.
func plain(name string, value any) any {
	items, isList := value.([]any)
	switch {
	case isList:
		texts := make([]string, len(items))
		for i, item := range items {
			texts[i] = fmt.Sprint(item)
		}
		return texts
	case value == nil && slices.Contains(listed, name):
		return []string{}
	case value == nil || reflect.TypeOf(value).Kind() == reflect.Slice:
		return value
	}
	text, _ := json.Marshal(value)
	return string(text)
}

// after is the members once a patch is written.
func (m members) after(patch members) members {
	m = maps.Clone(m)
	for name, value := range patch {
		m[name] = plain(name, value)
	}
	return m
}

// clashes are the members that a patch cannot have once another is written, by
// what a person would say: two other values of one member, which of a strict merge
// may be the same, or two other orders of what is still in a list.
func clashes(base, first, second members, strict bool) (names []string) {
	for name, value := range second {
		was, mine, theirs := base[name], plain(name, value), base.after(first)[name]
		if reflect.DeepEqual(was, theirs) || reflect.DeepEqual(mine, theirs) && (!strict || slices.Contains(listed, name)) {
			continue
		}
		if slices.Contains(listed, name) {
			a, b, c := was.([]string), theirs.([]string), mine.([]string)
			a, b, c = shared(a, b, c), shared(b, a, c), shared(c, a, b)
			if slices.Equal(a, b) || slices.Equal(a, c) || slices.Equal(b, c) {
				continue
			}
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// shared are the items of a list that are in two others.
func shared(list, a, b []string) (kept []string) {
	for _, item := range list {
		if slices.Contains(a, item) && slices.Contains(b, item) {
			kept = append(kept, item)
		}
	}
	return kept
}

// lost says what of two patches of a base is not in the account, or is in it though
// neither has it.
func lost(base, first, second, got members) string {
	for name := range drawn {
		_, inFirst := first[name]
		_, inSecond := second[name]
		a, b := base.after(first)[name], base.after(second)[name]
		if !slices.Contains(listed, name) {
			want := base[name]
			if inSecond {
				want = b
			} else if inFirst {
				want = a
			}
			if !reflect.DeepEqual(got[name], want) {
				return fmt.Sprintf("%s is %v, want %v", name, got[name], want)
			}
			continue
		}
		if wrong := lostItems(base[name].([]string), a.([]string), b.([]string), got[name].([]string)); wrong != "" {
			return name + " " + wrong
		}
	}
	return ""
}

// lostItems says what is wrong with a list that two changes were made to.
func lostItems(base, a, b, got []string) string {
	in := func(list []string, item string) bool { return slices.Contains(list, item) }
	var want []string
	for _, item := range slices.Compact(slices.Sorted(slices.Values(slices.Concat(base, a, b)))) {
		if in(a, item) && in(b, item) || !in(base, item) && (in(a, item) || in(b, item)) {
			want = append(want, item)
		}
	}
	if !slices.Equal(slices.Sorted(slices.Values(got)), want) {
		return fmt.Sprintf("has %v, want %v", got, want)
	}
	order := shared(a, base, b)
	if slices.Equal(order, shared(base, a, b)) {
		order = shared(b, base, a)
	}
	if stayed := shared(got, base, order); !slices.Equal(stayed, order) {
		return fmt.Sprintf("has %v in this order, want %v", stayed, order)
	}
	if !slices.Equal(shared(a, a, b), shared(b, a, b)) {
		return "" // One order had to give way, and with it what stands between.
	}
	for _, list := range [][]string{a, b} {
		if kept := shared(list, list, got); !slices.Equal(kept, shared(got, list, list)) {
			return fmt.Sprintf("has %v in another order than %v", got, list)
		}
	}
	return ""
}

// Two patches that were made for one version are sent at once. Each is merged, and
// then nothing of either is lost; or one is told exactly the members that clash,
// with their values, and nothing of it is written. What they add clashes with nothing.
func TestPatchesThatMeet(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, name := range []string{"Priya", "Noor"} {
		f.send(t, newContact(`{"name":"`+name+`"}`))
	}
	f.send(t, request{method: "POST", path: "/properties", key: adminKey, body: `{"name":"Counter","type":"NUMERIC"}`})
	counted := 0
	rapid.Check(t, func(rt *rapid.T) {
		base := members{}
		for _, name := range slices.Sorted(maps.Keys(drawn)) {
			base[name] = drawn[name].Draw(rt, "base "+name)
		}
		if a := f.send(t, patch(base.body(0))); a.Code != http.StatusOK {
			rt.Fatalf("%d %s", a.Code, a.Body)
		}
		before := f.get(t, "1")
		base = membersOf(before)
		patches := []members{drawPatch(rt, "one"), drawPatch(rt, "other")}
		added := rapid.SliceOfN(rapid.IntRange(0, 2), 2, 2).Draw(rt, "added")
		answers := make([]answer, len(patches))
		prefer := rapid.SampledFrom([]string{"merge", "merge=strict"}).Draw(rt, "prefer")
		send := func(i int) {
			r := patch(patches[i].body(added[i]))
			r.headers = map[string]string{"If-Match": before.Header().Get("ETag"), "Prefer": prefer}
			answers[i] = f.send(t, r)
		}
		if rapid.Bool().Draw(rt, "at once") {
			atOnce(len(patches), send)
		} else {
			send(0)
			send(1)
		}
		after := f.get(t, "1")
		judgeMeeting(rt, base, patches, answers, membersOf(after), prefer == "merge=strict")
		for i, a := range answers {
			if a.Code == http.StatusOK {
				counted += added[i]
			}
		}
		if got := after.json["custom"].(map[string]any)["counter"]; !same(got, counted) && counted > 0 {
			rt.Fatalf("counted to %v, want %d", got, counted)
		}
	})
}

func judgeMeeting(t *rapid.T, base members, patches []members, answers []answer, got members, strict bool) {
	refused := slices.IndexFunc(answers, func(a answer) bool { return a.Code != http.StatusOK })
	if refused < 0 {
		var wrong []string
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			first, second := patches[order[0]], patches[order[1]]
			if clash := clashes(base, first, second, strict); len(clash) > 0 {
				wrong = append(wrong, fmt.Sprintf("clashes %v were passed over", clash))
			} else if l := lost(base, first, second, got); l != "" {
				wrong = append(wrong, l)
			} else {
				return
			}
		}
		t.Fatalf("%v", wrong)
	}
	a, mine, theirs := answers[refused], patches[refused], patches[1-refused]
	if answers[1-refused].Code != http.StatusOK || a.Code != http.StatusPreconditionFailed {
		t.Fatalf("%d %s", a.Code, a.Body)
	}
	var told []string
	list, _ := a.json["conflicts"].([]any)
	for _, item := range list {
		c := item.(map[string]any)
		name := c["member"].(string)
		if _, merged := c["merged"]; !merged {
			told = append(told, name)
		}
		for value, want := range map[string]any{"base": base[name], "current": base.after(theirs)[name], "mine": plain(name, mine[name])} {
			if !reflect.DeepEqual(plain(name, c[value]), want) {
				t.Fatalf("%s of %s is %v, want %v", value, name, c[value], want)
			}
		}
	}
	if want := clashes(base, theirs, mine, strict); len(want) == 0 || !slices.Equal(told, want) {
		t.Fatalf("told %v, want %v", told, want)
	}
	if l := lost(base, theirs, members{}, got); l != "" {
		t.Fatalf("what was refused was written: %s", l)
	}
}
