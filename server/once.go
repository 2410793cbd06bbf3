package server

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/write"
)

// The headers of a request that is carried out once, and of its answer.
const (
	idempotencyKeyHeader = "Idempotency-Key"
	replayedHeader       = "Idempotency-Replayed"
)

// carryOutOnce answers a request with an Idempotency-Key as the same one was
// answered before. What a handler answers is kept in the transaction of what it
// writes, so that there is never one without the other, and the store lets the same
// request wait while one is under way, on whichever server. A dry run writes nothing,
// and may be repeated.
func (s *Server) carryOutOnce(next apiserver.StrictHandlerFunc, _ string) apiserver.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		name := c.GetHeader(idempotencyKeyHeader)
		if op := s.operations.of(c); name == "" || !op.once || op.isDryRun(c) {
			return next(c, request)
		}
		actor := actorOf(c.Request.Context())
		id := write.AnswerID{CompanyID: actor.CompanyID, KeyID: actor.KeyID, Name: name}
		end, err := s.waitForSame(c.Request.Context(), id)
		if err != nil {
			return nil, err
		}
		defer end()
		claim := &write.Claim{ID: id, Fingerprint: fingerprint(c.Request), At: s.Clock.Now()}
		inner := c.Copy()
		inner.Request = inner.Request.WithContext(context.WithValue(inner.Request.Context(), claimKey{}, claim))
		response, err := next(inner, request)
		if replay, ok := errors.AsType[*write.Replay](err); ok {
			c.Header(replayedHeader, "true")
			return nil, writeAnswer(c.Writer, replay.Answer)
		}
		if err == nil && claim.Kept != nil {
			return nil, writeAnswer(c.Writer, *claim.Kept)
		}
		return response, err
	}
}

// waitForSame waits until the same request is answered that this server is about to
// carry out, so that those which come meanwhile take nothing of the store. What it
// returns must be called when this one is answered.
func (s *Server) waitForSame(ctx context.Context, id write.AnswerID) (end func(), err error) {
	answered := make(chan struct{})
	for {
		before, underWay := s.underWay.LoadOrStore(id, answered)
		if !underWay {
			return func() { s.underWay.Delete(id); close(answered) }, nil
		}
		select {
		case <-before.(chan struct{}):
		case <-ctx.Done():
			return nil, inProgress()
		}
	}
}

type claimKey struct{}

// modeOf is how a handler's request is carried out. answer makes the answer of
// the result, which visit writes: the method of the answer's generated type.
func modeOf[R, A any](ctx context.Context, dryRun bool, answer func(R) A, visit func(A, http.ResponseWriter) error) write.Mode[R] {
	claim, _ := ctx.Value(claimKey{}).(*write.Claim)
	return write.Mode[R]{DryRun: dryRun, Claim: claim, Answer: func(result R) (write.Answer, error) {
		w := &recorder{header: make(http.Header)}
		err := visit(answer(result), w)
		header := make(map[string]string, len(w.header))
		for name := range w.header {
			header[name] = w.header.Get(name)
		}
		return write.Answer{Status: w.status, Header: header, Body: w.body.Bytes()}, err
	}}
}

// answered is what a handler returns that has carried out a request.
func answered[R, A any](answer func(R) A, result R, err error) (A, error) {
	if err != nil {
		var none A
		return none, err
	}
	return answer(result), nil
}

// inProgress tells a caller to wait, where another conflict would tell it to give
// up.
func inProgress() *problem {
	detail := idempotencyKeyHeader + " belongs to a request that is still under way; wait for its answer"
	return &problem{
		status:     http.StatusConflict,
		code:       api.ProblemCodeIdempotencyInProgress,
		detail:     detail,
		retryAfter: retryAfter,
		fields: []api.FieldProblem{{
			Field: idempotencyKeyHeader, In: api.FieldProblemInHeader, Code: api.ProblemCodeIdempotencyInProgress, Message: detail,
		}},
	}
}

// fingerprint tells requests apart: by method, path, query and body. The order of
// members and the space between them make no other body of one; numbers are
// compared digit for digit.
func fingerprint(r *http.Request) [sha256.Size]byte {
	hash := sha256.New()
	fmt.Fprintf(hash, "%s\n%s\n%s\n", r.Method, r.URL.Path, r.URL.Query().Encode())
	if sent, ok := r.Body.(decodedBody); ok && !sent.absent {
		_ = json.NewEncoder(hash).Encode(sent.value) // sorts members, and cannot fail: the value was decoded from JSON
	}
	return [sha256.Size]byte(hash.Sum(nil))
}

// recorder keeps an answer instead of sending it.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header returns the headers, to be set.
func (r *recorder) Header() http.Header { return r.header }

// WriteHeader keeps the status.
func (r *recorder) WriteHeader(status int) { r.status = status }

// Write keeps a part of the body.
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

func writeAnswer(w http.ResponseWriter, answer write.Answer) error {
	for name, value := range answer.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(answer.Status)
	_, err := w.Write(answer.Body)
	return err
}
