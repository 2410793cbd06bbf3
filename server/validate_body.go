package server

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
)

// bodyOptions are how a body is checked: to the end, and as it was sent, without
// defaults. That it is a request's would matter for what is readOnly. Nothing is,
// and to look for that at each request takes as long as the rest.
var bodyOptions = []openapi3.SchemaValidationOption{openapi3.MultiErrors(), formats}

// checkBody returns what is wrong with a body under the operation's schema. It
// cuts from the body what is refused only because it is there.
func (op *operation) checkBody(sent *decodedBody) fault.Offences {
	c := &bodyOffences{}
	sent.value = c.cut(op.body, sent.value, nil)
	if sent.size > smallBody {
		c.checkParts(op.body, sent.value, nil)
	} else {
		c.check(op.body, sent.value, nil)
	}
	slices.SortStableFunc(c.offences, byMember)
	return c.offences
}

// byMember orders offences by the names of the body's members, and those of the
// body as a whole behind them.
func byMember(a, b fault.Offence) int {
	if len(a.Path) == 0 || len(b.Path) == 0 {
		return len(b.Path) - len(a.Path)
	}
	return strings.Compare(a.Path[0], b.Path[0])
}

// bodyOffences collects what is wrong with a body.
type bodyOffences struct{ offences fault.Offences }

// cut takes out of a value what the validator would have an error for each part
// of, and notes that: members that the schema does not have, and what is too
// many.
func (c *bodyOffences) cut(schema *openapi3.Schema, value any, path []string) any {
	if len(schema.AllOf) == 1 { // a reference that may be null
		return c.cut(schema.AllOf[0].Value, value, path)
	}
	switch v := value.(type) {
	case map[string]any:
		c.cutMembers(schema, v, path)
	case []any:
		return c.cutItems(schema, v, path)
	}
	return value
}

func (c *bodyOffences) cutMembers(schema *openapi3.Schema, object map[string]any, path []string) {
	if has := schema.AdditionalProperties.Has; has != nil && !*has {
		c.cutUnknown(schema, object, path)
	}
	if schema.MaxProps != nil && uint64(len(object)) > *schema.MaxProps {
		c.offences.Add(path, "must have at most %s", plural.Of(*schema.MaxProps, "member", "members"))
		clear(object)
	}
	for _, name := range composed(object) {
		if schema.Properties[name] != nil {
			object[name] = c.cut(schema.Properties[name].Value, object[name], append(slices.Clip(path), name))
		}
	}
}

// cutUnknown takes the members out that the schema does not have.
func (c *bodyOffences) cutUnknown(schema *openapi3.Schema, object map[string]any, path []string) {
	isUnknown := func(name string, _ any) bool { return schema.Properties[name] == nil }
	for name := range object {
		if isUnknown(name, nil) {
			c.offences.Unknown(path, object, jsonvalue.Names(schema.Properties))
			maps.DeleteFunc(object, isUnknown)
			return
		}
	}
}

// composed returns the members, in order, that there may be anything to cut from.
func composed(object map[string]any) []string {
	var names []string
	for name, value := range object {
		switch value.(type) {
		case map[string]any, []any:
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (c *bodyOffences) cutItems(schema *openapi3.Schema, items []any, path []string) []any {
	if schema.MaxItems != nil && uint64(len(items)) > *schema.MaxItems {
		c.offences.Add(path, "%s", fault.TooMany(int(*schema.MaxItems), len(items)))
		clear(items[*schema.MaxItems:]) // It need not wait for the answer to be freed.
		items = items[:*schema.MaxItems]
	}
	if schema.Items != nil {
		for i, item := range items {
			items[i] = c.cut(schema.Items.Value, item, append(slices.Clip(path), strconv.Itoa(i)))
		}
	}
	return items
}

// checkParts checks a large value part by part, and no further than there are
// offences to name: the validator holds an error for each.
func (c *bodyOffences) checkParts(schema *openapi3.Schema, value any, path []string) {
	shell := *schema
	switch v := value.(type) {
	case map[string]any:
		shell.Properties = nil
		shell.AdditionalProperties = openapi3.BoolSchema{}
		for _, name := range jsonvalue.Names(schema.Properties) {
			if part, sent := v[name]; sent && !c.offences.IsFull() {
				c.checkParts(schema.Properties[name].Value, part, append(slices.Clip(path), name))
			}
		}
	case []any:
		shell.Items = nil
		for i, part := range v {
			if schema.Items != nil && !c.offences.IsFull() {
				c.checkParts(schema.Items.Value, part, append(slices.Clip(path), strconv.Itoa(i)))
			}
		}
	}
	c.check(&shell, value, path)
}

// check notes what the validator says of the value at a path.
func (c *bodyOffences) check(schema *openapi3.Schema, value any, path []string) {
	err := schema.VisitJSON(value, bodyOptions...)
	if err == nil {
		return
	}
	found := len(c.offences)
	c.add(err, value, path)
	if len(c.offences) == found { // The validator refused it in a form not known here.
		c.offences.Append(fault.Offence{In: fault.InBody, Path: path, Message: fault.Label(path) + " does not match the schema"})
	}
}

func (c *bodyOffences) add(err error, value any, path []string) {
	switch e := err.(type) {
	case openapi3.MultiError:
		for _, inner := range e {
			c.add(inner, value, path)
		}
	case *openapi3.SchemaError:
		below := e.JSONPointer()
		if object := objectOf(e, at(value, below)); object != nil {
			c.check(object, at(value, below), slices.Concat(path, below))
			return
		}
		c.offences.Add(slices.Concat(path, below), "%s", fault.Lazily(func() string {
			sent := at(value, below)
			wrong := describe(e, fault.Show(sent))
			if sent == "" && e.Schema.Nullable {
				wrong += fault.SendNull
			}
			return wrong
		}))
	}
}

// objectOf is what an object had to be that a composed schema does not take; nil if
// there are several such, or none. What is wrong with it is wrong with its members.
func objectOf(e *openapi3.SchemaError, sent any) *openapi3.Schema {
	if _, ok := sent.(map[string]any); !ok || e.SchemaField != "oneOf" && e.SchemaField != "allOf" {
		return nil
	}
	var found *openapi3.Schema
	for _, of := range slices.Concat(e.Schema.OneOf, e.Schema.AllOf) {
		switch {
		case !of.Value.Type.Is("object"):
		case found != nil:
			return nil
		default:
			found = of.Value
		}
	}
	return found
}

// at is what is at a path of a decoded value; nil if there is nothing.
func at(value any, path []string) any {
	for _, segment := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[segment]
		case []any:
			i, err := strconv.Atoi(segment)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		default:
			return nil
		}
	}
	return value
}
