package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/google/uuid"

	"github.com/accountsd/accountsd/gen/apiserver"
)

// requestIDHeader carries the request's id, both ways.
const requestIDHeader = "X-Request-Id"

// saneRequestID is what a caller's id of at most maxRequestID bytes may be; anything
// else could forge a line of a log. With the bound in it, it takes a millisecond of
// each start.
var saneRequestID = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

const maxRequestID = 128

func init() { uuid.EnableRandPool() } // Ids of requests are no secrets.

// recoverPanics answers a panic as an internal error. gin's own recovery would
// print the headers, the key among them.
func (s *Server) recoverPanics(c *gin.Context) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			panic(cause) // net/http's way to cut a connection
		default:
			s.fail(c, fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	c.Next()
}

// identify gives the request its id.
func identify(c *gin.Context) {
	id := c.GetHeader(requestIDHeader)
	if id == "" || len(id) > maxRequestID || !saneRequestID.MatchString(id) {
		id = uuid.NewString()
	}
	c.Header(requestIDHeader, id)
}

// requestID returns the id that identify gave the request.
func requestID(c *gin.Context) string { return c.Writer.Header().Get(requestIDHeader) }

// logRequest writes one line for each request. It names the route and not the
// path with its query, and ids only: no key, no e-mail address, no body.
func (s *Server) logRequest(c *gin.Context) {
	start := time.Now()
	status := http.StatusInternalServerError // while a panic passes here, nothing is answered yet
	defer func() {
		ctx, now := c.Request.Context(), time.Now()
		if !s.log.Enabled(ctx, slog.LevelInfo) {
			return
		}
		actor := actorOf(ctx)
		line := slog.NewRecord(now, slog.LevelInfo, "request", 0) // without the place in the code, which takes long to look for
		line.AddAttrs(
			slog.String("requestId", requestID(c)),
			slog.String("method", methodOf(c.Request)),
			slog.String("remoteAddr", c.Request.RemoteAddr),
			slog.String("route", c.FullPath()),
			slog.Bool("alias", isAlias(ctx)),
			slog.Int("status", status),
			slog.Int("bytes", max(c.Writer.Size(), 0)),
			slog.Float64("durationMs", float64(now.Sub(start).Microseconds())/1000),
			slog.Int64("companyId", actor.CompanyID),
			slog.Int64("userId", actor.User.ID),
			slog.Int64("keyId", actor.KeyID),
		)
		_ = s.log.Handler().Handle(ctx, line) // What cannot be logged is nobody's to hear of.
	}()
	c.Next()
	status = c.Writer.Status()
}

// limitTime ends the request's context after the configured time, and gives it
// its session.
func (s *Server) limitTime(c *gin.Context) {
	ctx := c.Request.Context()
	if timeout := s.timeOf(c); timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, timeout)
		defer cancel()
	}
	c.Request = c.Request.WithContext(withSession(ctx))
	c.Next()
}

// refuseSlash answers a path with an encoded slash, which is a part of a segment
// and not an end of one (RFC 3986, section 2.2). Only the value of a key may have any,
// and gin would route it as if it were bare.
func (s *Server) refuseSlash(c *gin.Context) {
	if escaped, _ := c.Request.Context().Value(escapedKey{}).(bool); !escaped && hasEncodedSlash(c.Request.URL) {
		s.noRoute(c)
	}
}

func hasEncodedSlash(u *url.URL) bool {
	return strings.Contains(strings.ToLower(u.EscapedPath()), "%2f")
}

// callHandler stands before every strict handler. The generated code would give
// it gin's pooled context, which must not outlive the request; it gets a copy,
// which through gin's ContextWithFallback is the request's own context. A
// handler that returns neither an answer nor an error would be an empty 200.
func callHandler(next apiserver.StrictHandlerFunc, operationID string) apiserver.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		response, err := next(c.Copy(), request)
		if err == nil && response == nil {
			err = fmt.Errorf("%s returned no answer", operationID)
		}
		return response, err
	}
}
