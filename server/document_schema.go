package server

import (
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/accountsd/accountsd/server/schema"
)

// sampled is how many properties the examples of a company's document have.
const sampled = 3

// customValues is the schema of the values that answers have.
func customValues(properties []schema.Property) *openapi3.Schema {
	values := openapi3.NewObjectSchema()
	values.Description = "Values of the company's properties. One without a value is absent."
	for _, p := range properties {
		values.WithProperty(p.Key, valueSchema(p, false))
	}
	return values
}

// customPatch is the schema of the values that requests set.
func customPatch(properties []schema.Property) *openapi3.Schema {
	values := openapi3.NewObjectSchema().WithoutAdditionalProperties()
	values.Description = "Values of the company's properties. One that is not sent stays, and `null` clears one. " +
		"With `allow_new_options` a dropdown takes other labels too."
	for _, p := range properties {
		values.WithProperty(p.Key, valueSchema(p, true))
	}
	return values
}

// customParts are the members of a request that act on custom values, and of which
// properties.
var customParts = []struct {
	member, schema string
	takes          func(schema.Property) bool
}{
	{"add", "CustomAddition", schema.Property.TakesMore},
	{"remove", "CustomRemoval", func(p schema.Property) bool { return p.Multiple }},
	{"fill", "CustomFill", func(schema.Property) bool { return true }},
}

// customPart is the schema of the values that such a member has.
func customPart(properties []schema.Property) *openapi3.Schema {
	values := openapi3.NewObjectSchema().WithoutAdditionalProperties()
	values.Description = "What is sent for the company's properties."
	for _, p := range properties {
		values.WithProperty(p.Key, valueSchema(p, false))
	}
	return values
}

// valueSchema is the schema of a property's value, with or without null.
func valueSchema(p schema.Property, clears bool) *openapi3.Schema {
	value := itemSchema(p, clears && !p.Multiple)
	about := map[schema.Type]string{
		schema.Text: "a text", schema.Numeric: "a number, with all its digits", schema.Boolean: "true or false",
		schema.Date: "a date (`YYYY-MM-DD`) or a date-time", schema.Dropdown: "the label of an option",
	}[p.Type]
	if p.Multiple {
		value = openapi3.NewArraySchema().WithItems(value).WithMaxItems(schema.MaxValues)
		about = "a list, of which each item is " + about
	}
	value.Title, value.Description, value.Nullable = p.Name, p.Name+": "+about+".", clears
	if clears {
		value.Description += " `null` clears it."
	}
	return value
}

// itemSchema is the schema of one value.
func itemSchema(p schema.Property, clears bool) *openapi3.Schema {
	switch p.Type {
	case schema.Numeric:
		return openapi3.NewFloat64Schema().WithFormat("")
	case schema.Boolean:
		return openapi3.NewBoolSchema()
	case schema.Date:
		date := openapi3.NewStringSchema()
		for _, format := range []string{"date", "date-time"} {
			form := openapi3.NewStringSchema().WithFormat(format)
			form.Nullable = clears
			date.AnyOf = append(date.AnyOf, form.NewRef())
		}
		return date
	}
	text := openapi3.NewStringSchema()
	for _, option := range p.Options {
		text.Enum = append(text.Enum, option)
	}
	if clears && len(text.Enum) > 0 {
		text.Enum = append(text.Enum, nil)
	}
	return text
}

// sampleValues are values of the first properties.
func sampleValues(properties []schema.Property) map[string]any {
	sample := make(map[string]any)
	for _, p := range properties[:min(len(properties), sampled)] {
		var value any = "A text"
		switch {
		case len(p.Options) > 0:
			value = p.Options[0]
		case p.Type == schema.Numeric:
			value = 12.5
		case p.Type == schema.Boolean:
			value = true
		case p.Type == schema.Date:
			value = "2026-11-24"
		}
		if p.Multiple {
			value = []any{value}
		}
		sample[p.Key] = value
	}
	return sample
}

// replaceCustom puts other custom values into an example: samples has those of each
// of customParts, and of what is in none of them.
func replaceCustom(example any, samples map[string]map[string]any, part string) {
	switch example := example.(type) {
	case []any:
		for _, item := range example {
			replaceCustom(item, samples, part)
		}
	case map[string]any:
		for name, member := range example {
			_, isObject := member.(map[string]any)
			switch {
			case isObject && name == "custom":
				example[name] = samples[part]
			case isObject && samples[name] != nil:
				replaceCustom(member, samples, name)
			default:
				replaceCustom(member, samples, part)
			}
		}
	}
}
