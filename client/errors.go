package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/accountsd/accountsd/gen/api"
)

// Errors to test for with errors.Is. The details are in the [Error].
var (
	// ErrInvalid is a request that cannot be right: refused by the server (400,
	// 413, 415), or by this package before it was sent.
	ErrInvalid = errors.New("invalid request")
	// ErrUnauthorized is a key that is missing, unknown, expired or revoked (401).
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden is a key that may not do this (403).
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound is a record that does not exist, or not for this key (404).
	ErrNotFound = errors.New("not found")
	// ErrConflict is a request at odds with other records (409).
	ErrConflict = errors.New("conflict")
	// ErrGone is a position in the feed of changes from which it does not go on (410):
	// beyond the last change, as after the server was restored from a backup, or before
	// what is kept. Read the accounts anew, and go on after the Error's Last.
	ErrGone = errors.New("gone")
	// ErrPrecondition is a record that has changed since IfMatch's tag (412). The
	// Conflicts of the [Error] are what others have changed.
	ErrPrecondition = errors.New("precondition failed")
	// ErrRateLimited is a key that has sent too many requests (429).
	ErrRateLimited = errors.New("rate limited")
	// ErrUnavailable is a server that could not be reached, or could not answer
	// now (408, 502, 503, 504). A call whose own time is over is context.DeadlineExceeded
	// instead.
	ErrUnavailable = errors.New("unavailable")
	// ErrNotModified is a record that still has IfNoneMatch's tag (304).
	ErrNotModified = errors.New("not modified")
	// ErrUnexpected is an answer that the API does not declare: another status,
	// another media type, a body that is cut off, too large or not JSON.
	ErrUnexpected = errors.New("unexpected answer")
)

// kinds are those of the statuses that have one.
var kinds = map[int]error{
	http.StatusNotModified:           ErrNotModified,
	http.StatusBadRequest:            ErrInvalid,
	http.StatusRequestEntityTooLarge: ErrInvalid,
	http.StatusUnsupportedMediaType:  ErrInvalid,
	http.StatusUnauthorized:          ErrUnauthorized,
	http.StatusForbidden:             ErrForbidden,
	http.StatusNotFound:              ErrNotFound,
	http.StatusConflict:              ErrConflict,
	http.StatusGone:                  ErrGone,
	http.StatusPreconditionFailed:    ErrPrecondition,
	http.StatusTooManyRequests:       ErrRateLimited,
	http.StatusRequestTimeout:        ErrUnavailable,
	http.StatusBadGateway:            ErrUnavailable,
	http.StatusServiceUnavailable:    ErrUnavailable,
	http.StatusGatewayTimeout:        ErrUnavailable,
}

// FieldError is one offence of a request.
type FieldError = api.FieldProblem

// Conflict is a member that a request and somebody else have changed. Where there is
// Merged, a request with [Merge] makes both changes; without it they clash. Values are
// those of [Values]; nil is none.
type Conflict = api.MemberConflict

// Error is what every call of this package returns when it fails. Get at it
// with errors.As, or test for one of the kinds above with errors.Is.
type Error struct {
	Method, Path string          // of the request; empty if it was not sent
	Status       int             // of the answer; 0 if there was none
	Code         api.ProblemCode // of the problem; empty if the answer told none
	Message      string          // what is wrong, and what would be right
	Fields       []FieldError    // every offence of the request
	Conflicts    []Conflict      // of ErrPrecondition: what others have changed of what it changes
	First, Last  string          // of an ErrGone: the changes that there are; empty: none
	RequestID    string          // to ask the server's operator about
	MergedInto   int64           // the account to use instead of the one that was merged into it; 0: none was
	RetryAfter   time.Duration   // how long the server asked to wait; 0: it did not
	Body         []byte          // of the answer, as it came, at most 1 MiB
	Err          error           // the cause, if it was not the server's answer
}

// Error says what failed, with all offences.
func (e *Error) Error() string {
	var text strings.Builder
	text.WriteString("accounts: ")
	if e.Method != "" {
		fmt.Fprintf(&text, "%s %s: ", e.Method, e.Path)
	}
	if e.Status != 0 {
		fmt.Fprintf(&text, "%d ", e.Status)
	}
	if e.Code != "" {
		fmt.Fprintf(&text, "%s: ", e.Code)
	}
	text.WriteString(e.details())
	if e.RequestID != "" {
		fmt.Fprintf(&text, " (request %s)", e.RequestID)
	}
	return text.String()
}

