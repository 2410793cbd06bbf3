package server

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/account"
)

// validate refuses a request that the spec does not allow, and leaves the
// decoded body for the handler. Where a handler can check a body without
// writing, what the spec does not object to is checked by it as well, so that
// one answer names every offence.
func (s *Server) validate(c *gin.Context) {
	op := s.operations.of(c)
	if op == nil {
		s.fail(c, fmt.Errorf("no operation for %s %s", c.Request.Method, c.FullPath()))
		return
	}
	offences := op.checkParameters(c)
	if op.body != nil {
		sent, nuls, err := readBody(c.Request, op)
		if err != nil {
			s.fail(c, withOffences(err, offences))
			return
		}
		c.Request.Body = sent
		offences = append(offences, nuls...)
		offences = append(offences, s.bodyOffences(c, op, sent, offences)...)
	}
	if err := account.Invalid(distinct(offences)); err != nil {
		s.fail(c, err)
	}
}

// bodyOffences returns what is wrong with a body that was sent, and if anything
// is wrong with the request so far, what else the operation would object to.
func (s *Server) bodyOffences(c *gin.Context, op *operation, sent body, found []account.FieldError) []account.FieldError {
	if sent.absent {
		return nil
	}
	offences := op.checkBody(sent.value)
	if found = append(found, offences...); len(found) == 0 {
		return nil
	}
	return append(offences, s.furtherOffences(c, op, sent.value, found)...)
}

// withOffences adds the offences found before a body proved to be unreadable.
func withOffences(err error, offences []account.FieldError) error {
	if p, ok := errors.AsType[*problem](err); ok && len(p.fields) > 0 {
		p.fields = append(p.fields, ToAPIFieldProblems(offences)...)
	}
	return err
}

// checkParameters returns what is wrong with the path, the query and the
// headers.
func (op *operation) checkParameters(c *gin.Context) []account.FieldError {
	query := c.Request.URL.Query()
	offences := op.checkQueryNames(query)
	input := &openapi3filter.RequestValidationInput{
		Request:     c.Request,
		PathParams:  make(map[string]string, len(c.Params)),
		QueryParams: query,
		Route:       op.route,
		Options:     &openapi3filter.Options{MultiError: true, SkipSettingDefaults: true},
	}
	for _, p := range c.Params {
		input.PathParams[p.Key] = p.Value
	}
	for _, p := range slices.Concat(op.route.PathItem.Parameters, op.route.Operation.Parameters) {
		if p.Value.In == openapi3.ParameterInHeader {
			joinLines(c.Request.Header, p.Value.Name)
		}
		if err := openapi3filter.ValidateParameter(c, input, p.Value); err != nil {
			offences = append(offences, parameterOffence(p.Value, err))
		}
	}
	return offences
}

// joinLines makes one line of a header that came in several, which mean the same
// (RFC 9110, section 5.3). The generated binder takes only one.
func joinLines(header http.Header, name string) {
	if lines := header.Values(name); len(lines) > 1 {
		header.Set(name, strings.Join(lines, ", "))
	}
}

// checkQueryNames finds what the validator lets pass: names that the operation
// does not know, which else would be silently ignored, and repeated ones.
func (op *operation) checkQueryNames(query url.Values) []account.FieldError {
	var offences []account.FieldError
	for name, values := range query {
		var message string
		switch {
		case !slices.Contains(op.query, name):
			message = account.Quote(name) + " is not a query parameter of this operation" + account.DidYouMean(name, op.query)
		case len(values) > 1:
			message = name + " must be sent once"
		default:
			continue
		}
		offences = append(offences, account.FieldError{In: account.InQuery, Path: []string{name}, Message: message})
	}
	slices.SortFunc(offences, func(a, b account.FieldError) int { return strings.Compare(a.Path[0], b.Path[0]) })
	return offences
}

