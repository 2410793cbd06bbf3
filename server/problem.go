package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
)

// retryAfter is the number of seconds after which a refused caller may try
// again: queues here are drained within milliseconds.
const retryAfter = "1"

// problem is what a failed request is answered with.
type problem struct {
	status int
	code   api.ProblemCode
	detail string
	fields []api.FieldProblem

	conflicts  []api.MemberConflict
	retryAfter string // seconds after which to try again
	successor  string // the URL to use instead
	position   *account.PositionError
	mergedInto int64 // the account to use instead
}

// Error makes a problem an error, so that it can travel as one.
func (p *problem) Error() string { return p.detail }

// kinds says what each kind of domain error is answered with.
var kinds = map[fault.Kind]struct {
	status int
	code   api.ProblemCode
}{
	fault.KindInvalid:      {http.StatusBadRequest, api.ProblemCodeValidationError},
	fault.KindUnauthorized: {http.StatusUnauthorized, api.ProblemCodeUnauthorized},
	fault.KindForbidden:    {http.StatusForbidden, api.ProblemCodeForbidden},
	fault.KindNotFound:     {http.StatusNotFound, api.ProblemCodeNotFound},
	fault.KindConflict:     {http.StatusConflict, api.ProblemCodeConflict},
	fault.KindPrecondition: {http.StatusPreconditionFailed, api.ProblemCodePreconditionFailed},
	fault.KindUnavailable:  {http.StatusServiceUnavailable, api.ProblemCodeUnavailable},
	fault.KindLimited:      {http.StatusTooManyRequests, api.ProblemCodeRateLimitExceeded},
}

// problemOf says what err is answered with. It is the only place that picks a
// status. An error that it does not know is internal, and its text stays here.
func problemOf(err error) *problem {
	// First, since it arrives wrapped in whatever was reading the body.
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &problem{
			status: http.StatusRequestEntityTooLarge,
			code:   api.ProblemCodePayloadTooLarge,
			detail: fmt.Sprintf("the body must be at most %s", plural.Of(tooLarge.Limit, "byte", "bytes")),
		}
	}
	if p, ok := errors.AsType[*problem](err); ok {
		return p
	}
	if position, ok := errors.AsType[*account.PositionError](err); ok {
		return &problem{status: http.StatusGone, code: api.ProblemCodeGone, detail: position.Error(), position: position}
	}
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind != fault.KindInternal {
		p := &problem{
			status: kinds[e.Kind].status,
			code:   kinds[e.Kind].code,
			detail: e.Message,
			fields: ToAPIFieldProblems(e.Fields),

			conflicts:  ToAPIConflicts(e.Conflicts),
			mergedInto: e.MergedInto,
		}
		if e.RetryAfter > 0 {
			p.retryAfter = seconds(e.RetryAfter)
		}
		return p
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &problem{
			status: http.StatusServiceUnavailable,
			code:   api.ProblemCodeUnavailable,
			detail: "the server could not answer in time; nothing was written, try again",
		}
	}
	return &problem{
		status: http.StatusInternalServerError,
		code:   api.ProblemCodeInternalServerError,
		detail: "internal error",
	}
}

// fail ends the request with the problem that err is. The log keeps the cause
// of a server's fault under the request's id; the caller never sees it.
func (s *Server) fail(c *gin.Context, err error) {
	p := problemOf(err)
	if p.status >= http.StatusInternalServerError {
		s.log.ErrorContext(c.Request.Context(), "request failed", "error", err, "requestId", requestID(c))
	}
	c.Abort()
	if c.Writer.Written() {
		return // The answer has begun; all that is left is to end it.
	}
	header := c.Writer.Header()
	for _, name := range []string{"ETag", "Location", "Preview"} {
		header.Del(name)
	}
	header.Set("Content-Type", "application/problem+json")
	if p.status == http.StatusUnsupportedMediaType && c.Request.Method == http.MethodPatch {
		header.Set("Accept-Patch", patchTypes)
	}
	switch p.status {
	case http.StatusUnauthorized:
		header.Set("WWW-Authenticate", keyChallenge)
		if s.asksPassword(c) {
			header.Set("WWW-Authenticate", passwordChallenge)
		} else {
			header.Add("WWW-Authenticate", bearerChallenge)
		}
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", retryAfter)
	case http.StatusRequestTimeout:
		header.Set("Connection", "close") // The rest of the body may still come.
	}
	if p.retryAfter != "" {
		header.Set("Retry-After", p.retryAfter)
	}
	c.Writer.WriteHeader(p.status)
	body := p.toAPI(c)
	if p.status == http.StatusUnauthorized && s.asksPassword(c) {
		body.Error = &body.Detail // which existing clients of this operation read
	}
	// An error here means that the caller has gone.
	_ = json.NewEncoder(c.Writer).Encode(body)
}

// asksPassword tells whether the request's operation takes a password.
func (s *Server) asksPassword(c *gin.Context) bool {
	op := s.operations.of(c)
	return op != nil && op.security == byPassword
}

// How many characters the texts of a problem have at the most. Names that a caller
// made up can be longer, and places in a body that is nested deep.
const (
	maxField   = 1000
	maxPointer = 2000
	maxMessage = 10_000
)

// shorten cuts a text that is too long.
func shorten(text string, most int) string {
	if len(text) <= most || utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// shortened are the offences with texts that are not too long.
func shortened(fields []api.FieldProblem) []api.FieldProblem {
	for i := range fields {
		f := &fields[i]
		f.Field, f.Message = shorten(f.Field, maxField), shorten(f.Message, maxMessage)
		if f.Pointer != nil {
			f.Pointer = new(shorten(*f.Pointer, maxPointer))
		}
	}
	return fields
}

func (p *problem) toAPI(c *gin.Context) api.Problem {
	detail := shorten(p.detail, maxMessage)
	body := api.Problem{
		Type:      "about:blank",
		Title:     http.StatusText(p.status),
		Status:    p.status,
		Detail:    detail,
		Message:   detail,
		Code:      p.code,
		Instance:  publicURL(c.Request).EscapedPath(),
		RequestID: requestID(c),
		Errors:    shortened(p.fields),
		Conflicts: p.conflicts,
	}
	if len(p.fields) > 0 {
		body.Field = &p.fields[0].Field
	}
	if p.successor != "" {
		body.Successor = &p.successor
	}
	if p.position != nil {
		body.First, body.Last = sequenceOrAbsent(p.position.First), orAbsent(formatSequence(p.position.Last))
	}
	body.MergedInto = orAbsent(p.mergedInto)
	return body
}
