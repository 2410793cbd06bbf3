package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// The former path of accounts, and the path that serves it.
const (
	aliasPath     = basePath + "/clients"
	canonicalPath = basePath + "/accounts"
)

// aliasDeprecated is since when the alias is deprecated, the day of the first
// release: 2026-11-24, in the form of RFC 9745.
const aliasDeprecated = "@1795478400"

type aliasKey struct{}

// serveAlias serves the paths under /clients as those under /accounts, and
// names the successor in every answer. It works before routing, so the alias
// has no handlers and no validation of its own.
func serveAlias(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rest, ok := strings.CutPrefix(r.URL.Path, aliasPath)
		if !ok || (rest != "" && rest[0] != '/') || hasEncodedSlash(r.URL) {
			next.ServeHTTP(w, r)
			return
		}
		r = r.Clone(context.WithValue(r.Context(), aliasKey{}, true))
		r.URL.Path = canonicalPath + rest
		r.URL.RawPath = ""
		w.Header().Set("Deprecation", aliasDeprecated)
		w.Header().Set("Link", successorLink(publicURL(r)))
		next.ServeHTTP(w, r)
	})
}

// successorLink names the canonical URL in a Link header.
func successorLink(u *url.URL) string {
	return fmt.Sprintf(`<%s>; rel="successor-version"`, successor(u))
}

// successor is the canonical URL as a reference. The query is the caller's text,
// and must not end a reference in a Link header early.
func successor(u *url.URL) string {
	reference := url.URL{Path: u.Path, RawPath: u.RawPath, RawQuery: strings.NewReplacer("<", "%3C", ">", "%3E").Replace(u.RawQuery)}
	return reference.String()
}

// isAlias tells whether the request came by the former path.
func isAlias(ctx context.Context) bool {
	alias, _ := ctx.Value(aliasKey{}).(bool)
	return alias
}

// accountsForm is how an answer shows accounts: under the alias with the former
// name of their type, too.
func accountsForm(ctx context.Context, contacts bool) accountForm {
	return accountForm{former: isAlias(ctx), contacts: contacts}
}
