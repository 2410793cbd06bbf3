package server_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Whatever is searched for among whatever accounts: the pages hold exactly the
// accounts that pass by a plain evaluation of their JSON, in order.
func TestSearchFindsWhatPasses(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for i := range 12 {
		f.clock.advance(time.Millisecond)
		f.send(t, post("match_by=none", fmt.Sprintf(`{"title":"Account %d","address":["x"]}`, i)))
	}
	rapid.Check(t, func(rt *rapid.T) {
		f.clock.advance(time.Duration(rapid.IntRange(0, 2).Draw(rt, "ms")) * time.Millisecond)
		id := rapid.IntRange(1, 14).Draw(rt, "id")
		if a := f.send(t, request{method: "PATCH", path: fmt.Sprintf("/accounts/%d", id), body: drawMembers(rt)}); a.Code != http.StatusOK {
			rt.Fatalf("%d %s", a.Code, a.Body)
		}
		accounts := f.send(t, get("/accounts?order_by=asc&include_archived=true&include_contacts=true&page_size=100")).list
		for range 4 {
			checkSearch(rt, t, f, accounts)
		}
	})
}

func checkSearch(rt *rapid.T, t *testing.T, f *fixture, accounts []any) {
	first, second := drawTest(rt), drawTest(rt)
	either := rapid.Bool().Draw(rt, "either")
	pairs := []string{"prop1", first.prop, "op1", first.op, "value1", first.value, "page_size", "4"}
	two := rapid.Bool().Draw(rt, "two tests")
	if two {
		pairs = append(pairs, "prop2", second.prop, "op2", second.op, "value2", second.value, "logic", map[bool]string{true: "or", false: "and"}[either])
	}
	archived := rapid.Bool().Draw(rt, "archived")
	pairs = append(pairs, "include_archived", fmt.Sprint(archived), "include_total", "true")
	var want []string
	for _, item := range accounts {
		a := item.(map[string]any)
		passes := first.passes(a)
		if two {
			other := second.passes(a)
			passes = either && (passes || other) || passes && other
		}
		if passes && (archived || a["isActive"] == true) {
			want = append(want, fmt.Sprint(a["id"]))
		}
	}
	var got []string
	for path := "/accounts/search?" + query(pairs...); path != ""; {
		a := f.send(t, get(path))
		if a.Code == http.StatusBadRequest && len(got) == 0 && (first.isSwapped() || two && second.isSwapped()) {
			return
		}
		if a.Code != http.StatusOK || a.Header().Get("X-Total-Count") != fmt.Sprint(len(want)) {
			rt.Fatalf("%s: %d, total %s, want %d: %s", path, a.Code, a.Header().Get("X-Total-Count"), len(want), a.Body)
		}
		got = append(got, strings.Fields(a.ids())...)
		path = a.link("next")
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("%q: found %v, want %v", pairs, got, want)
	}
}

// searchTest is one test, and what it means.
type searchTest struct {
	prop, op, value string
	member          searchMember
	operands        []searchOperand
	part            string // of contains
}

// searchOperand is what a value is compared with: all from low to high, without
// high itself if it is open.
type searchOperand struct {
	text      string
	low, high any
	open      bool
}

// isSwapped tells whether the test is between an upper end and a lower one.
func (s searchTest) isSwapped() bool {
	return s.op == "between" && (compareValues(s.operands[0].low, s.operands[1].high) > 0 ||
		s.operands[1].open && compareValues(s.operands[0].low, s.operands[1].high) == 0)
}

// order is -1 for a value below the operand, 1 for one above it, else 0.
func (o searchOperand) order(value any) int {
	switch high := compareValues(value, o.high); {
	case compareValues(value, o.low) < 0:
		return -1
	case high > 0 || o.open && high == 0:
		return 1
	}
	return 0
}

func compareValues(a, b any) int {
	switch x := a.(type) {
	case string:
		return strings.Compare(x, b.(string))
	case *big.Rat:
		return x.Cmp(b.(*big.Rat))
	}
	return a.(time.Time).Compare(b.(time.Time))
}

