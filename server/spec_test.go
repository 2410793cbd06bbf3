package server_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/accountsd/accountsd/gen"
)

func loadSpec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(gen.OpenAPI)
	must(t, err)
	must(t, doc.Validate(t.Context()))
	return doc
}

// Each deprecated operation under /clients is its twin in all that a caller
// sees: parameters but for the name of the id, body, and statuses. Only the alias
// can be gone, and says what its lenient handling takes.
func TestAliasOperationsEqualTheirTwins(t *testing.T) {
	t.Parallel()
	doc := loadSpec(t)
	seen := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			twinPath, _ := op.Extensions["x-alias-of"].(string)
			if (twinPath != "") != slices.Contains(op.Tags, "Clients") || (twinPath != "") != op.Deprecated {
				t.Errorf("%s %s: x-alias-of %q, tags %v, deprecated %t", method, path, twinPath, op.Tags, op.Deprecated)
			}
			if twinPath == "" {
				continue
			}
			twinMethod := method
			if replaced, ok := op.Extensions["x-alias-method"].(string); ok {
				twinMethod = replaced
				op.Responses.Delete("405")
			}
			seen[method+twinPath] = true
			twinItem := doc.Paths.Value(twinPath)
			if want := strings.NewReplacer("accounts", "clients", "accountId", "clientId").Replace(twinPath); path != want {
				t.Errorf("%s is the alias of %s, want %s", path, twinPath, want)
			}
			if op.Responses.Value("410") == nil {
				t.Errorf("%s %s cannot be gone", method, path)
			}
			op.Responses.Delete("410")
			twinItem.GetOperation(twinMethod).Responses.Delete("410") // of a position in the feed
			if got, want := outline(t, item, op), outline(t, twinItem, twinItem.GetOperation(twinMethod)); got != want {
				t.Errorf("%s %s is\n%s\nits twin is\n%s", method, path, got, want)
			}
		}
	}
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			if strings.HasPrefix(path, "/accounts") && !seen[method+path] {
				t.Errorf("%s %s has no alias", method, path)
			}
		}
	}
}

// formerBodies are the bodies that have a wider form under the alias.
var formerBodies = strings.NewReplacer("AccountCreate", "FormerAccount", "AccountPatch", "FormerAccount")

func outline(t *testing.T, item *openapi3.PathItem, op *openapi3.Operation) string {
	t.Helper()
	var lines []string
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		if p.Value.Extensions["x-lenient"] == true {
			continue
		}
		parameter, err := json.Marshal(p.Value)
		must(t, err)
		lines = append(lines, strings.ReplaceAll(string(parameter), "clientId", "accountId"))
	}
	if op.RequestBody != nil {
		lines = append(lines, formerBodies.Replace(op.RequestBody.Ref))
	}
	var statuses []string
	for status := range op.Responses.Map() {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	return strings.Join(append(lines, fmt.Sprint(statuses), fmt.Sprint(op.Extensions["x-scope"])), "\n")
}

// S61: every request and answer has an example, and Validate has found all of
// them to be of their schema.
func TestSpecHasExamples(t *testing.T) {
	t.Parallel()
	for path, item := range loadSpec(t).Paths.Map() {
		for method, op := range item.Operations() {
			contents := []openapi3.Content{}
			if op.RequestBody != nil {
				contents = append(contents, op.RequestBody.Value.Content)
			}
			for status, response := range op.Responses.Map() {
				if slices.Contains(op.Tags, "Clients") && response.Value.Headers["Sunset"] == nil {
					t.Errorf("%s %s: %s without Sunset", method, path, status)
				}
				contents = append(contents, response.Value.Content)
			}
			for _, content := range contents {
				for mediaType, m := range content {
					if len(m.Examples) == 0 {
						t.Errorf("%s %s: %s without an example", method, path, mediaType)
					}
				}
			}
		}
	}
}

