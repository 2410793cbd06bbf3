package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/getkin/kin-openapi/openapi3"
)

// patterns says in words what the patterns of the spec ask for.
var patterns = map[string]string{
	`\S`:    "not be blank",
	`\d`:    "contain a digit",
	`^\d+$`: fault.BeSequence,

	`^(title|primaryEmail|primaryPhone|address|none|custom\.[a-z][a-z0-9_]*)$`: "be one of title, primaryEmail, primaryPhone, address, none, " +
		"or custom.<keyName> of a unique property",
	`^([1-9]|[1-5][0-9]|60)s$`: "be a time from 1s to 60s",

	`^[!-~]+$`: "consist of visible ASCII characters without spaces",
}

// describe says what is wrong with a value and what would be right, in words
// that follow the member's name. got is the value as it was sent, of which the
// validator makes floats. Its own text is not used: it holds the schema.
func describe(e *openapi3.SchemaError, got string) string {
	schema := e.Schema
	switch e.SchemaField {
	case "required":
		return fault.IsRequired
	case "nullable":
		return fault.MustNotBeNull
	case "enum":
		return fmt.Sprintf("must be one of %s; got %s", list(schema.Enum), got)
	case "minLength":
		if schema.MinLength > 1 {
			text, _ := e.Value.(string)
			return fmt.Sprintf("must be at least %s; got %d", plural.Of(schema.MinLength, "character", "characters"), utf8.RuneCountInString(text))
		}
		return "must not be empty"
	case "maxLength":
		text, _ := e.Value.(string)
		return fmt.Sprintf("must be at most %s; got %d", plural.Of(*schema.MaxLength, "character", "characters"), utf8.RuneCountInString(text))
	case "minItems":
		return fault.TooFew(int(schema.MinItems))
	case "maxItems":
		items, _ := e.Value.([]any)
		return fault.TooMany(int(*schema.MaxItems), len(items))
	case "maxProperties":
		return fmt.Sprintf("must have at most %s", plural.Of(*schema.MaxProps, "member", "members"))
	case "allOf": // a reference with a description of its own
		if of, ok := errors.AsType[*openapi3.SchemaError](e.Origin); ok && len(of.JSONPointer()) == len(e.JSONPointer()) {
			return describe(of, got)
		}
	case "pattern":
		if words, ok := patterns[schema.Pattern]; ok {
			return fmt.Sprintf("must %s; got %s", words, got)
		}
	}
	return mustBe(schema, got)
}

// mustBe says what values a schema takes, and which one it got.
func mustBe(schema *openapi3.Schema, got string) string {
	_, err := jsonvalue.Integer(json.Number(strings.TrimSuffix(got, "…")))
	return fmt.Sprintf("must be %s; got %s", expected(schema, err == jsonvalue.ErrRange), got)
}

// leastOf is the least integer that a schema takes.
func leastOf(schema *openapi3.Schema) int64 {
	if schema.Min != nil {
		return int64(*schema.Min)
	}
	return math.MinInt64
}

// expected says what values a schema takes: "an integer of at least 1", "a string". Who
// sent an integer beyond 64 bits is also told where integers end.
func expected(schema *openapi3.Schema, beyond bool) string {
	if len(schema.OneOf) > 0 {
		return join(schema.OneOf, " or ", beyond)
	}
	if len(schema.AllOf) > 0 {
		return join(schema.AllOf, " and ", beyond)
	}
	if len(schema.Enum) > 0 {
		return "one of " + list(schema.Enum)
	}
	switch {
	case schema.Type.Is("integer") && beyond && schema.Max == nil:
		return fmt.Sprintf("an integer from %d to %d", leastOf(schema), math.MaxInt64)
	case schema.Type.Is("integer"):
		return "an integer" + bounds(schema)
	case schema.Type.Is("number"):
		return "a number" + bounds(schema)
	case schema.Type.Is("boolean"):
		return "true or false"
	case schema.Type.Is("array"):
		return "a list"
	case schema.Type.Is("object"):
		if len(schema.Required) > 0 {
			return "an object with " + strings.Join(schema.Required, ", ")
		}
		return "an object"
	case schema.Type.Is("string"):
		return text(schema)
	}
	return "another value"
}

// text says what strings a schema takes.
func text(schema *openapi3.Schema) string {
	switch schema.Format {
	case "email":
		return "an e-mail address"
	case "date-time":
		return fault.DateTime
	}
	if strings.Contains(schema.Pattern, "W/") {
		return `* or entity tags in double quotes, such as "42-7"`
	}
	return "a string"
}

func bounds(schema *openapi3.Schema) string {
	switch {
	case schema.Min != nil && schema.Max != nil:
		return fmt.Sprintf(" from %.16g to %.16g", *schema.Min, *schema.Max)
	case schema.Min != nil:
		return fmt.Sprintf(" of at least %.16g", *schema.Min)
	}
	return ""
}

func join(schemas openapi3.SchemaRefs, separator string, beyond bool) string {
	parts := make([]string, len(schemas))
	for i, ref := range schemas {
		parts[i] = expected(ref.Value, beyond)
	}
	return strings.Join(parts, separator)
}

// list writes the values of an enum. A null among them only says that the member
// may be cleared.
func list(values []any) string {
	var parts []string
	for _, value := range values {
		if value != nil {
			parts = append(parts, fmt.Sprint(value))
		}
	}
	return strings.Join(parts, ", ")
}
