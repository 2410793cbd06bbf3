package server

import (
	"context"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/lenient"
)

// The headers about how a request is to be carried out (RFC 7240).
const (
	preferHeader            = "Prefer"
	preferenceAppliedHeader = "Preference-Applied"
)

// merges are the preferences for a merge, and what they mean.
var merges = map[string]account.Merge{"": account.MergeChanges, "strict": account.MergeStrictly}

// readMerge notes how a request is to be merged with what others have written, if it
// is one that can be: the items of a batch cannot.
func readMerge(c *gin.Context, op *operation, body any) {
	if object, ok := body.(map[string]any); !op.merges || ok && object["items"] != nil {
		return
	}
	value, asked := lenient.Preference(c.Request.Header.Values(preferHeader), "merge")
	value = strings.ToLower(value)
	if merge, known := merges[value]; asked && known {
		sessionOf(c.Request.Context()).merge = merge
		notePreference(c, strings.TrimSuffix("merge="+value, "="))
	}
}

// mergeOf is how a handler's request is to be merged.
func mergeOf(ctx context.Context) account.Merge { return sessionOf(ctx).merge }

// notePreference tells the caller, once, what was done as it was preferred.
func notePreference(c *gin.Context, preference string) {
	header := c.Writer.Header()
	applied := strings.FieldsFunc(header.Get(preferenceAppliedHeader), func(r rune) bool { return r == ',' || r == ' ' })
	if !slices.Contains(applied, preference) {
		applied = append(applied, preference)
	}
	slices.Sort(applied)
	header.Set(preferenceAppliedHeader, strings.Join(applied, ", "))
}
