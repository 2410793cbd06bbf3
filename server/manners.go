package server

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"
)

type (
	headKey   struct{}
	prefixKey struct{}
)

// ServeHTTP answers one request. HEAD is GET without the body, and is routed as
// such.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := newAnswerWriter(w, r)
	if caller := s.callerAddress(r); caller != r.RemoteAddr {
		r = r.WithContext(r.Context())
		r.RemoteAddr = caller
	}
	ctx := r.Context()
	if s.prefix != "" {
		ctx = context.WithValue(ctx, prefixKey{}, s.prefix)
	}
	if answer.head {
		ctx = context.WithValue(ctx, headKey{}, true)
	}
	if ctx != r.Context() {
		r = r.WithContext(ctx)
	}
	if answer.head {
		r.Method = http.MethodGet
	}
	s.handler.ServeHTTP(answer, r)
	answer.end()
}

// methodOf is the method that a request was sent with.
func methodOf(r *http.Request) string {
	if wasPut(r.Context()) {
		return http.MethodPut
	}
	if head, _ := r.Context().Value(headKey{}).(bool); head {
		return http.MethodHead
	}
	return r.Method
}

// prefixOf is the path under which a proxy serves this server; empty for none.
func prefixOf(ctx context.Context) string {
	prefix, _ := ctx.Value(prefixKey{}).(string)
	return prefix
}

// setHeaders sets the headers that all answers have. What is read may be kept by
// the caller, if it asks each time whether it is current; what else is answered
// may hold a secret, and is nothing to keep.
func (s *Server) setHeaders(c *gin.Context) {
	header := c.Writer.Header()
	header["X-Content-Type-Options"] = noSniff
	header["Vary"] = vary
	if c.FullPath() == changesPath {
		header["Vary"] = varyWithAccept
	}
	if s.config.Encrypted {
		header["Strict-Transport-Security"] = stayEncrypted
	}
	header["Cache-Control"] = noStore
	if c.Request.Method == http.MethodGet {
		header["Cache-Control"] = noCache
	}
}

// Values of headers that answers share. Nothing writes to them: what sets or adds
// to a header makes a list of its own.
var (
	jsonContent = []string{"application/json"}
	noSniff     = []string{"nosniff"}

	// For a year, which is what browsers ask of it. What is beside this server under
	// its name is not for it to say.
	stayEncrypted = []string{"max-age=31536000"}

	vary           = []string{"x-api-key, Authorization, Accept-Encoding, " + preferHeader}
	varyWithAccept = []string{vary[0] + ", Accept"}

	noStore = []string{"no-store"}
	noCache = []string{"private, no-cache"}
)
