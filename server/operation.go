package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/routers"
	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen"
	"github.com/accountsd/accountsd/server/identity"
)

// basePath is where the API is mounted. It is the URL in the spec's servers.
const basePath = "/v1"

// operation is what the spec says of one method of one path.
type operation struct {
	id         string
	name       string // method and path, as in "PATCH /v1/accounts/{accountId}"
	security   security
	scope      identity.Scope // what a key must be allowed, x-scope; only with byKey
	route      *routers.Route
	parameters []*openapi3.Parameter
	query      []string // the names of its query parameters
	mediaTypes []string // of its request body; none: it takes no body
	body       *openapi3.Schema
	optional   bool // whether the body may be left out
	once       bool // it takes an Idempotency-Key
	dryRun     bool // it writes nothing unless dry_run=false is sent
	selects    bool // it writes the records that its query selects
	reasoned   bool // it takes an X-Reason
	merges     bool // it can be merged with what others have written, x-merge
}

// The parameters that say how much a request may write.
const (
	dryRunParameter      = "dry_run"
	maxAffectedParameter = "max_affected"
)

// security is how callers of an operation prove who they are.
type security uint8

const (
	byKey      security = iota // the header x-api-key
	byPassword                 // HTTP Basic
	byNothing                  // the body has a secret of its own
)

// securityOf reads the security of an operation, or else that of the document.
func securityOf(spec *openapi3.T, op *openapi3.Operation) security {
	requirements := spec.Security
	if op.Security != nil {
		requirements = *op.Security
	}
	if len(requirements) == 0 {
		return byNothing
	}
	if _, ok := requirements[0]["Password"]; ok {
		return byPassword
	}
	return byKey
}

// operations are those of the spec by method and gin path, so that a request's
// operation is found by the route that gin took and not by routing again.
type operations map[string]*operation

// loadOperations reads the operations of the spec.
func loadOperations(spec *openapi3.T) (operations, error) {
	ops := make(operations)
	for path, item := range spec.Paths.Map() {
		for method, op := range item.Operations() {
			o, err := newOperation(spec, path, method, item, op)
			if err != nil {
				return nil, fmt.Errorf("%s %s: %w", method, path, err)
			}
			ops[operationKey(method, ginPath(path))] = o
		}
	}
	return ops, nil
}

func newOperation(spec *openapi3.T, path, method string, item *openapi3.PathItem, op *openapi3.Operation) (*operation, error) {
	scope, _ := op.Extensions["x-scope"].(string)
	o := &operation{
		id:       op.OperationID,
		name:     method + " " + basePath + path,
		security: securityOf(spec, op),
		scope:    identity.Scope(scope),
		merges:   op.Extensions["x-merge"] == true,
		route:    &routers.Route{Spec: spec, Path: path, PathItem: item, Method: method, Operation: op},
	}
	if o.security == byKey && !slices.Contains(identity.Scopes, o.scope) {
		return nil, fmt.Errorf("x-scope must be one of %v; got %q", identity.Scopes, scope)
	}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		o.parameters = append(o.parameters, p.Value)
		if p.Value.In == openapi3.ParameterInQuery {
			o.query = append(o.query, p.Value.Name)
		}
		o.once = o.once || p.Value.Name == idempotencyKeyHeader
		o.dryRun = o.dryRun || p.Value.Name == dryRunParameter && p.Value.Schema.Value.Default == true
		o.selects = o.selects || p.Value.Name == maxAffectedParameter
		o.reasoned = o.reasoned || p.Value.Name == reasonHeader
	}
	if op.RequestBody == nil {
		return o, nil
	}
	o.optional = !op.RequestBody.Value.Required
	content := op.RequestBody.Value.Content
	for mediaType, content := range content {
		o.mediaTypes = append(o.mediaTypes, mediaType)
		o.body = content.Schema.Value
	}
	slices.Sort(o.mediaTypes)
	for _, content := range content {
		if content.Schema.Value != o.body {
			return nil, fmt.Errorf("all media types of a body must have one schema")
		}
	}
	return o, nil
}

// checkRoutes returns an error unless gin routes exactly the spec's operations:
// a route without one could not be validated, and must not be served.
func (ops operations) checkRoutes(routes gin.RoutesInfo) error {
	served := make(map[string]bool)
	for _, r := range routes {
		if key := operationKey(r.Method, r.Path); strings.HasPrefix(r.Path, basePath+"/") {
			served[key] = true
			if ops[key] == nil {
				return fmt.Errorf("route %s is not in the spec", key)
			}
		}
	}
	for key := range ops {
		if !served[key] {
			return fmt.Errorf("operation %s has no route", key)
		}
	}
	return nil
}

// checkReaders returns an error unless exactly the operations with a body have a
// reader of it.
func (ops operations) checkReaders(readers map[string]bodyReader) error {
	left := maps.Clone(readers)
	for _, op := range ops {
		if _, ok := readers[op.id]; ok != (op.body != nil) {
			return fmt.Errorf("operation %s: has a body: %t, has a reader of it: %t", op.id, op.body != nil, ok)
		}
		delete(left, op.id)
	}
	if len(left) > 0 {
		return fmt.Errorf("no operations for the readers of bodies %v", slices.Sorted(maps.Keys(left)))
	}
	return nil
}

// of returns the operation that the request was routed to.
func (ops operations) of(c *gin.Context) *operation {
	return ops[operationKey(c.Request.Method, c.FullPath())]
}

// isDryRun tells whether a request that has passed validation writes nothing.
func (op *operation) isDryRun(c *gin.Context) bool {
	return c.DefaultQuery(dryRunParameter, strconv.FormatBool(op.dryRun)) == "true"
}

func operationKey(method, path string) string { return method + " " + path }

// ginPath is a path of the spec as gin writes it.
func ginPath(path string) string {
	return basePath + strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// Prepare reads the spec, which else New does. Who has other things to do at the start
// calls it beside them. What is wrong with the spec, New says.
func Prepare() { _, _ = specOperations() }

// specOperations is the operations of the spec, which are the same for all servers
// of a process. The loader would read JSON as YAML, which takes much longer.
var specOperations = sync.OnceValues(func() (operations, error) {
	var spec openapi3.T
	if err := json.Unmarshal(gen.Requests, &spec); err != nil {
		return nil, fmt.Errorf("read the spec of requests: %w", err)
	}
	if err := openapi3.NewLoader().ResolveRefsIn(&spec, nil); err != nil {
		return nil, fmt.Errorf("resolve the spec of requests: %w", err)
	}
	return loadOperations(&spec)
})
