package server

import (
	"hash/fnv"
	"slices"
	"strconv"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
)

// etag is the entity tag of an account (RFC 9110, section 8.8.3). It changes
// exactly when the record does, or the name of a user who wrote it.
func etag(a account.Account) string { return tagOf(a, false) }

// contactsTag is the entity tag of an account with its contacts. It changes also
// when one of them does.
func contactsTag(a account.Account) string { return tagOf(a, true) }

// tagOf is the version of an account, and a hash of what is shown of others.
func tagOf(a account.Account, contacts bool) string {
	shown := &object{make([]byte, 0, 256)}
	for _, u := range []*identity.UserRef{a.CreatedBy, a.UpdatedBy} {
		if u != nil {
			shown.integer(u.ID)
			for _, name := range [...]string{u.FirstName, u.LastName} {
				shown.raw("\x00")
				shown.raw(name)
			}
			shown.raw("\x00")
		}
		shown.raw("\x00")
	}
	if contacts {
		shown.contacts(a.Contacts)
	}
	hash := fnv.New64a()
	_, _ = hash.Write(shown.b) // A hash takes everything.
	tag := strconv.AppendInt(append(make([]byte, 0, 64), '"'), a.ID, 10)
	tag = strconv.AppendInt(append(tag, '-'), a.Version, 10)
	return string(append(strconv.AppendUint(append(tag, '-'), hash.Sum64(), 16), '"'))
}

// matchOf reads an ifMatch of a body, as FromAPIIfMatch does. It returns nil if none
// was sent.
func matchOf(sent patch.Field[string], id int64) *account.Match {
	if !sent.IsSet() {
		return nil
	}
	return FromAPIIfMatch(&sent.Value, id)
}

// FromAPIIfMatch reads an If-Match header that has passed validation. Only
// strong tags of the account itself can match it, in whatever form its answer
// was: what follows the version says nothing of the record. It returns nil for
// nil.
func FromAPIIfMatch(header *string, id int64) *account.Match {
	if header == nil {
		return nil
	}
	if strings.TrimSpace(*header) == "*" {
		return &account.Match{Any: true}
	}
	match := &account.Match{}
	for _, tag := range entityTags(*header) {
		number, rest, ok := strings.Cut(strings.Trim(tag, `"`), "-")
		version, _, _ := strings.Cut(rest, "-")
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
		if opaque := strings.TrimSuffix(strings.TrimPrefix(sent, "W/"), gzipTag+`"`); opaque == tag || opaque+`"` == tag {
			return false
		}
	}
	return true
}

// hasTag tells whether a tag is among those of a header, compressed or not. The
// comparison is strong.
func hasTag(header, tag string) bool {
	return slices.ContainsFunc(entityTags(header), func(sent string) bool {
		return sent == tag || strings.TrimSuffix(sent, gzipTag+`"`)+`"` == tag
	})
}

// entityTags splits a list of tags. A tag may hold a comma, but none of ours
// does: a foreign one that is cut in two matches as little as it would whole. An
// empty element matches nothing (RFC 9110, section 5.6.1).
func entityTags(header string) []string {
	tags := strings.Split(header, ",")
	for i := range tags {
		tags[i] = strings.TrimSpace(tags[i])
	}
	return tags
}
