package server

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/account"
)

// etag is the entity tag of an account (RFC 9110, section 8.8.3). It changes
// exactly when the record does, and is the same for every form of it.
func etag(a account.Account) string { return fmt.Sprintf(`"%d-%d"`, a.ID, a.Version) }

// FromAPIIfMatch reads an If-Match header that has passed validation. Only
// strong tags of the account itself can match it. It returns nil for nil.
func FromAPIIfMatch(header *string, id int64) *account.Match {
	if header == nil {
		return nil
	}
	if strings.TrimSpace(*header) == "*" {
		return &account.Match{Any: true}
	}
	match := &account.Match{}
	for _, tag := range entityTags(*header) {
		number, version, ok := strings.Cut(strings.Trim(tag, `"`), "-")
		if !ok || number != strconv.FormatInt(id, 10) {
			continue // Weak, or not a tag of ours.
		}
		if v, err := strconv.ParseInt(version, 10, 64); err == nil {
			match.Versions = append(match.Versions, v)
		}
	}
	return match
}

// noneMatch tells whether an If-None-Match header asks for an answer though it
// is the given tag that would be sent. The comparison is weak.
func noneMatch(header *string, tag string) bool {
	if header == nil {
		return true
	}
	if strings.TrimSpace(*header) == "*" {
		return false
	}
	for _, sent := range entityTags(*header) {
		if strings.TrimPrefix(sent, "W/") == tag {
			return false
		}
	}
	return true
}

// entityTags splits a list of tags. A tag may hold a comma, but none of ours
// does: a foreign one that is cut in two matches as little as it would whole.
func entityTags(header string) []string {
	tags := strings.Split(header, ",")
	for i := range tags {
		tags[i] = strings.TrimSpace(tags[i])
	}
	return tags
}