// unaccented is what contains compares.
var unaccented = strings.NewReplacer("é", "e")

func (s searchTest) passes(a map[string]any) bool {
	values := s.member.values(a)
	isIn := func(v any) bool {
		return slices.ContainsFunc(s.operands, func(o searchOperand) bool { return o.order(v) == 0 })
	}
	ordered := func(passes func(order int) bool) bool {
		return slices.ContainsFunc(values, func(v any) bool { return passes(s.operands[0].order(v)) })
	}
	switch s.op {
	case "eq", "in":
		return slices.ContainsFunc(values, isIn)
	case "neq", "nin":
		return !slices.ContainsFunc(values, isIn)
	case "gt":
		return ordered(func(o int) bool { return o > 0 })
	case "gte":
		return ordered(func(o int) bool { return o >= 0 })
	case "lt":
		return ordered(func(o int) bool { return o < 0 })
	case "lte":
		return ordered(func(o int) bool { return o <= 0 })
	case "between":
		return slices.ContainsFunc(values, func(v any) bool { return s.operands[0].order(v) >= 0 && s.operands[1].order(v) <= 0 })
	case "contains":
		return slices.ContainsFunc(values, func(v any) bool { return strings.Contains(unaccented.Replace(v.(string)), s.part) })
	}
	return (len(values) > 0) == (s.value == "true")
}

// searchMember is a member with the operators that it takes, the values that it
// may be compared with, and its form as a value.
type searchMember struct {
	ops      string
	operands *rapid.Generator[searchOperand]
	values   func(a map[string]any) []any
	parts    []string
}

const (
	equalityOps = "eq neq in nin exists"
	orderOps    = equalityOps + " gt gte lt lte between"
)

// The values of members; the tests look for these and some others.
var (
	textValues = []string{"Solar", "SOLAR roof", "a, b", `say "hi"`, "Été", "été 2", "50%", "x_y", "[z"}
	numberText = []string{"0", "-0.0", "1", "1.00", "12.5", "-2.50", "1e3", "1000", "3"}
	dateText   = []string{"2026-11-24", "2026-11-25", "2026-11-24T16:05:12.300Z", "2026-11-25T00:00:00+05:30", "2026-11-24T16:05:12.3004Z"}
	phoneText  = []string{"+14155550142", "(415) 555-0199", "call 5"}
)

var searchMembers = map[string]searchMember{
	"title":        textMember(func(a map[string]any) any { return a["title"] }),
	"description":  textMember(func(a map[string]any) any { return a["description"] }),
	"address":      textMember(func(a map[string]any) any { return a["address"] }),
	"primaryEmail": textMember(func(a map[string]any) any { return a["primaryEmail"] }),
	"primaryName": textMember(func(a map[string]any) any {
		if contacts := a["contacts"].([]any); len(contacts) > 0 {
			return contacts[0].(map[string]any)["name"]
		}
		return nil
	}),
	"roof_type":    textMember(customMember("roof_type")),
	"tags":         textMember(customMember("tags")),
	"remarks":      textMember(customMember("remarks")),
	"accountType":  exactMember("accountType", "RESIDENTIAL", "COMMERCIAL"),
	"isActive":     exactMember("isActive", "true", "false"),
	"monitored":    {ops: equalityOps, operands: sampled(exact, "true", "false"), values: valuesOf(customMember("monitored"), exact)},
	"id":           integerMember(func(a map[string]any) any { return a["id"] }, orderOps),
	"number":       integerMember(func(a map[string]any) any { return a["number"] }, orderOps),
	"contacts":     integerMember(func(a map[string]any) any { return contactIDs(a) }, equalityOps),
	"createdBy":    integerMember(userOf("createdBy"), equalityOps),
	"updatedBy":    integerMember(userOf("updatedBy"), equalityOps),
	"value":        numberMember(func(a map[string]any) any { return a["value"] }),
	"size":         numberMember(func(a map[string]any) any { return a["size"] }),
	"capacity":     numberMember(customMember("capacity")),
	"createdAt":    timeMember(func(a map[string]any) any { return a["createdAt"] }),
	"updatedAt":    timeMember(func(a map[string]any) any { return a["updatedAt"] }),
	"installed_on": timeMember(customMember("installed_on")),
}

