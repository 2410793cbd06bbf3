package server

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/normal"
)

// validate refuses a request that the spec or the domain does not allow, in one
// answer that names every offence. What it makes of the body is left for the
// handler, and takes room until the request is answered.
func (s *Server) validate(c *gin.Context) {
	op := s.operations.of(c)
	if op == nil {
		s.fail(c, fmt.Errorf("no operation for %s %s", c.Request.Method, c.FullPath()))
		return
	}
	end := s.trace(c.Request.Context(), "validation")
	offences, release, err := s.check(c, op)
	if release != nil {
		defer release()
	}
	if err == nil {
		err = fault.Invalid(offences)
	}
	end(err)
	if err != nil {
		s.fail(c, err)
	}
	c.Next()
}

// check returns what is wrong with a request, and what gives the room of its body
// back if it has any. An error is of a body that cannot be read.
func (s *Server) check(c *gin.Context, op *operation) (offences fault.Offences, release func(), err error) {
	s.readQuery(c, op)
	offences = append(op.readReason(c), op.checkParameters(c)...)
	if op.body == nil {
		readMerge(c, op, nil)
		return s.checkQuery(c, op, offences), nil, nil
	}
	data, release, err := s.receive(c, op)
	if err != nil {
		return nil, nil, withOffences(err, offences)
	}
	sent, nuls, err := decodeBody(c.Request, op, data)
	if err != nil {
		return nil, release, withOffences(err, offences)
	}
	c.Request.Body = sent
	offences.Append(nuls...)
	readMerge(c, op, sent.value)
	if !sent.absent {
		s.readBodyLeniently(c, op, sent.value)
		offences.Append(op.checkBody(&sent)...)
	}
	return s.bodies[op.id].read(c, sent.value, offences), release, nil
}

// checkQuery adds what the spec cannot say of a query. Only an answer that has
// offences needs it: else the handler finds the same.
func (s *Server) checkQuery(c *gin.Context, op *operation, offences fault.Offences) fault.Offences {
	check := s.queries[op.id]
	if len(offences) == 0 || check == nil {
		return offences.Distinct()
	}
	if e, ok := errors.AsType[*fault.Error](check(withoutOffenders(c, offences))); ok {
		offences = append(offences, e.Fields...)
	}
	return offences.Distinct()
}

// withoutOffenders returns the request without the parameters that offences are
// about.
func withoutOffenders(c *gin.Context, offences fault.Offences) *gin.Context {
	query := c.Request.URL.Query()
	for _, offence := range offences {
		if offence.In == fault.InQuery {
			query.Del(offence.Path[0])
		}
	}
	url, request := *c.Request.URL, *c.Request
	url.RawQuery = query.Encode()
	request.URL = &url
	pruned := c.Copy()
	pruned.Request = &request
	return pruned
}

// withOffences adds the offences found before a body proved to be unreadable.
func withOffences(err error, offences fault.Offences) error {
	if p, ok := errors.AsType[*problem](err); ok && len(p.fields) > 0 {
		p.fields = append(p.fields, ToAPIFieldProblems(offences)...)
	}
	return err
}

// checkParameters returns what is wrong with the path, the query and the
// headers.
func (op *operation) checkParameters(c *gin.Context) fault.Offences {
	query, err := parseQuery(c.Request.URL)
	offences := append(op.checkQueryNames(query), cursorOffences(query)...)
	if err != nil { // What is malformed would be silently ignored.
		offences = append(offences, fault.Offence{
			In: fault.InQuery, Path: []string{"query"}, Message: "the query must be percent-encoded, with & between the parameters",
		})
	}
	var input *openapi3filter.RequestValidationInput
	for _, p := range op.parameters {
		sent, found := sentParameter(c, query, p)
		if isSimplyRight(p, sent, found) {
			continue
		}
		if input == nil {
			input = parameterInput(c, query)
		}
		if err := openapi3filter.ValidateParameter(c, input, p); err != nil || !isOneReading(p, sent) {
			offences = append(offences, parameterOffence(p, sent, err))
		}
	}
	return offences
}

// parseQuery is url.ParseQuery, which would make something of nothing.
func parseQuery(u *url.URL) (url.Values, error) {
	if u.RawQuery == "" {
		return nil, nil
	}
	return url.ParseQuery(u.RawQuery)
}

// parameterInput is the request as the validator takes it.
func parameterInput(c *gin.Context, query url.Values) *openapi3filter.RequestValidationInput {
	input := &openapi3filter.RequestValidationInput{
		Request:     c.Request,
		PathParams:  make(map[string]string, len(c.Params)),
		QueryParams: query,
		Options:     parameterOptions,
	}
	for _, p := range c.Params {
		input.PathParams[p.Key] = p.Value
	}
	return input
}

