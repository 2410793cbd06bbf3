package client

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/accountsd/accountsd/gen/api"
)

// maxRetryAfter is the longest wait that a server is granted. One that asks for
// more, as for a limit per day, is answered to the caller at once.
const maxRetryAfter = time.Minute

const idempotencyKeyHeader = "Idempotency-Key"

// policy says how often and when a request is sent again.
type policy struct {
	retries   int
	base, cap time.Duration // of the waits, which double
}

var defaultPolicy = policy{retries: 4, base: 100 * time.Millisecond, cap: 5 * time.Second}

// wait returns how long to wait after the given attempt, the first of which is
// 0. Half of it is random, so that callers that failed together come back apart.
func (p policy) wait(attempt int) time.Duration {
	wait := p.cap
	if attempt < 30 && p.base<<attempt < p.cap {
		wait = p.base << attempt
	}
	return wait/2 + time.Duration(rand.Float64()*float64(wait/2))
}

// outcome is what one attempt came to.
type outcome struct {
	resp *http.Response
	body []byte
	err  error
}

// unclear tells whether the server may have carried the request out although no
// answer says so.
func (o outcome) unclear() bool {
	if o.err != nil {
		return !neverSent(o.err)
	}
	switch o.resp.StatusCode {
	case http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusRequestTimeout:
		return true // a gateway's word says nothing of the server behind it
	case http.StatusServiceUnavailable:
		return !o.refused()
	}
	return false
}

// refused tells whether the server itself says that it did nothing.
func (o outcome) refused() bool { return o.code() == api.ProblemCodeUnavailable }

// code is that of the problem that the server answered; empty if it is none.
func (o outcome) code() api.ProblemCode {
	var problem api.Problem
	if mediaType(o.resp.Header) != problemType || json.Unmarshal(o.body, &problem) != nil {
		return ""
	}
	return problem.Code
}

// worthRetrying tells whether the request can go better next time, and may be
// sent again. doubt is whether an earlier attempt was unclear.
func (o outcome) worthRetrying(req *http.Request, doubt bool) bool {
	if !replayable(req) {
		return false
	}
	if o.err != nil {
		return !permanent(o.err) && (repeatable(req) || neverSent(o.err))
	}
	switch o.resp.StatusCode {
	case http.StatusTooManyRequests:
		return true // never carried out
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusGatewayTimeout, http.StatusServiceUnavailable:
		return repeatable(req) || !o.unclear()
	case http.StatusConflict:
		// The same request is under way, as servers of earlier versions do not say.
		return (doubt || o.code() == api.ProblemCodeIdempotencyInProgress) && req.Header.Get(idempotencyKeyHeader) != ""
	}
	return false
}

// replayable tells whether the request's body can be sent again.
func replayable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

// repeatable tells whether a request that is carried out twice is carried out
// once.
func repeatable(req *http.Request) bool {
	switch req.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete:
		return true
	}
	return req.Header.Get(idempotencyKeyHeader) != ""
}

// neverSent tells whether err came before a connection was there.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// permanent tells whether err would be the same next time. That time ran out is said of
// an attempt here: whether the call may go on, [ended] tells.
func permanent(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, errTooLarge) || errors.Is(err, errRedirect) || errors.Is(err, http.ErrSchemeMismatch) {
		return true
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsNotFound
	}
	return errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) ||
		errors.As(err, new(tls.RecordHeaderError))
}

// retryAfter reads the header Retry-After, which holds seconds or a date. A date is by the
// clock of who wrote it, so it is counted from the answer's own date, if it has one.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.ParseInt(value, 10, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		return max(0, time.Duration(min(seconds, math.MaxInt32))*time.Second)
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	if answered, err := http.ParseTime(header.Get("Date")); err == nil {
		now = answered
	}
	return max(0, at.Sub(now))
}

// ended tells whether the time of a call is over. What a context says of it can come a
// moment later than that a connection did not wait longer.
func ended(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() != nil || ok && !time.Now().Before(deadline)
}

// sleep waits, and tells whether the whole time has passed. It does not begin a
// wait that ctx would end.
func sleep(ctx context.Context, wait time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= wait {
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
