package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/lenient"
)

// lenientHeader tells what of a request was read leniently.
const lenientHeader = "X-Lenient"

type putKey struct{}

// readPut makes a PATCH of a PUT on one record. It works before routing: there
// are no operations with PUT. Whether it is to be read so, refusePut tells once
// it is known who asks.
func (s *Server) readPut(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && s.operations.patches(r.URL.Path) {
			r = r.Clone(context.WithValue(r.Context(), putKey{}, true))
			r.Method = http.MethodPatch
		}
		next.ServeHTTP(w, r)
	})
}

// wasPut tells whether readPut made the request a PATCH.
func wasPut(ctx context.Context) bool {
	put, _ := ctx.Value(putKey{}).(bool)
	return put
}

// refusePut answers a PUT that is not to be read leniently.
func (s *Server) refusePut(c *gin.Context) {
	if wasPut(c.Request.Context()) && s.handling(c.Request) != lenient.Lenient {
		s.refuseMethod(c, s.operations.methodsBeside(s.operations.of(c)))
	}
}

// patches tells whether an operation updates the record at a path.
func (ops operations) patches(path string) bool {
	collection := operationKey(http.MethodPatch, path[:strings.LastIndex(path, "/")+1]+":")
	found := false
	for key := range ops {
		if strings.HasSuffix(key, " "+path) {
			return false // It is no record but has a name of its own.
		}
		found = found || strings.HasPrefix(key, collection)
	}
	return found && !strings.HasSuffix(path, "/")
}

// handling is how a request is to be read: as it asks for, or else as its key or
// its path has it.
func (s *Server) handling(r *http.Request) lenient.Handling {
	if asked := lenient.Asked(r.Header.Values(preferHeader)); asked != "" {
		return asked
	}
	switch handling := actorOf(r.Context()).Handling; {
	case handling != "":
		return handling
	case isAlias(r.Context()):
		return lenient.Lenient
	}
	return lenient.Strict
}

// readQuery reads the query of a request leniently, if it is to be read so.
func (s *Server) readQuery(c *gin.Context, op *operation) {
	if s.handling(c.Request) != lenient.Lenient {
		return
	}
	var applied []string
	if wasPut(c.Request.Context()) {
		applied = append(applied, lenient.PutForPatch)
	}
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if changed := lenient.Query(op.lenientQuery(), query); err == nil && len(changed) > 0 {
		u := *c.Request.URL
		u.RawQuery = query.Encode()
		c.Request.URL = &u
		if isAlias(c.Request.Context()) {
			c.Header("Link", successorLink(publicURL(c.Request)))
		}
		applied = append(applied, changed...)
	}
	s.applied(c, applied)
}

// lenientQuery are the parameters that may be read leniently: not those that select
// what is written, of which one that is passed over would select more.
func (op *operation) lenientQuery() []string {
	if !op.selects {
		return op.query
	}
	return slices.DeleteFunc(slices.Clone(op.query), func(name string) bool {
		return slices.Contains(filterParameters, name) || slices.Contains(testParameters, name)
	})
}

// readBodyLeniently changes a decoded body, if it is to be read so.
func (s *Server) readBodyLeniently(c *gin.Context, op *operation, body any) {
	if s.handling(c.Request) == lenient.Lenient {
		s.applied(c, lenient.Body(op.id, body))
	}
}

// applied tells the caller what was read leniently, and counts it for those who
// are to move off the alias.
func (s *Server) applied(c *gin.Context, names []string) {
	if len(names) == 0 {
		return
	}
	if ctx := c.Request.Context(); isAlias(ctx) {
		s.Alias.NoteLeniencies(actorOf(ctx), names)
	}
	notePreference(c, "handling="+string(lenient.Lenient))
	header := c.Writer.Header()
	if before := header.Get(lenientHeader); before != "" {
		names = append([]string{before}, names...)
	}
	header.Set(lenientHeader, strings.Join(names, "; "))
}
