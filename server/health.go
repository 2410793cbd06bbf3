package server

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
)

// Drain makes /readyz fail from now on, so that balancers send no more requests
// while those under way are finished.
func (s *Server) Drain() { s.draining.Store(true) }

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
	if err := s.Ping(c.Request.Context()); err != nil {
		s.fail(c, err)
		return
	}
	c.String(http.StatusOK, "ready\n")
}