func parameterOffence(p *openapi3.Parameter, err error) account.FieldError {
	message := p.Name + " must be " + expected(p.Schema.Value)
	var schemaError *openapi3.SchemaError
	if errors.As(err, &schemaError) {
		message = p.Name + " " + describe(schemaError)
	}
	return account.FieldError{In: account.Location(p.In), Path: []string{p.Name}, Message: message}
}

// bodyOptions are how a body is checked: to the end, with the formats that the
// validator does not check by itself, and as it was sent, without defaults.
var bodyOptions = []openapi3.SchemaValidationOption{
	openapi3.VisitAsRequest(),
	openapi3.MultiErrors(),
	openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
		"email": openapi3.NewCallbackValidator(func(s string) error {
			if _, ok := account.NormalizeEmail(s); !ok {
				return errors.New("not an e-mail address")
			}
			return nil
		}),
	}),
}

// checkBody returns what is wrong with a body under the operation's schema.
func (op *operation) checkBody(value any) []account.FieldError {
	err := op.body.VisitJSON(value, bodyOptions...)
	if err == nil {
		return nil
	}
	offences := schemaOffences(err)
	if len(offences) == 0 { // The validator refused it in a form not known here.
		offences = append(offences, account.FieldError{In: account.InBody, Message: "the body does not match the schema"})
	}
	return offences
}

func schemaOffences(err error) []account.FieldError {
	switch e := err.(type) {
	case openapi3.MultiError:
		var offences []account.FieldError
		for _, inner := range e {
			offences = append(offences, schemaOffences(inner)...)
		}
		return offences
	case *openapi3.SchemaError:
		if e.SchemaField == "properties" {
			return unknownMembers(e)
		}
		return []account.FieldError{bodyOffence(e.JSONPointer(), describe(e))}
	}
	return nil
}

// unknownMembers names the members that the schema does not have. The
// validator's error points at their object.
func unknownMembers(e *openapi3.SchemaError) []account.FieldError {
	object, _ := e.Value.(map[string]any)
	known := slices.Sorted(maps.Keys(e.Schema.Properties))
	var offences []account.FieldError
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, name) {
			path := append(e.JSONPointer(), name)
			offences = append(offences, bodyOffence(path, "is not a known member"+account.DidYouMean(name, known)))
		}
	}
	return offences
}

// furtherOffences lets the operation check the members that the spec does not
// object to. It never writes.
func (s *Server) furtherOffences(c *gin.Context, op *operation, value any, found []account.FieldError) []account.FieldError {
	check := s.checks[op.id]
	if check == nil {
		return nil
	}
	for _, offence := range found {
		if offence.In == account.InPath {
			return nil // There is no record to check against.
		}
	}
	e, ok := errors.AsType[*account.Error](check(c, prune(value, found)))
	if !ok {
		return nil
	}
	return e.Fields
}

// prune returns value without the members that offences point at.
func prune(value any, offences []account.FieldError) any {
	for _, offence := range offences {
		if offence.In == account.InBody {
			value = without(value, offence.Path)
		}
	}
	return value
}

// without returns value less the member at the path. An item of a list takes
// the list with it, since the other items' indexes must stay true.
func without(value any, path []string) any {
	object, ok := value.(map[string]any)
	if !ok || len(path) == 0 {
		return value
	}
	inner, isObject := object[path[0]].(map[string]any)
	pruned := make(map[string]any, len(object))
	for name, member := range object {
		if name != path[0] {
			pruned[name] = member
		}
	}
	if isObject && len(path) > 1 {
		pruned[path[0]] = without(inner, path[1:])
	}
	return pruned
}

// distinct keeps the first offence at each place, in order.
func distinct(offences []account.FieldError) []account.FieldError {
	seen := make(map[string]bool, len(offences))
	var kept []account.FieldError
	for _, offence := range offences {
		key := string(offence.In) + offence.Pointer()
		if !seen[key] {
			seen[key] = true
			kept = append(kept, offence)
		}
	}
	return kept
}