func customMember(key string) func(map[string]any) any {
	return func(a map[string]any) any { return a["custom"].(map[string]any)[key] }
}

func userOf(member string) func(map[string]any) any {
	return func(a map[string]any) any {
		if user, ok := a[member].(map[string]any); ok {
			return user["id"]
		}
		return nil
	}
}

// valuesOf lists the values of a member in the form in which they are compared.
func valuesOf(member func(map[string]any) any, form func(text string) any) func(map[string]any) []any {
	return func(a map[string]any) []any {
		value := member(a)
		list, ok := value.([]any)
		if !ok {
			list = []any{value}
		}
		var values []any
		for _, item := range list {
			if item != nil {
				values = append(values, form(fmt.Sprint(item)))
			}
		}
		return values
	}
}

func exact(text string) any { return text }

func lower(text string) any { return strings.ToLower(strings.TrimSpace(text)) }

func rational(text string) any {
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("no number: " + text)
	}
	return value
}

func instant(text string) any {
	if len(text) == len(time.DateOnly) {
		text += "T00:00:00Z"
	}
	value, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return value
}

func sampled(form func(string) any, texts ...string) *rapid.Generator[searchOperand] {
	return rapid.Map(rapid.SampledFrom(texts), func(text string) searchOperand {
		return searchOperand{text: text, low: form(text), high: form(text)}
	})
}

func textMember(member func(map[string]any) any) searchMember {
	texts := append(slices.Clone(textValues), " solar ", "Tile", "metal", "gold", "Silver", "x", "Lee Chan", "jo park", "OFFICE@sunrise.example", "account 3")
	return searchMember{
		ops: orderOps + " contains", operands: sampled(lower, texts...), values: valuesOf(member, lower),
		parts: []string{"ol", "SOL", "é", ",", "%", "_", `"`, "[", "e", "account 1", "@"},
	}
}

func exactMember(member string, texts ...string) searchMember {
	return searchMember{ops: equalityOps, operands: sampled(exact, texts...), values: valuesOf(func(a map[string]any) any { return a[member] }, exact)}
}

func integerMember(member func(map[string]any) any, ops string) searchMember {
	return searchMember{ops: ops, operands: sampled(rational, "0", "1", "2", "3", "7", "77", "-5"), values: valuesOf(member, rational)}
}

func numberMember(member func(map[string]any) any) searchMember {
	return searchMember{ops: orderOps, operands: sampled(rational, append([]string{"1250.5", "0.99", "-1e2"}, numberText...)...), values: valuesOf(member, rational)}
}

// timeMember is compared with points in time and with days.
func timeMember(member func(map[string]any) any) searchMember {
	days := rapid.Map(rapid.SampledFrom([]string{"2026-11-23", "2026-11-24", "2026-11-25"}), func(text string) searchOperand {
		start := instant(text).(time.Time)
		return searchOperand{text: text, low: start, high: start.Add(24 * time.Hour), open: true}
	})
	points := sampled(instant, append([]string{"2026-11-24T17:05:12.302+01:00", "2026-11-24T00:00:00Z", "2026-11-24T16:05:12.2999Z"}, dateText[2:]...)...)
	return searchMember{ops: orderOps, operands: rapid.OneOf(days, points), values: valuesOf(member, instant)}
}

