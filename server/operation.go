package server

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/gin-gonic/gin"

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
	method     string
	path       string // as the spec writes it
	parameters []*openapi3.Parameter
	query      []string // the names of its query parameters
	mediaTypes []string // of its request body; none: it takes no body
	body       *openapi3.Schema
	optional   bool // whether the body may be left out
	once       bool // it takes an Idempotency-Key
	matches    bool // it takes an If-Match
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
func (d *requestsDocument) securityOf(op *describedOperation) security {
	requirements := d.Security
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

// operations returns those of the document.
func (d *requestsDocument) operations() (operations, error) {
	ops := make(operations)
	for path, item := range d.Paths {
		for method, described := range item {
			op := &operation{method: strings.ToUpper(method), path: path}
			if err := op.read(d, described); err != nil {
				return nil, fmt.Errorf("%s %s: %w", op.method, path, err)
			}
			ops[operationKey(op.method, ginPath(path))] = op
		}
	}
	return ops, nil
}

// read fills in what the document says of the operation.
func (op *operation) read(d *requestsDocument, described *describedOperation) (err error) {
	op.id, op.name = described.OperationID, op.method+" "+basePath+op.path
	op.security, op.scope, op.merges = d.securityOf(described), described.Scope, described.Merge
	if op.security == byKey && !slices.Contains(identity.Scopes, op.scope) {
		return fmt.Errorf("x-scope must be one of %v; got %q", identity.Scopes, op.scope)
	}
	for _, parameter := range described.Parameters {
		p, err := d.parameter(parameter)
		if err != nil {
			return err
		}
		op.parameters = append(op.parameters, p)
		if p.In == openapi3.ParameterInQuery {
			op.query = append(op.query, p.Name)
		}
		op.once = op.once || p.Name == idempotencyKeyHeader
		op.matches = op.matches || p.Name == ifMatchHeader
		op.dryRun = op.dryRun || p.Name == dryRunParameter && p.Schema.Value.Default == true
		op.selects = op.selects || p.Name == maxAffectedParameter
		op.reasoned = op.reasoned || p.Name == reasonHeader
	}
	return op.readBody(d, described.RequestBody)
}

// readBody fills in what the document says of the operation's body, if it has one.
func (op *operation) readBody(d *requestsDocument, described *describedBody) (err error) {
	if described == nil {
		return nil
	}
	if described.Ref != "" {
		if described, err = find(d.Components.RequestBodies, described.describedRef); err != nil {
			return err
		}
	}
	op.optional = !described.Required
	op.mediaTypes = slices.Sorted(maps.Keys(described.Content))
	for _, mediaType := range op.mediaTypes {
		schema, err := d.schema(described.Content[mediaType].Schema)
		if err != nil {
			return err
		}
		if op.body != nil && op.body != schema.Value {
			return fmt.Errorf("all media types of a body must have one schema")
		}
		op.body = schema.Value
	}
	return nil
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
// of a process.
var specOperations = sync.OnceValues(func() (operations, error) {
	document, err := readRequests()
	if err != nil {
		return nil, err
	}
	return document.operations()
})
