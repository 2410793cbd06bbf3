package server

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/lenient"
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
		if slices.EqualFunc(strings.Split(basePath+op.path, "/"), sent, func(segment, sent string) bool {
			return segment == sent || strings.HasPrefix(segment, "{") && sent != ""
		}) {
			return true
		}
	}
	return false
}

// named are the methods of each path without parameters.
func (ops operations) named() map[string][]string {
	named := make(map[string][]string)
	for _, op := range ops {
		if path := basePath + op.path; !strings.Contains(path, "{") {
			named[path] = append(named[path], op.method)
		}
	}
	for path, methods := range named {
		slices.Sort(methods)
		named[path] = slices.Clip(methods) // Who adds one makes a list of its own.
	}
	return named
}

// refuseNamed answers a method that a path with a name of its own does not have.
// gin takes DELETE /accounts/batch for that of an account.
func (s *Server) refuseNamed(c *gin.Context) {
	path := c.Request.URL.Path
	if allowed := s.named[path]; len(allowed) > 0 && c.FullPath() != "" && c.FullPath() != path {
		s.refuseMethod(c, allowed)
	}
}

// methodsBeside are those of the operation's path.
func (ops operations) methodsBeside(op *operation) []string {
	methods := []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodPatch}
	return slices.DeleteFunc(methods, func(method string) bool { return ops[operationKey(method, ginPath(op.path))] == nil })
}

// noMethod answers a known path under another method. gin has set Allow, to
// which OPTIONS is the question; it takes /accounts/batch for that of an account
// too.
func (s *Server) noMethod(c *gin.Context) {
	allowed := s.named[c.Request.URL.Path]
	if len(allowed) == 0 {
		allowed = strings.Split(c.Writer.Header().Get("Allow"), ", ")
	}
	s.refuseMethod(c, allowed)
}

// refuseMethod answers a method that is not allowed, or what those are.
func (s *Server) refuseMethod(c *gin.Context, allowed []string) {
	header := c.Writer.Header()
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
			detail: fmt.Sprintf("this path takes %s, not %s", allow, fault.Cut(methodOf(c.Request))),
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