// isSimplyRight tells of most parameters that they are right, without the
// validator: they are not sent, or are an integer or a boolean. Of the others it
// does not know.
func isSimplyRight(p *openapi3.Parameter, sent string, found bool) bool {
	if !found {
		return !p.Required
	}
	schema := p.Schema.Value
	if schema.Type == nil || schema.Enum != nil || schema.AllOf != nil || schema.AnyOf != nil || schema.OneOf != nil || schema.Not != nil {
		return false
	}
	if schema.Type.Is("boolean") {
		return sent == "true" || sent == "false"
	}
	if !schema.Type.Is("integer") || schema.Format != "" && schema.Format != "int64" || schema.MultipleOf != nil || schema.ExclusiveMin.IsSet() || schema.ExclusiveMax.IsSet() {
		return false
	}
	n, err := strconv.ParseInt(sent, 10, 64)
	return err == nil && len(sent) <= maxExact && jsonvalue.IsInteger(sent) &&
		(schema.Min == nil || float64(n) >= *schema.Min) && (schema.Max == nil || float64(n) <= *schema.Max)
}

// maxExact is how many digits an integer may have that a float64 holds exactly.
const maxExact = 15

// joinLines returns a header, if it was sent. It makes one line of one that came in
// several, which mean the same (RFC 9110, section 5.3). The generated binder takes
// only one.
func joinLines(header http.Header, name string) (line string, found bool) {
	lines := header.Values(name)
	switch len(lines) {
	case 0:
		return "", false
	case 1:
		return lines[0], true
	}
	line = strings.Join(lines, ", ")
	header.Set(name, line)
	return line, true
}

// checkQueryNames finds what the validator lets pass: names that the operation
// does not know, which else would be silently ignored, repeated ones, and texts
// that PostgreSQL could not hold.
func (op *operation) checkQueryNames(query url.Values) fault.Offences {
	if len(query) == 0 {
		return nil
	}
	var offences fault.Offences
	for _, name := range slices.Sorted(maps.Keys(query)) {
		values := query[name]
		var message string
		switch {
		case offences.IsFull(): // It is only counted.
		case !slices.Contains(op.query, name):
			message = fault.Quote(name) + " is not a query parameter of this operation" + fault.DidYouMean(name, op.query)
		case len(values) > 1:
			message = name + " must be sent once"
		case strings.ContainsRune(values[0], 0):
			message = name + " must not contain a NUL character"
		case !utf8.ValidString(values[0]):
			message = name + " must be valid UTF-8"
		default:
			continue
		}
		offences.Append(fault.Offence{In: fault.InQuery, Path: []string{name}, Message: message})
	}
	return offences
}

// sentParameter is a parameter as it was sent, if it was.
func sentParameter(c *gin.Context, query url.Values, p *openapi3.Parameter) (sent string, found bool) {
	switch p.In {
	case openapi3.ParameterInPath:
		return c.Params.Get(p.Name)
	case openapi3.ParameterInHeader:
		return joinLines(c.Request.Header, p.Name)
	}
	return query.Get(p.Name), query.Has(p.Name)
}

// isOneReading tells whether a parameter means the same to all who read it: the
// validator and the generated code would take True and 1 for true, and +1 and 01
// for 1.
func isOneReading(p *openapi3.Parameter, sent string) bool {
	switch kind := p.Schema.Value.Type; {
	case sent == "":
		return true
	case kind.Is("boolean"):
		return sent == "true" || sent == "false"
	case kind.Is("integer"):
		return jsonvalue.IsInteger(sent)
	}
	return true
}

func parameterOffence(p *openapi3.Parameter, sent string, err error) fault.Offence {
	got := fault.Quote(sent)
	if !p.Schema.Value.Type.Is("string") && json.Valid([]byte(sent)) && strings.TrimSpace(sent) == sent {
		got = fault.Cut(sent)
	}
	message := mustBe(p.Schema.Value, got)
	if value, err := strconv.ParseBool(sent); err == nil && p.Schema.Value.Type.Is("boolean") {
		message += fmt.Sprintf("; write %t", value)
	}
	schemaError, ofSchema := errors.AsType[*openapi3.SchemaError](err)
	switch {
	case errors.Is(err, openapi3filter.ErrInvalidRequired):
		message = fault.IsRequired
	case errors.Is(err, openapi3filter.ErrInvalidEmptyValue):
		message = "must not be empty"
	case ofSchema:
		message = describe(schemaError, got)
	}
	if p.In == openapi3.ParameterInQuery && p.Schema.Value.Format == "date-time" {
		message += fault.PlusLost(sent)
	}
	return fault.Offence{In: fault.Location(p.In), Path: []string{p.Name}, Message: p.Name + " " + message}
}

// formats are those that the validator does not check by itself, or not enough:
// it takes the 30th of February.
var formats = openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
	"email": openapi3.NewCallbackValidator(func(s string) error {
		if _, ok := normal.Email(s); !ok {
			return errors.New("not an e-mail address")
		}
		return nil
	}),
	"date-time": openapi3.NewCallbackValidator(func(s string) error {
		_, err := timestamp.Parse(s)
		return err
	}),
})

var parameterOptions = &openapi3filter.Options{
	MultiError:              true,
	SkipSettingDefaults:     true,
	SchemaValidationOptions: []openapi3.SchemaValidationOption{formats},
}
