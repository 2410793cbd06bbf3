package house_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

// An enum says where in the code the values of an enum of the spec are.
type enum struct {
	path, typeName string // of the constants
	// named is of an enum without a type in the domain: package server names
	// the generated constants, but for the one that all else means.
	named bool
	// same is the enum whose constants are read for this one too.
	same string
}

var enums = map[string]enum{
	"AccountType":        {path: "server/account", typeName: "Type"},
	"MatchMember":        {path: "server/account", typeName: "MatchBy"},
	"MatchStrategy":      {path: "server/intake", typeName: "Strategy"},
	"ReceiptStatus":      {path: "server/intake", typeName: "ReceiptStatus"},
	"AuditAction":        {path: "server/audit", typeName: "Action"},
	"ChangeKind":         {path: "server/account", typeName: "ChangeKind"},
	"CauseKind":          {path: "server/account", typeName: "CauseKind"},
	"DuplicateReason":    {path: "server/account", typeName: "DuplicateReason"},
	"SearchOperator":     {path: "server/query", typeName: "Operator"},
	"PropertyType":       {path: "server/schema", typeName: "Type"},
	"Scope":              {path: "server/identity", typeName: "Scope"},
	"AliasState":         {path: "server/alias", typeName: "State"},
	"AliasStepKind":      {path: "server/alias", typeName: "StepKind"},
	"AliasMailState":     {path: "server/alias", typeName: "MailState"},
	"AliasMailError":     {path: "server/alias", typeName: "MailFailure"},
	"WebhookState":       {path: "server/webhook", typeName: "State"},
	"WebhookPauseReason": {path: "server/webhook", typeName: "PauseReason"},
	"WebhookFailure":     {path: "server/webhook", typeName: "Failure"},
	"Handling":           {path: "server/lenient", typeName: "Handling"},
	"KeyHandling":        {same: "Handling"},
	"FieldProblem.in":    {path: "server/fault", typeName: "Location"},
	"OrderLatestFirst":   {named: true},
	"OrderEarliestFirst": {same: "OrderLatestFirst"},
	"SearchLogic":        {named: true},
}

// notInSpec are values of the domain's that only commands take.
var notInSpec = map[string]string{
	"MatchMember id":       "rows of an import are matched by it",
	"MatchMember number":   "rows of an import are matched by it",
	"MatchStrategy update": "what an import does with a row of an account",
	"MatchStrategy add":    "what an import does with a row of an account",
	"MatchStrategy remove": "what an import does with a row of an account",
}

// Every enum of the spec has the values that the domain knows, and no others.
func TestEnumsAreTheDomains(t *testing.T) {
	t.Parallel()
	c := loadCode(t)
	enumsOfSpec := specEnums(t)
	for name, values := range enumsOfSpec {
		e, known := enums[name]
		switch {
		case name == "ProblemCode" || name == "RecordType": // They have tests of their own.
		case !known:
			t.Errorf("enum %s is in openapi.yaml, and the test does not know where the code has its values", name)
		case e.named:
			c.expectNamed(t, name, 1)
		case e.same != "":
			c.expectSame(t, name, values, enumsOfSpec[e.same])
		default:
			c.expectSame(t, name, values, slices.Collect(maps.Values(c.constants(t, e.path, e.typeName))))
		}
	}
}

func (c *code) expectSame(t *testing.T, name string, spec, domain []string) {
	t.Helper()
	for _, value := range spec {
		if !slices.Contains(domain, value) {
			t.Errorf("enum %s: openapi.yaml has %q, which the domain does not know", name, value)
		}
	}
	for _, value := range domain {
		if _, excepted := notInSpec[name+" "+value]; !excepted && !slices.Contains(spec, value) {
			t.Errorf("enum %s: the domain has %q, which openapi.yaml does not know", name, value)
		}
	}
}

// expectNamed expects that package server names all values but a number of
// them.
func (c *code) expectNamed(t *testing.T, name string, but int) {
	t.Helper()
	var unnamed []string
	for constant, value := range c.constants(t, "gen/api", name) {
		if !c.uses(module+"/gen/api", constant) {
			unnamed = append(unnamed, value)
		}
	}
	if len(unnamed) > but {
		t.Errorf("enum %s: no code in server/ names %q of openapi.yaml", name, slices.Sorted(slices.Values(unnamed)))
	}
}

// Every code of a problem is answered by some code, and by the compiler no other.
func TestProblemCodesAreAnswered(t *testing.T) {
	t.Parallel()
	loadCode(t).expectNamed(t, "ProblemCode", 0)
}

// The kinds of records are the members that the lists of properties come under.
func TestRecordTypesAreListed(t *testing.T) {
	t.Parallel()
	lists := loadSpec(t).Components.Schemas["PropertyLists"].Value.Properties
	loadCode(t).expectSame(t, "RecordType", specEnums(t)["RecordType"], slices.Collect(maps.Keys(lists)))
}

// specEnums are the values of the enums of the spec: of schemas by their names,
// and of members that have one of their own by those.
func specEnums(t *testing.T) map[string][]string {
	t.Helper()
	found := make(map[string][]string)
	note := func(name string, s *openapi3.SchemaRef) {
		for _, value := range s.Value.Enum {
			if s.Ref == "" && value != nil {
				found[name] = append(found[name], fmt.Sprint(value))
			}
		}
	}
	components := loadSpec(t).Components
	for name, schema := range components.Schemas {
		note(name, schema)
		for member, property := range schema.Value.Properties {
			note(name+"."+member, property)
		}
	}
	for name, parameter := range components.Parameters {
		note(name, parameter.Value.Schema)
	}
	return found
}
