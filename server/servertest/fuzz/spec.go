package fuzz

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/accountsd/accountsd/gen"
)

// operation is one of openapi.yaml.
type operation struct {
	id, method, path string
	parameters       []*openapi3.Parameter
	body             *openapi3.Schema // nil: none
	optional         bool             // the body may be left out
	mediaTypes       []string
	password, open   bool // it asks for a password, or for nothing
}

// loadSpec returns the operations in the order of their names, and what finds them.
func loadSpec() ([]*operation, *openapi3.T, routers.Router, error) {
	doc, err := openapi3.NewLoader().LoadFromData(gen.OpenAPI)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read openapi.yaml: %w", err)
	}
	router, err := legacy.NewRouter(doc, openapi3.DisableExamplesValidation())
	if err != nil {
		return nil, nil, nil, fmt.Errorf("route by openapi.yaml: %w", err)
	}
	var found []*operation
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			found = append(found, newOperation(method, path, item, op))
		}
	}
	slices.SortFunc(found, func(a, b *operation) int { return cmp.Compare(a.id, b.id) })
	return found, doc, router, nil
}

func newOperation(method, path string, item *openapi3.PathItem, op *openapi3.Operation) *operation {
	o := &operation{id: op.OperationID, method: method, path: path}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		o.parameters = append(o.parameters, p.Value)
	}
	if op.Security != nil {
		o.open = len(*op.Security) == 0
		o.password = !o.open
	}
	if op.RequestBody != nil {
		o.optional = !op.RequestBody.Value.Required
		for mediaType, content := range op.RequestBody.Value.Content {
			o.mediaTypes = append(o.mediaTypes, mediaType)
			o.body = content.Schema.Value
		}
		slices.Sort(o.mediaTypes)
	}
	return o
}
