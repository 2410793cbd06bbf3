package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/accountsd/accountsd/gen"
	"github.com/accountsd/accountsd/server/identity"
)

// requestsDocument is what gen.Requests holds. The types of openapi3 would read it,
// too, but each value once more for every level that it is deep, which takes longer
// than all else at the start.
type requestsDocument struct {
	Security   []map[string][]string
	Paths      map[string]map[string]*describedOperation // by path and method
	Components struct {
		Parameters    map[string]*describedParameter
		RequestBodies map[string]*describedBody
		Schemas       map[string]*describedSchema
	}

	parameters map[string]*openapi3.Parameter // those that were made, by reference
	schemas    map[string]*openapi3.SchemaRef
}

// describedRef names the component that stands for a value, if it is none itself.
type describedRef struct {
	Ref string `json:"$ref"`
}

type describedOperation struct {
	OperationID string
	Security    *[]map[string][]string
	Parameters  []*describedParameter
	RequestBody *describedBody
	Scope       identity.Scope `json:"x-scope"`
	Merge       bool           `json:"x-merge"`
}

type describedParameter struct {
	describedRef
	Name     string
	In       string
	Required bool
	Explode  *bool
	Schema   *describedSchema
}

type describedBody struct {
	describedRef
	Required bool
	Content  map[string]struct{ Schema *describedSchema } // by media type
}

// describedSchema has the keywords that requests are described with.
type describedSchema struct {
	describedRef
	Type     string
	Enum     []any
	Default  any
	Nullable bool

	Minimum, Maximum     *float64
	Format, Pattern      string
	MinLength, MinItems  uint64
	MaxLength, MaxItems  *uint64
	MaxProperties        *uint64
	Items                *describedSchema
	Required             []string
	Properties           map[string]*describedSchema
	AdditionalProperties json.RawMessage // false, or a schema
	AllOf, OneOf         []*describedSchema
}

// readRequests reads gen.Requests. A keyword that the types above do not have is an
// error: nothing would be refused by it.
func readRequests() (*requestsDocument, error) {
	d := &requestsDocument{parameters: make(map[string]*openapi3.Parameter), schemas: make(map[string]*openapi3.SchemaRef)}
	if err := unmarshalKnown(gen.Requests, d); err != nil {
		return nil, fmt.Errorf("read the spec of requests: %w", err)
	}
	return d, nil
}

func unmarshalKnown(text []byte, to any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(to)
}

// find returns the component that a reference names.
func find[T any](components map[string]*T, ref describedRef) (*T, error) {
	if component := components[ref.Ref[strings.LastIndexByte(ref.Ref, '/')+1:]]; component != nil {
		return component, nil
	}
	return nil, fmt.Errorf("the spec of requests has no %q", ref.Ref)
}

// parameter returns what a parameter describes, the same for each reference to one.
func (d *requestsDocument) parameter(described *describedParameter) (p *openapi3.Parameter, err error) {
	ref := described.describedRef
	if made := d.parameters[ref.Ref]; made != nil {
		return made, nil
	}
	if ref.Ref != "" {
		if described, err = find(d.Components.Parameters, ref); err != nil {
			return nil, err
		}
	}
	p = &openapi3.Parameter{Name: described.Name, In: described.In, Required: described.Required, Explode: described.Explode}
	if ref.Ref != "" {
		d.parameters[ref.Ref] = p
	}
	p.Schema, err = d.schema(described.Schema)
	return p, err
}

// schema returns what a schema describes, the same for each reference to one.
func (d *requestsDocument) schema(s *describedSchema) (*openapi3.SchemaRef, error) {
	if s.Ref == "" {
		made := openapi3.NewSchemaRef("", nil)
		return made, d.fill(made, s)
	}
	if made := d.schemas[s.Ref]; made != nil {
		return made, nil
	}
	described, err := find(d.Components.Schemas, s.describedRef)
	if err != nil {
		return nil, err
	}
	made := openapi3.NewSchemaRef("", nil)
	d.schemas[s.Ref] = made // before it is filled: a schema may be within itself
	return made, d.fill(made, described)
}

// fill makes what a reference stands for of a schema.
func (d *requestsDocument) fill(made *openapi3.SchemaRef, s *describedSchema) (err error) {
	schema := &openapi3.Schema{
		Enum: s.Enum, Default: s.Default, Nullable: s.Nullable, Min: s.Minimum, Max: s.Maximum, Format: s.Format, Pattern: s.Pattern,
		MinLength: s.MinLength, MaxLength: s.MaxLength, MinItems: s.MinItems, MaxItems: s.MaxItems, MaxProps: s.MaxProperties, Required: s.Required,
	}
	made.Value = schema
	if s.Type != "" {
		schema.Type = &openapi3.Types{s.Type}
	}
	if s.Items != nil {
		if schema.Items, err = d.schema(s.Items); err != nil {
			return err
		}
	}
	if schema.AllOf, err = d.all(s.AllOf); err != nil {
		return err
	}
	if schema.OneOf, err = d.all(s.OneOf); err != nil {
		return err
	}
	if schema.AdditionalProperties, err = d.additional(s.AdditionalProperties); err != nil {
		return err
	}
	return d.fillProperties(schema, s.Properties)
}

func (d *requestsDocument) fillProperties(schema *openapi3.Schema, properties map[string]*describedSchema) (err error) {
	if properties == nil {
		return nil
	}
	schema.Properties = make(openapi3.Schemas, len(properties))
	for name, property := range properties {
		if schema.Properties[name], err = d.schema(property); err != nil {
			return err
		}
	}
	return nil
}

func (d *requestsDocument) all(schemas []*describedSchema) (refs openapi3.SchemaRefs, err error) {
	for _, s := range schemas {
		made, err := d.schema(s)
		if err != nil {
			return nil, err
		}
		refs = append(refs, made)
	}
	return refs, nil
}

// additional reads what is said of members that are not among the properties.
func (d *requestsDocument) additional(text json.RawMessage) (openapi3.BoolSchema, error) {
	var has bool
	var described describedSchema
	switch {
	case len(text) == 0:
		return openapi3.BoolSchema{}, nil
	case json.Unmarshal(text, &has) == nil:
		return openapi3.BoolSchema{Has: &has}, nil
	}
	if err := unmarshalKnown(text, &described); err != nil {
		return openapi3.BoolSchema{}, fmt.Errorf("additionalProperties: %w", err)
	}
	schema, err := d.schema(&described)
	return openapi3.BoolSchema{Schema: schema}, err
}
