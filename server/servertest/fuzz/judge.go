package fuzz

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

// judge holds answers against openapi.yaml.
type judge struct {
	server     *sampleServer
	out        io.Writer
	operations []*operation
	router     routers.Router
	problem    *openapi3.Schema

	began     time.Time
	sent      int
	statuses  map[int]int
	succeeded map[string]int // by operation
	kinds     map[string]int // of faults
}

func newJudge(s *sampleServer, out io.Writer) (*judge, error) {
	operations, doc, router, err := loadSpec()
	if err != nil {
		return nil, err
	}
	return &judge{
		server: s, out: out, operations: operations, router: router, problem: doc.Components.Schemas["Problem"].Value,
		began: time.Now(), statuses: map[int]int{}, succeeded: map[string]int{}, kinds: map[string]int{},
	}, nil
}

// judge judges the answer to one request, and tells whether it was all right.
func (j *judge) judge(r *request, a *answer, err error) bool {
	j.sent++
	if err != nil {
		j.found(r.operation.id, err.Error(), r.curl(j.server.address), nil)
		return false
	}
	j.statuses[a.status]++
	faults := j.faults(r, a)
	if a.status < 300 && r.wrong != "" && r.strict() && r.method == r.operation.method && !strings.Contains(r.target, "atomic=false") { // There each item fails alone.
		faults = append(faults, fmt.Sprintf("%d although %s", a.status, r.wrong))
	}
	if a.status < 300 && r.method == r.operation.method {
		j.succeeded[r.operation.id]++
	}
	for _, fault := range faults {
		j.found(r.operation.id, fault, r.curl(j.server.address), a)
	}
	return len(faults) == 0
}

// strict tells whether the request is read as openapi.yaml says and not as older
// clients mean it.
func (r *request) strict() bool {
	return !strings.HasPrefix(r.operation.path, "/clients") && !slices.ContainsFunc(r.header, func(h [2]string) bool { return h[0] == "Prefer" })
}

// judgeRaw judges what comes back for broken bytes.
func (j *judge) judgeRaw(raw *broken, h heard) {
	j.sent++
	again := "printf " + shell(strings.ReplaceAll(string(bytes.Join(raw.pieces, nil)), "%", "%%")) + " | nc -q 2 " + strings.Replace(j.server.address, ":", " ", 1)
	if h.err != nil || len(h.answers) < raw.answers {
		j.found(raw.kind, fmt.Sprintf("%d answers, want %d: %v", len(h.answers), raw.answers, h.err), again, nil)
	}
	for i, a := range h.answers {
		j.statuses[a.status]++
		var faults []string
		if i < len(raw.requests) && a.header.Get("Date") != "" {
			faults = j.faults(raw.requests[i], a)
		} else {
			faults = j.loose(a)
		}
		for _, fault := range faults {
			j.found(raw.kind, fault, again, a)
		}
	}
}

// loose judges an answer to what may be no request. What the server refuses on
// behalf of HTTP itself has statuses of HTTP.
func (j *judge) loose(a *answer) []string {
	switch {
	case a.status == http.StatusNotImplemented || a.status == http.StatusHTTPVersionNotSupported:
	case a.status >= 500:
		return []string{j.explain(a)}
	case a.status < 400:
		return nil
	}
	return j.problemFaults(a)
}

// faults are what is wrong with an answer to a request.
func (j *judge) faults(r *request, a *answer) []string {
	if a.status >= 500 {
		return []string{j.explain(a)}
	}
	var faults []string
	if a.header.Get("X-Request-Id") == "" || a.header.Get("X-Content-Type-Options") != "nosniff" {
		faults = append(faults, "no X-Request-Id or X-Content-Type-Options")
	}
	if r.method == http.MethodHead {
		if len(a.body) > 0 {
			faults = append(faults, "HEAD with a body")
		}
		return faults
	}
	route, params, sent := j.route(r, a)
	switch {
	case route == nil && r.method == http.MethodOptions && a.status == http.StatusNoContent:
		if a.header.Get("Allow") == "" {
			faults = append(faults, "OPTIONS without Allow")
		}
		return faults
	case route == nil, a.header.Get("Date") == "": // net/http has refused it
		return append(faults, j.problemFaults(a)...)
	}
	return append(faults, j.declared(route, params, sent, a)...)
}

// route is the operation that the request was for, as the path has it.
func (j *judge) route(r *request, a *answer) (*routers.Route, map[string]string, *http.Request) {
	target, err := url.ParseRequestURI(r.target)
	if err != nil || strings.HasSuffix(target.Path, "/") || strings.Contains(strings.ToLower(target.EscapedPath()), "%2f") {
		return nil, nil, nil
	}
	method := r.method
	if strings.HasPrefix(a.header.Get("X-Lenient"), "PUT read as PATCH") && !strings.HasPrefix(target.Path, "/v1/clients") {
		method = http.MethodPatch
	}
	sent := &http.Request{Method: method, URL: target, Header: http.Header{}}
	route, params, err := j.router.FindRoute(&http.Request{Method: method, URL: &url.URL{Path: target.Path}})
	if err != nil || slices.Contains(slices.Collect(maps.Values(params)), "") { // It takes /accounts/ for an account without an id.
		return nil, nil, nil
	}
	if path, _ := strings.CutPrefix(target.Path, "/v1"); route.Path != path && j.names(path) { // And /accounts/batch for an account.
		return nil, nil, nil
	}
	return route, params, sent
}

