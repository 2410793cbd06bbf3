package server

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/lenient"
	"github.com/accountsd/accountsd/server/schema"
)

type (
	headKey   struct{}
	prefixKey struct{}
)

// ServeHTTP answers one request. HEAD is GET without the body, and is routed as
// such.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer := newAnswerWriter(w, r)
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
func setHeaders(c *gin.Context) {
	header := c.Writer.Header()
	header["X-Content-Type-Options"] = noSniff
	header["Vary"] = vary
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
	vary        = []string{"x-api-key, Authorization, Accept-Encoding, " + preferHeader}
	noStore     = []string{"no-store"}
	noCache     = []string{"private, no-cache"}
)

func (s *Server) noRoute(c *gin.Context) {
	p := &problem{
		status: http.StatusNotFound,
		code:   api.ProblemCodeNotFound,
		detail: "there is nothing at this path; /openapi.yaml lists the paths",
	}
	path := c.Request.URL.Path
	if right := strings.TrimRight(path, "/"); right != path && s.operations.routes(right) {
		u := *requestURL(c)
		u.Path = strings.TrimRight(u.Path, "/")
		p.detail = fmt.Sprintf("there is nothing at this path; it is %s without a slash at the end", u.EscapedPath())
		c.Writer.Header().Add("Link", fmt.Sprintf(`<%s>; rel="canonical"`, u.EscapedPath()))
	}
	s.fail(c, p)
}

// routes tells whether an operation has the path.
func (ops operations) routes(path string) bool {
	sent := strings.Split(path, "/")
	for _, op := range ops {
		if slices.EqualFunc(strings.Split(basePath+op.route.Path, "/"), sent, func(segment, sent string) bool {
			return segment == sent || strings.HasPrefix(segment, "{") && sent != ""
		}) {
			return true
		}
	}
	return false
}

// methods are those of a path without parameters.
func (ops operations) methods(path string) []string {
	var methods []string
	for _, op := range ops {
		if basePath+op.route.Path == path {
			methods = append(methods, op.route.Method)
		}
	}
	slices.Sort(methods)
	return methods
}

// noMethod answers a known path under another method. gin has set Allow, to
// which OPTIONS is the question; it takes /accounts/batch for that of an account
// too.
func (s *Server) noMethod(c *gin.Context) {
	header := c.Writer.Header()
	allowed := s.operations.methods(c.Request.URL.Path)
	if len(allowed) == 0 {
		allowed = strings.Split(header.Get("Allow"), ", ")
	}
	if i := slices.Index(allowed, http.MethodGet); i >= 0 {
		allowed = slices.Insert(allowed, i+1, http.MethodHead)
	}
	if s.operations.patches(c.Request.URL.Path) && s.handling(c.Request) == lenient.Lenient {
		allowed = append(allowed, http.MethodPut)
	}
	allow := strings.Join(append(allowed, http.MethodOptions), ", ")
	header.Set("Allow", allow)
	if c.Request.Method != http.MethodOptions {
		s.fail(c, &problem{
			status: http.StatusMethodNotAllowed,
			code:   api.ProblemCodeMethodNotAllowed,
			detail: fmt.Sprintf("this path takes %s, not %s", allow, methodOf(c.Request)),
		})
		return
	}
	if slices.Contains(allowed, http.MethodPatch) {
		header.Set("Accept-Patch", patchTypes)
	}
	if header.Get("Access-Control-Allow-Origin") != "" {
		header.Set("Access-Control-Allow-Methods", allow)
	}
	c.Status(http.StatusNoContent)
}

// patchTypes are the media types that every PATCH takes.
const patchTypes = "application/json, application/merge-patch+json"

// refuseExisting answers 412 to a write of a record that exists, if the caller
// wants none (RFC 9110, section 13.1.2).
func (s *Server) refuseExisting(next apiserver.StrictHandlerFunc, operationID string) apiserver.StrictHandlerFunc {
	tagOf := s.existing(operationID)
	return func(c *gin.Context, request any) (any, error) {
		if header := c.GetHeader("If-None-Match"); header != "" && tagOf != nil {
			tag, err := tagOf(requestOf(c))
			switch {
			case err == nil && !noneMatch(&header, tag):
				return nil, &fault.Error{Kind: fault.KindPrecondition, Message: "the record exists, and If-None-Match asks that it does not"}
			case err != nil && !fault.IsNotFound(err):
				return nil, err
			}
		}
		return next(c, request)
	}
}

// existing returns what finds the record that an operation writes, with its
// entity tag if it has one; nil if it writes none that is there.
func (s *Server) existing(operationID string) func(r request) (tag string, err error) {
	switch operationID {
	case "UpdateAccount", "DeleteAccount":
		return func(r request) (string, error) {
			a, err := s.Accounts.Get(r, r.actor, r.id("accountId"), true)
			return etag(a), err
		}
	case "UpdateContact", "DeleteContact":
		return func(r request) (string, error) {
			_, err := s.Contacts.Get(r, r.actor, r.id("contactId"))
			return "", err
		}
	case "UpdateProperty", "DeleteProperty":
		return func(r request) (string, error) {
			properties, err := s.Properties.List(r, r.actor)
			key := r.c.Param("keyName")
			if err == nil && !slices.ContainsFunc(properties, func(p schema.Property) bool { return p.Key == key }) {
				err = fault.NotFound("property")
			}
			return "", err
		}
	}
	return nil
}