func (e *Error) details() string {
	if len(e.Fields) < 2 {
		return e.Message
	}
	messages := make([]string, len(e.Fields))
	for i, field := range e.Fields {
		messages[i] = field.Message
	}
	return strings.Join(messages, "; ")
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is tells whether the error is of the kind of target.
func (e *Error) Is(target error) bool { return target != nil && target == e.kind() }

func (e *Error) kind() error {
	if errors.Is(e.Err, ErrUnexpected) {
		return nil // whatever its status was
	}
	if e.Status == 0 {
		return e.unsentKind()
	}
	return kinds[e.Status]
}

// unsentKind is the kind of an error without an answer.
func (e *Error) unsentKind() error {
	switch {
	case e.Code != "":
		return ErrInvalid
	case e.Err == nil, errors.Is(e.Err, context.Canceled), errors.Is(e.Err, context.DeadlineExceeded):
		return nil // the caller's wish, not the server's state
	}
	return ErrUnavailable
}

// invalid returns the error of an argument that cannot be right.
func invalid(format string, args ...any) *Error {
	return &Error{Code: api.ProblemCodeValidationError, Message: fmt.Sprintf(format, args...)}
}

// failure returns the error of a request that got no answer. Where only the time of an
// attempt ran out, as that to connect, the server could not be reached.
func failure(ctx context.Context, req *http.Request, err error) *Error {
	e := &Error{Method: req.Method, Path: req.URL.Path, Message: err.Error(), Err: withEnd(ctx, err)}
	if errors.Is(err, context.DeadlineExceeded) && !ended(ctx) {
		e.Err = fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	return e
}

// withEnd adds to an error that a context has ended, if it tells only for what cause.
func withEnd(ctx context.Context, err error) error {
	if over := ctx.Err(); over != nil && !errors.Is(err, over) {
		return fmt.Errorf("%w: %w", over, err)
	}
	return err
}

// unexpected returns the error of an answer that the API does not declare.
func unexpected(resp *http.Response, body []byte, format string, args ...any) *Error {
	e := answered(resp, body)
	e.Err = fmt.Errorf("%w: "+format, append([]any{ErrUnexpected}, args...)...)
	e.Message = e.Err.Error()
	return e
}

func answered(resp *http.Response, body []byte) *Error {
	return &Error{
		Method:     resp.Request.Method,
		Path:       resp.Request.URL.Path,
		Status:     resp.StatusCode,
		RequestID:  resp.Header.Get("X-Request-Id"),
		RetryAfter: retryAfter(resp.Header, time.Now()),
		Body:       body,
	}
}

// ErrorOf returns the error that an answer to a request by [Client.API] tells of, with its
// body.
func ErrorOf(resp *http.Response, body []byte) *Error { return problemError(resp, body) }

// problemError returns the error that an answer tells of.
func problemError(resp *http.Response, body []byte) *Error {
	if resp.StatusCode == http.StatusNotModified {
		e := answered(resp, body)
		e.Message = "the record still has the tag"
		return e
	}
	var problem api.Problem
	if mediaType(resp.Header) != problemType || json.Unmarshal(body, &problem) != nil || problem.Code == "" {
		return strange(resp, body)
	}
	e := answered(resp, body)
	e.Code, e.Message, e.Fields, e.Conflicts = problem.Code, problem.Detail, problem.Errors, problem.Conflicts
	e.First, e.Last = orZero(problem.First), orZero(problem.Last)
	e.RequestID = cmp.Or(e.RequestID, problem.RequestID)
	e.MergedInto = orZero(problem.MergedInto)
	return e
}

// strange returns the error of an answer that is neither what was asked for nor
// a problem. A gateway is trusted to say that it is busy, but not that a record
// does not exist.
func strange(resp *http.Response, body []byte) *Error {
	if to := resp.Header.Get("Location"); resp.StatusCode/100 == 3 {
		return unexpected(resp, body, "%s to %q, which is not followed", resp.Status, to)
	}
	e := answered(resp, body)
	if kind := e.kind(); kind == ErrUnavailable || kind == ErrRateLimited {
		e.Message = "the answer gives no details"
		return e
	}
	return unexpected(resp, body, "%s without a problem document; is the base URL right?", resp.Status)
}

// problemType is the media type of RFC 9457.
const problemType = "application/problem+json"

func mediaType(header http.Header) string {
	name, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return name
}
