package server

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server/fault"
)

// readyTime is how long the store may take to say that it is there. Balancers do
// not wait much longer for an answer.
const readyTime = 2 * time.Second

// Drain makes /readyz fail from now on, so that balancers send no more requests
// while those under way are finished. Those that wait for changes end at once.
func (s *Server) Drain() {
	s.draining.Store(true)
	s.stop()
}

// live answers whether the process runs.
func live(c *gin.Context) { c.String(http.StatusOK, "ok\n") }

// ready answers whether requests can be served.
func (s *Server) ready(c *gin.Context) {
	if s.draining.Load() {
		s.fail(c, &problem{
			status: http.StatusServiceUnavailable,
			code:   api.ProblemCodeUnavailable,
			detail: "the server is stopping",
		})
		return
	}
	ctx, cancel := context.WithTimeout(c.Request.Context(), readyTime)
	defer cancel()
	if err := s.Ping(ctx); err != nil {
		s.fail(c, notReady(err))
		return
	}
	c.String(http.StatusOK, "ready\n")
}

// notReady makes each error one of a server that others should be asked instead of,
// even if it is for good, as that of a schema which is too new. Only what a store
// says itself is told: a driver's words name addresses.
func notReady(err error) error {
	told := &fault.Error{Kind: fault.KindUnavailable, Message: "the database cannot be read", Err: err}
	if said, ok := errors.AsType[*fault.Error](err); ok && said.Kind != fault.KindInternal {
		told.Message = said.Message
	} else if errors.Is(err, context.DeadlineExceeded) {
		told.Message = "the database does not answer"
	}
	return told
}
