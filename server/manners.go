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
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/lenient"
	"github.com/accountsd/accountsd/server/query"
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
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Vary", "x-api-key, Authorization, Accept-Encoding, "+preferHeader)
	header.Set("Cache-Control", "no-store")
	if c.Request.Method == http.MethodGet {
		header.Set("Cache-Control", "private, no-cache")
	}
}

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
func (s *Server) refuseExisting(next apiserver.StrictHandlerFunc, _ string) apiserver.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		if header := c.GetHeader("If-None-Match"); header != "" && c.Request.Method != http.MethodGet {
			tag, found, err := s.existing(requestOf(c))
			switch {
			case err != nil && !fault.IsNotFound(err):
				return nil, err
			case err == nil && found && !noneMatch(&header, tag):
				return nil, &fault.Error{Kind: fault.KindPrecondition, Message: "the record exists, and If-None-Match asks that it does not"}
			}
		}
		return next(c, request)
	}
}

// existing looks for the record that the path names, and returns its entity tag
// if it has one. It is not found if the path names none.
func (s *Server) existing(r request) (tag string, found bool, err error) {
	switch {
	case r.names("accountId"):
		a, err := s.Accounts.Get(r, r.actor, r.id("accountId"), true)
		return etag(a), err == nil, err
	case r.names("contactId"):
		_, err := s.Contacts.Get(r, r.actor, r.id("contactId"))
		return "", err == nil, err
	case r.names("keyName"):
		properties, err := s.Properties.List(r, r.actor)
		return "", slices.ContainsFunc(properties, func(p schema.Property) bool { return p.Key == r.c.Param("keyName") }), err
	case r.names("userId"):
		users, err := s.Identity.Users(r, r.actor, identity.UserFilter{ID: r.id("userId")}, query.Page{Limit: 1})
		return "", len(users) > 0, err
	case r.names("keyId"):
		keys, err := s.Identity.Keys(r, r.actor, query.Page{Limit: 1, After: &query.Cursor{ID: r.id("keyId") - 1}})
		return "", len(keys) > 0 && keys[0].ID == r.id("keyId"), err
	}
	return "", false, nil
}

// names tells whether the path has a parameter.
func (r request) names(parameter string) bool { return r.c.Param(parameter) != "" }
