package server

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/fault"
)

// What browsers may send, and may show to the page that has sent it.
const (
	corsHeaders = "Accept, Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, X-Api-Key, X-Reason, X-Request-Id"
	corsExposed = "Accept-Patch, Allow, Deprecation, ETag, Idempotency-Replayed, Link, Location, Preference-Applied, Preview, Retry-After, Sunset, " +
		"WWW-Authenticate, X-At, X-Lenient, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, X-Total-Count, X-Version"
	corsMaxAge = "600" // seconds for which a preflight is kept
)

// checkOrigins returns an error unless all are origins, or * for any.
func checkOrigins(origins []string) error {
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if origin != "*" && (err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host) {
			return fmt.Errorf("an origin is a scheme and a host, as in https://crm.example.com, or *; got %q", origin)
		}
	}
	return nil
}

// allowOrigin lets the pages of the origins that the operator names read the
// answer. There are no cookies here: a page needs a key like everyone else.
func (s *Server) allowOrigin(c *gin.Context) {
	if len(s.config.CORSOrigins) == 0 {
		return
	}
	header := c.Writer.Header()
	header.Set("Vary", header.Get("Vary")+", Origin")
	origin := c.GetHeader("Origin")
	if origin == "" || !s.allowsOrigin(origin) {
		return
	}
	if slices.Contains(s.config.CORSOrigins, "*") {
		origin = "*"
	}
	header.Set("Access-Control-Allow-Origin", origin)
	header.Set("Access-Control-Expose-Headers", corsExposed)
	if c.Request.Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Headers", corsHeaders)
		header.Set("Access-Control-Max-Age", corsMaxAge)
	}
}

// allowsOrigin tells whether the operator lets the pages of an origin call.
func (s *Server) allowsOrigin(origin string) bool {
	return slices.Contains(s.config.CORSOrigins, "*") || slices.Contains(s.config.CORSOrigins, strings.ToLower(origin))
}

// refuseForeignPage returns an error if a browser sends a password for a page of
// another origin. Browsers remember passwords of HTTP Basic, and add them to whatever
// any page has them send, as a form that makes a key. Other programs send no
// Sec-Fetch-Site, and neither do browsers over plain HTTP.
func (s *Server) refuseForeignPage(header http.Header) error {
	site := header.Get("Sec-Fetch-Site")
	if site == "" || site == "same-origin" || site == "none" || s.allowsOrigin(header.Get("Origin")) {
		return nil
	}
	return fault.Errorf(fault.KindForbidden, "a page of another origin may not send a password, unless the operator names its origin (serve --cors-origin)")
}
