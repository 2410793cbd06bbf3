package house_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// probe is a value at a bound of the spec, or beyond it.
type probe struct {
	bound  string
	value  any
	beyond bool
}

// boundedBySpec are the bounds that the domain leaves to the spec, or has
// otherwise for a reason.
var boundedBySpec = map[string]string{
	"acceptInvitation /token maxLength 100":                 notOf("the invitation"),
	"acceptInvitation /token minLength 1":                   notOf("the invitation"),
	"batchUpdateAccounts /updates maxItems 500":             "a batch costs what its updates cost",
	"batchUpdateAccounts /updates minItems 1":               "none are no updates",
	"batchUpdateAccounts /updates/0/id minimum 1":           notOf("an account") + "; the offence is the update's",
	"batchUpdateAccounts /updates/0/ifMatch maxLength 1000": "a tag may have any length",
	"mergeAccounts /from/0/id minimum 1":                    notOf("another account") + "; the offence is the item's",
	"mergeAccounts /from/0/ifMatch maxLength 1000":          "a tag may have any length",
	"createKey /allowedIps/0 maxLength 43":                  notOf("a network"),
	"createKey /allowedIps/0 minLength 1":                   notOf("a network"),
	"createKey /scopes maxItems 3":                          "there are no more to name",
	"createKey /scopes minItems 1":                          "none are all that the user has",
	"createProperty /keyName minLength 1":                   "an empty one is made from the name",
	"rehearseAliasMigration /keyId minimum 1":               "0 is all keys",
	"createWebhook /members/0 maxLength 71":                 notOf("a member"),
	"createWebhook /members/0 minLength 1":                  notOf("a member"),
	"updateWebhook /members/0 maxLength 71":                 notOf("a member"),
	"updateWebhook /members/0 minLength 1":                  notOf("a member"),
	"updateProperty /removeOptions maxItems 1000":           "each must be an option, of which there are no more",
	"updateProperty /removeOptions/0 maxLength 255":         notOf("the options"),
	"updateProperty /renameOptions maxItems 1000":           "each must be an option, of which there are no more",
	"updateProperty /renameOptions/0/from maxLength 255":    notOf("the options"),
	"batchUpdateAccounts /items maxItems 500":               "an item of the test has no body",
	"batchUpdateAccounts /items minItems 1":                 "an item of the test has no body",
	"batchUpdateAccounts /items/0/match maxLength 71":       notOf("a member"),
	"batchUpdateAccounts /items/0/ifMatch maxLength 1000":   notOf("a tag"),
	"updateAccounts /number minimum 1":                      "it cannot be set by a filter",
	"updateAccounts /number maximum 9007199254740991":       "it cannot be set by a filter",
}

func init() {
	for _, place := range []string{"updateAccount ", "batchUpdateAccounts /updates/0/set"} {
		boundedBySpec[place+"/add/address maxItems 10"] = "the account of the test has a line already"
	}
}

func notOf(what string) string { return "the value of the test is not that of " + what }

// contexts are what a body must say besides, so that a member can have a value.
var contexts = map[string]map[string]any{
	"createProperty defaultValue":  {"type": "TEXT", "isMultiple": true},
	"updateProperty defaultValue":  {"type": "TEXT"},
	"updateProperty renameOptions": {"renameOptions": []any{map[string]any{"from": "Tile", "to": "Slate"}}},
}

// What the spec takes at a bound, the domain takes; and what it refuses beyond,
// the domain refuses.
func TestBoundsAreTheDomains(t *testing.T) {
	t.Parallel()
	d := newDomain(t)
	differ := make(map[string]bool)
	for _, o := range operations(t) {
		if o.body() == nil {
			continue
		}
		for _, m := range membersOf(o) {
			if m.isEcho() {
				continue
			}
			for _, p := range m.probes() {
				place := m.op + " " + m.pointer() + " " + p.bound
				refused := len(at(d.asks[m.op](d.with(m.op, m.path, p.value)), m.pointer(), false)) > 0
				if refused == p.beyond {
					continue
				}
				differ[place] = true
				if boundedBySpec[place] == "" {
					t.Errorf("%s: openapi.yaml takes the value: %t; the domain: %t", place, !p.beyond, !refused)
				}
			}
		}
	}
	for place := range boundedBySpec {
		if !differ[place] {
			t.Errorf("%s: no such bound, or the domain has it too: no exception is needed", place)
		}
	}
}