// Every string and list that is sent is bounded.
func TestSpecBoundsEverySizeOfRequests(t *testing.T) {
	t.Parallel()
	for name, ref := range loadSpec(t).Components.Schemas {
		for member, property := range ref.Value.Properties {
			s := property.Value
			unboundedText := s.Type.Is("string") && s.MaxLength == nil && len(s.Enum) == 0 && s.Format != "date-time" && len(s.AllOf) == 0
			if unboundedText || s.Type.Is("array") && s.MaxItems == nil {
				t.Errorf("%s.%s has no bound", name, member)
			}
		}
	}
}

// What is readOnly or writeOnly would go unseen: see bodyOptions.
func TestSpecReservesNoMember(t *testing.T) {
	t.Parallel()
	for name, ref := range loadSpec(t).Components.Schemas {
		for member, property := range ref.Value.Properties {
			if property.Value.ReadOnly || property.Value.WriteOnly {
				t.Errorf("%s.%s is readOnly or writeOnly, which the check of bodies does not look for", name, member)
			}
		}
	}
}

// A default in a body would be written into members that were not sent.
func TestBodiesHaveNoDefaultsAndNoStrangers(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"AccountPatch", "AccountCreate"} {
		schema := loadSpec(t).Components.Schemas[name].Value
		if has := schema.AdditionalProperties.Has; has == nil || *has {
			t.Errorf("%s takes unknown members", name)
		}
		for member, property := range schema.Properties {
			if property.Value.Default != nil {
				t.Errorf("%s.%s has a default", name, member)
			}
		}
	}
}

// What an account shows, its patch accepts. Only answers under the alias have
// clientType, and it is read there.
func TestPatchAcceptsEveryMemberOfAnAccount(t *testing.T) {
	t.Parallel()
	schemas := loadSpec(t).Components.Schemas
	for member := range schemas["Account"].Value.Properties {
		if member != "clientType" && schemas["AccountPatch"].Value.Properties[member] == nil {
			t.Errorf("AccountPatch lacks %s", member)
		}
	}
}

func TestSpecIsServed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	serve := func(path string) *httptest.ResponseRecorder {
		recorder := httptest.NewRecorder()
		f.handler.ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
		return recorder
	}
	if got := serve("/openapi.yaml"); got.Body.String() != string(gen.OpenAPI) {
		t.Errorf("/openapi.yaml: %d, %d bytes", got.Code, got.Body.Len())
	}
	var doc struct{ Paths map[string]any }
	must(t, json.Unmarshal(serve("/openapi.json").Body.Bytes(), &doc))
	if doc.Paths["/clients/{clientId}"] == nil || doc.Paths["/accounts/{accountId}"] == nil {
		t.Errorf("/openapi.json has %v", doc.Paths)
	}
}

// The members of every object come in the order of the document, which x-order
// tells the generator: from it answers and Go types have theirs.
func TestSpecOrdersMembers(t *testing.T) {
	t.Parallel()
	loader := openapi3.NewLoader()
	loader.IncludeOrigin = true
	doc, err := loader.LoadFromData(gen.OpenAPI)
	must(t, err)
	for name, schema := range doc.Components.Schemas {
		members := slices.SortedFunc(maps.Keys(schema.Value.Properties), func(a, b string) int {
			return cmp.Compare(line(schema.Value.Properties[a]), line(schema.Value.Properties[b]))
		})
		last := 0.0
		for _, member := range members {
			order, _ := schema.Value.Properties[member].Extensions["x-order"].(float64)
			if order == 0 {
				order, _ = schema.Value.Properties[member].Value.Extensions["x-order"].(float64)
			}
			if order <= last {
				t.Errorf("%s.%s needs an x-order above %v, which is that of the member before; it has %v", name, member, last, order)
			}
			last = order
		}
	}
}

// line is where a member stands in the document.
func line(property *openapi3.SchemaRef) int {
	if property.Origin != nil {
		return property.Origin.Key.Line
	}
	return property.Value.Origin.Key.Line
}