func drawTest(t *rapid.T) searchTest {
	names := []string{"primaryPhone"}
	for name := range searchMembers {
		names = append(names, name)
	}
	slices.Sort(names)
	s := searchTest{prop: rapid.SampledFrom(names).Draw(t, "prop")}
	if s.prop == "primaryPhone" {
		return drawPhoneTest(t)
	}
	s.member = searchMembers[s.prop]
	s.op = rapid.SampledFrom(strings.Fields(s.member.ops)).Draw(t, "op")
	switch s.op {
	case "exists":
		s.value = rapid.SampledFrom([]string{"true", "false"}).Draw(t, "value")
	case "contains":
		s.value = rapid.SampledFrom(s.member.parts).Draw(t, "value")
		s.part = unaccented.Replace(strings.ToLower(s.value))
	case "in", "nin":
		s.operands = rapid.SliceOfN(s.member.operands, 1, 4).Draw(t, "values")
		s.value = drawList(t, s.operands)
	case "between":
		s.operands = rapid.SliceOfN(s.member.operands, 2, 2).Draw(t, "values")
		s.value = drawList(t, s.operands)
	default:
		s.operands = rapid.SliceOfN(s.member.operands, 1, 1).Draw(t, "values")
		s.value = s.operands[0].text
	}
	return s
}

// drawPhoneTest looks for a phone number in one of its forms, or for a part.
func drawPhoneTest(t *rapid.T) searchTest {
	digits := func(text string) any {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune("0123456789", r) {
				return r
			}
			return -1
		}, text)
	}
	member := func(a map[string]any) any { return a["primaryPhone"] }
	if rapid.Bool().Draw(t, "part") {
		part := rapid.SampledFrom([]string{"415", "(415) 555", "0142", "5"}).Draw(t, "value")
		return searchTest{prop: "primaryPhone", op: "contains", value: part, part: digits(part).(string), member: searchMember{values: valuesOf(member, digits)}}
	}
	form := rapid.SampledFrom([][2]string{{"415.555.0142", "+14155550142"}, {"+1 415 555 0199", "+14155550199"}, {"call 5", "call 5"}}).Draw(t, "phone")
	return searchTest{
		prop: "primaryPhone", op: rapid.SampledFrom([]string{"eq", "neq"}).Draw(t, "op"), value: form[0],
		member: searchMember{values: valuesOf(member, exact)}, operands: []searchOperand{{low: form[1], high: form[1]}},
	}
}

// drawList writes values as CSV or as a JSON array.
func drawList(t *rapid.T, operands []searchOperand) string {
	texts := make([]string, len(operands))
	for i, o := range operands {
		texts[i] = o.text
	}
	var b bytes.Buffer
	var err error
	if startsArray := strings.HasPrefix(texts[0], "["); startsArray || rapid.Bool().Draw(t, "JSON") {
		err = json.NewEncoder(&b).Encode(texts)
	} else {
		w := csv.NewWriter(&b)
		err = w.Write(texts)
		w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// drawMembers draws the body of a PATCH.
func drawMembers(t *rapid.T) string {
	body, custom := map[string]any{}, map[string]any{}
	set := func(object map[string]any, member string, values ...any) {
		if rapid.Bool().Draw(t, "set "+member) {
			object[member] = rapid.SampledFrom(values).Draw(t, member)
		}
	}
	raw := func(texts []string) []any {
		values := []any{nil}
		for _, text := range texts {
			values = append(values, json.Number(text))
		}
		return values
	}
	anys := func(texts []string) []any {
		values := []any{nil}
		for _, text := range texts {
			values = append(values, text)
		}
		return values
	}
	set(body, "title", anys(textValues)[1:]...)
	set(body, "description", anys(textValues)...)
	set(body, "address", []string{"x"}, []string{"Solar", "a, b"}, textValues)
	set(body, "isActive", true, true, false)
	set(body, "primaryEmail", nil, "office@sunrise.example", "Other@Example.com")
	set(body, "primaryPhone", anys(phoneText)...)
	set(body, "accountType", nil, "RESIDENTIAL", "COMMERCIAL")
	set(body, "value", raw(numberText)...)
	set(body, "size", raw(numberText)...)
	set(body, "contacts", []int{}, []int{1}, []int{2, 1})
	set(custom, "roof_type", nil, "Tile", "Metal")
	set(custom, "tags", nil, []string{"Gold"}, []string{"Silver", "Gold"})
	set(custom, "capacity", raw(append(numberText, "12345678901234567890.123"))...)
	set(custom, "installed_on", anys(dateText)...)
	set(custom, "monitored", nil, true, false)
	set(custom, "remarks", nil, textValues[:3], []string{"50%"})
	body["custom"] = custom
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
