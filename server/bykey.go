package server

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// byPath is the path of accounts by their keys, behind that of all accounts. The value
// that follows is the only segment of a path that may hold a slash, as %2F.
const byPath = "/by/"

type escapedKey struct{}

// keepValues has the values of keys be routed as one segment, whatever is in them: gin
// routes decoded paths, in which an encoded slash would end it. Such a value stays
// encoded until it is routed.
func keepValues(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hasEncodedSlash(r.URL) && isByKey(r.URL.EscapedPath()) {
			escaped := r.URL.EscapedPath()
			r = r.Clone(context.WithValue(r.Context(), escapedKey{}, true))
			r.URL.Path, r.URL.RawPath = escaped, ""
		}
		next.ServeHTTP(w, r)
	})
}

// isByKey tells whether an encoded path is one of a key, as far as its slashes tell.
func isByKey(path string) bool {
	for _, base := range []string{canonicalPath, aliasPath} {
		if rest, ok := strings.CutPrefix(path, base+byPath); ok {
			return strings.Count(rest, "/") == 1
		}
	}
	return false
}

// decodeValue decodes what keepValues has kept.
func decodeValue(c *gin.Context) {
	u := asSent(c.Request)
	if u.Path == c.Request.URL.Path {
		return
	}
	*c.Request.URL = u
	for i, p := range c.Params {
		c.Params[i].Value = decoded(p.Value)
	}
}

// asSent is the URL of a request whose path keepValues may have kept encoded.
func asSent(r *http.Request) url.URL {
	u := *r.URL
	if escaped, _ := r.Context().Value(escapedKey{}).(bool); escaped && u.RawPath == "" {
		u.Path, u.RawPath = decoded(u.Path), u.Path
	}
	return u
}

// decoded is a path that was encoded, as net/http has found that it can be decoded.
func decoded(path string) string {
	text, err := url.PathUnescape(path)
	if err != nil {
		return path
	}
	return text
}
