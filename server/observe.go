package server

import (
	"context"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/observe"
)

// watch tells those who watch the server of a request.
func (s *Server) watch(c *gin.Context) {
	start, op := time.Now(), s.operations.of(c)
	name := nameOf(c, op)
	end := s.traceRequest(c, name)
	if s.config.Requests != nil {
		s.config.Requests.Began()
	}
	status := http.StatusInternalServerError // as in logRequest
	defer func() {
		end(status)
		if s.config.Requests == nil {
			return
		}
		s.config.Requests.Ended(observe.Request{
			Operation: name, Status: status, Took: time.Since(start) - sessionOf(c.Request.Context()).waited, Alias: isAlias(c.Request.Context()), Refusal: refusalOf(op, status),
		})
	}()
	c.Next()
	status = c.Writer.Status()
}

// nameOf is what a request is counted under: one of a list that does not grow.
func nameOf(c *gin.Context, op *operation) string {
	switch {
	case op != nil:
		return op.id
	case c.FullPath() != "":
		return c.FullPath()
	}
	return observe.Unmatched
}

// refusalOf tells from what an operation was answered why it was not looked at.
func refusalOf(op *operation, status int) observe.Refusal {
	if op == nil {
		return observe.NotRefused
	}
	switch {
	case status == http.StatusUnauthorized && op.security == byPassword:
		return observe.WrongLogin
	case status == http.StatusTooManyRequests && op.security == byPassword:
		return observe.LimitedLogin
	case status == http.StatusUnauthorized && op.security == byKey:
		return observe.WrongKey
	case status == http.StatusTooManyRequests && op.security == byKey:
		return observe.OverLimit
	}
	return observe.NotRefused
}

// traceRequest begins the span of a request.
func (s *Server) traceRequest(c *gin.Context, name string) (end func(status int)) {
	if s.config.Tracer == nil {
		return func(int) {}
	}
	ctx, end := s.config.Tracer.Request(c.Request.Context(), name, requestID(c), c.Request)
	c.Request = c.Request.WithContext(ctx)
	return end
}

// trace begins the span of a part of a request.
func (s *Server) trace(ctx context.Context, name string) (end func(error)) {
	if s.config.Tracer == nil {
		return func(error) {}
	}
	_, end = s.config.Tracer.Part(ctx, name)
	return end
}