// names tells whether a path has a name of its own, and is not that of a record.
func (j *judge) names(path string) bool {
	return slices.ContainsFunc(j.operations, func(op *operation) bool { return op.path == path })
}

// declared tells what of an answer the operation does not declare.
func (j *judge) declared(route *routers.Route, params map[string]string, sent *http.Request, a *answer) []string {
	response := route.Operation.Responses.Status(a.status)
	if response == nil {
		return []string{fmt.Sprintf("status %d is not declared", a.status)}
	}
	var faults []string
	for name := range a.header {
		if !common[name] && !strings.HasPrefix(name, "Access-Control-") && !hasHeader(response.Value, name) {
			faults = append(faults, fmt.Sprintf("%d has the header %s, which is not declared", a.status, name))
		}
	}
	if len(response.Value.Content) == 0 && len(a.body) > 0 {
		faults = append(faults, fmt.Sprintf("%d has a body", a.status))
	}
	input := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: sent, PathParams: params, Route: route},
		Status:                 a.status,
		Header:                 a.header,
		Options:                &openapi3filter.Options{IncludeResponseStatus: true, SchemaValidationOptions: []openapi3.SchemaValidationOption{formats}},
	}
	input.SetBodyBytes(a.body)
	if a.status != http.StatusNotModified {
		if err := openapi3filter.ValidateResponse(context.Background(), input); err != nil {
			faults = append(faults, fmt.Sprintf("%d: %v", a.status, err))
		}
	}
	if !utf8.Valid(a.body) {
		faults = append(faults, "the body is no UTF-8")
	}
	return faults
}

// common are headers that HTTP itself gives an answer.
var common = map[string]bool{"Date": true, "Content-Length": true, "Content-Type": true, "Content-Encoding": true, "Connection": true, "Transfer-Encoding": true, "Strict-Transport-Security": true}

func hasHeader(response *openapi3.Response, name string) bool {
	for declared := range response.Headers {
		if http.CanonicalHeaderKey(declared) == name {
			return true
		}
	}
	return false
}

// formats are those of openapi.yaml that kin-openapi does not check.
var formats = openapi3.WithStringFormatValidators(map[string]openapi3.StringFormatValidator{
	"date-time": openapi3.NewCallbackValidator(func(text string) error {
		if _, err := time.Parse("2006-01-02T15:04:05.000Z", text); err != nil {
			return fmt.Errorf("not a time in UTC with milliseconds: %w", err)
		}
		return nil
	}),
	"email": openapi3.NewRegexpFormatValidator(`^("(\\.|[^"\\])*"|[^@\s]+)@[^@\s]+$`), // "a b"@example.com is one
})

// problemFaults tells what is wrong with an answer that must be a problem.
func (j *judge) problemFaults(a *answer) []string {
	if a.status < 400 {
		return []string{fmt.Sprintf("%d at a path or method that is not declared", a.status)}
	}
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		return []string{fmt.Sprintf("%d of the type %q", a.status, got)}
	}
	var value any
	if err := json.Unmarshal(a.body, &value); err != nil {
		return []string{fmt.Sprintf("%d that is no JSON: %v", a.status, err)}
	}
	if err := j.problem.VisitJSON(value, formats); err != nil {
		return []string{fmt.Sprintf("%d that is no problem: %v", a.status, err)}
	}
	return nil
}

// explain is a fault of the server, with what its log says.
func (j *judge) explain(a *answer) string {
	id := a.header.Get("X-Request-Id")
	for range 20 { // The line may come after the answer.
		if text := j.server.fault(id); text != "" {
			return fmt.Sprintf("%d: %s", a.status, text)
		}
		time.Sleep(5 * time.Millisecond)
	}
	return fmt.Sprintf("%d, and the log has no reason", a.status)
}

var changing = regexp.MustCompile(`[0-9]+|acc_[\w-]+`)

// found prints a fault, if it is the first of its kind.
func (j *judge) found(where, fault, again string, a *answer) {
	line, _, _ := strings.Cut(fault, "\n")
	kind := where + ": " + changing.ReplaceAllString(line, "N")
	if j.kinds[kind]++; j.kinds[kind] > 1 {
		return
	}
	fmt.Fprintf(j.out, "\n%s: %.1500s\n  %.4000s\n", where, fault, again)
	if a != nil {
		fmt.Fprintf(j.out, "  %d %.600s\n", a.status, a.body)
	}
}

// report prints what was sent, and returns an error if anything was found.
func (j *judge) report() error {
	fmt.Fprintf(j.out, "%d requests in %v; answers: %v\n", j.sent, time.Since(j.began).Round(time.Second), j.statuses)
	var never []string
	for _, op := range j.operations {
		if j.succeeded[op.id] == 0 {
			never = append(never, op.id)
		}
	}
	fmt.Fprintf(j.out, "%d of %d operations succeeded at least once; never: %v\n", len(j.operations)-len(never), len(j.operations), never)
	if len(j.kinds) == 0 {
		return nil
	}
	for _, kind := range slices.Sorted(maps.Keys(j.kinds)) {
		fmt.Fprintf(j.out, "%6d times %.200s\n", j.kinds[kind], kind)
	}
	return fmt.Errorf("%d kinds of faults", len(j.kinds))
}