// probes are values at and beyond each bound of a member.
func (m member) probes() []probe {
	var probes []probe
	s := m.schema
	within := func(bound string, value any) { probes = append(probes, probe{bound, value, false}) }
	beyond := func(bound string, value any) { probes = append(probes, probe{bound, value, true}) }
	if s.MaxLength != nil {
		bound := fmt.Sprint("maxLength ", *s.MaxLength)
		within(bound, m.text(int(*s.MaxLength)))
		beyond(bound, m.text(int(*s.MaxLength)+1))
	}
	if s.MinLength > 0 {
		bound := fmt.Sprint("minLength ", s.MinLength)
		within(bound, m.text(int(s.MinLength)))
		beyond(bound, m.text(int(s.MinLength)-1))
	}
	if s.MaxItems != nil {
		bound := fmt.Sprint("maxItems ", *s.MaxItems)
		within(bound, m.list(int(*s.MaxItems)))
		beyond(bound, m.list(int(*s.MaxItems)+1))
	}
	if s.MinItems > 0 {
		bound := fmt.Sprint("minItems ", s.MinItems)
		within(bound, m.list(int(s.MinItems)))
		beyond(bound, m.list(int(s.MinItems)-1))
	}
	if s.Min != nil {
		bound := fmt.Sprint("minimum ", number(*s.Min))
		within(bound, number(*s.Min))
		beyond(bound, m.next(*s.Min, -1))
	}
	if s.Max != nil {
		bound := fmt.Sprint("maximum ", number(*s.Max))
		within(bound, number(*s.Max))
		beyond(bound, m.next(*s.Max, 1))
	}
	return probes
}

// next is the number beside another.
func (m member) next(x, step float64) json.Number {
	if m.schema.Type.Is("integer") {
		return json.Number(strconv.FormatInt(int64(x)+int64(step), 10))
	}
	return number(math.Nextafter(x, math.Inf(int(step))))
}

// text is a text of n characters that could be a value of the member.
func (m member) text(n int) string {
	switch pointer := m.pointer(); {
	case strings.Contains(pointer, "/phones") || strings.HasSuffix(pointer, "/primaryPhone"):
		return strings.Repeat("7", n)
	case pointer == "/url":
		return ("https://hooks.example.com/" + strings.Repeat("k", n))[:n]
	case strings.HasSuffix(m.op, "Webhook") && strings.HasSuffix(pointer, "/after"):
		return strings.Repeat("0", n)
	case m.schema.Format != "email":
		return strings.Repeat("k", n)
	}
	const start, label = "a@", "example."
	rest := n - len(start) - len("test")
	return start + strings.Repeat("e", max(rest%len(label), 0)) + strings.Repeat(label, max(rest/len(label), 0)) + "test"
}

// list is a list of n different items that the member could have.
func (m member) list(n int) []any {
	items := make([]any, n)
	for i := range items {
		items[i] = item(m.schema.Items.Value, i)
	}
	return items
}

func item(s *openapi3.Schema, i int) any {
	switch {
	case s.Format == "email":
		return fmt.Sprintf("a%d@example.com", i)
	case len(s.Enum) > 0:
		return s.Enum[i%len(s.Enum)]
	case len(s.Properties) > 0:
		object := make(map[string]any)
		for _, name := range s.Required {
			object[name] = item(s.Properties[name].Value, i)
		}
		return object
	case s.Type == nil && len(s.OneOf) > 0:
		return item(s.OneOf[0].Value, i)
	case s.Type != nil && s.Type.Is("integer"):
		return number(float64(i + 1))
	case s.Type != nil && s.Type.Is("object"):
		return map[string]any{}
	}
	return fmt.Sprint("7", i)
}
