package server

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/account"
)

// validate refuses a request that the spec does not allow, and leaves the
// decoded body for the handler. Where a handler can check a request without
// writing, what the spec does not object to is checked by it as well, so that
// one answer names every offence.
func (s *Server) validate(c *gin.Context) {
	op := s.operations.of(c)
	if op == nil {
		s.fail(c, fmt.Errorf("no operation for %s %s", c.Request.Method, c.FullPath()))
		return
	}
	offences := op.checkParameters(c)
	var value any
	if op.body != nil {
		sent, nuls, err := readBody(c.Request, op)
		if err != nil {
			s.fail(c, withOffences(err, offences))
			return
		}
		c.Request.Body = sent
		offences = append(offences, nuls...)
		if !sent.absent {
			offences = append(offences, op.checkBody(sent.value)...)
		}
		value = sent.value
	}
	if len(offences) > 0 {
		offences = append(offences, s.furtherOffences(c, op, value, offences)...)
	}
	if err := account.Invalid(distinct(offences)); err != nil {
		s.fail(c, err)
	}
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
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	offences := append(op.checkQueryNames(query), cursorOffences(query)...)
	if err != nil { // What is malformed would be silently ignored.
		offences = append(offences, account.FieldError{
			In: account.InQuery, Path: []string{"query"}, Message: "the query must be percent-encoded, with & between the parameters",
		})
	}
	input := &openapi3filter.RequestValidationInput{
		Request:     c.Request,
		PathParams:  make(map[string]string, len(c.Params)),
		QueryParams: query,
		Route:       op.route,
		Options:     parameterOptions,
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
// does not know, which else would be silently ignored, repeated ones, and texts
// that PostgreSQL could not hold.
func (op *operation) checkQueryNames(query url.Values) []account.FieldError {
	var offences []account.FieldError
	for name, values := range query {
		var message string
		switch {
		case !slices.Contains(op.query, name):
			message = account.Quote(name) + " is not a query parameter of this operation" + account.DidYouMean(name, op.query)
		case len(values) > 1:
			message = name + " must be sent once"
		case strings.ContainsRune(values[0], 0):
			message = name + " must not contain a NUL character"
		case !utf8.ValidString(values[0]):
			message = name + " must be valid UTF-8"
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
	switch {
	case errors.Is(err, openapi3filter.ErrInvalidRequired):
		message = p.Name + " is required"
	case errors.Is(err, openapi3filter.ErrInvalidEmptyValue):
		message = p.Name + " must not be empty"
	case errors.As(err, &schemaError):
		message = p.Name + " " + describe(schemaError)
	}
	return account.FieldError{In: account.Location(p.In), Path: []string{p.Name}, Message: message}
}

// formats are those that the validator does not check by itself, or not enough:
// it takes the 30th of February.
var formats = openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
	"email": openapi3.NewCallbackValidator(func(s string) error {
		if _, ok := account.NormalizeEmail(s); !ok {
			return errors.New("not an e-mail address")
		}
		return nil
	}),
	"date-time": openapi3.NewCallbackValidator(func(s string) error {
		_, err := time.Parse(time.RFC3339Nano, s)
		return err
	}),
})

var parameterOptions = &openapi3filter.Options{
	MultiError:              true,
	SkipSettingDefaults:     true,
	SchemaValidationOptions: []openapi3.SchemaValidationOption{formats},
}

// bodyOptions are how a body is checked: to the end, and as it was sent, without
// defaults.
var bodyOptions = []openapi3.SchemaValidationOption{openapi3.VisitAsRequest(), openapi3.MultiErrors(), formats}

// checkBody returns what is wrong with a body under the operation's schema.
func (op *operation) checkBody(value any) []account.FieldError {
	err := op.body.VisitJSON(value, bodyOptions...)
	if err == nil {
		return nil
	}
	c := &bodyOffences{seen: make(map[string]bool)}
	c.add(err)
	if len(c.offences) == 0 { // The validator refused it in a form not known here.
		c.offences = append(c.offences, account.FieldError{In: account.InBody, Message: "the body does not match the schema"})
	}
	return c.offences
}

// bodyOffences collects what the validator says of a body.
type bodyOffences struct {
	offences []account.FieldError
	seen     map[string]bool // the objects whose unknown members are noted
}

func (c *bodyOffences) add(err error) {
	switch e := err.(type) {
	case openapi3.MultiError:
		for _, inner := range e {
			c.add(inner)
		}
	case *openapi3.SchemaError:
		if e.SchemaField == "properties" {
			c.addUnknownMembers(e)
			return
		}
		c.offences = append(c.offences, bodyOffence(e.JSONPointer(), describe(e)))
	}
}

// addUnknownMembers names the members that the schema does not have. The
// validator has an error for each, which points at their object.
func (c *bodyOffences) addUnknownMembers(e *openapi3.SchemaError) {
	at := strings.Join(e.JSONPointer(), "/")
	if c.seen[at] {
		return
	}
	c.seen[at] = true
	object, _ := e.Value.(map[string]any)
	known := slices.Sorted(maps.Keys(e.Schema.Properties))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if !slices.Contains(known, name) {
			path := append(e.JSONPointer(), name)
			c.offences = append(c.offences, bodyOffence(path, "is not a known member"+account.DidYouMean(name, known)))
		}
	}
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
