package server

import (
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
)

// checkPreconditions answers 412 to a write of a record that exists, if the caller
// wants none (RFC 9110, section 13.1.2), to one of a record without versions, if the
// caller names some (section 13.1.1), and to one that makes a record, if the caller
// wants one that is there. What takes If-Match compares it with what it writes.
func (s *Server) checkPreconditions(next apiserver.StrictHandlerFunc, _ string) apiserver.StrictHandlerFunc {
	return func(c *gin.Context, request any) (any, error) {
		none, match := c.GetHeader("If-None-Match"), strings.Join(c.Request.Header.Values(ifMatchHeader), ",")
		op := s.operations.of(c)
		if op.wantsRecord(match) {
			return nil, fault.Errorf(fault.KindPrecondition, "If-Match asks for a record that exists, and this path names none; leave it out")
		}
		if c.Request.Method != http.MethodGet && (none != "" || op.takesNoVersion(match)) {
			tag, found, err := s.existing(requestOf(c))
			switch {
			case err != nil && !fault.IsNotFound(err):
				return nil, err
			case err == nil && found && none != "" && !noneMatch(&none, tag):
				return nil, fault.Errorf(fault.KindPrecondition, "the record exists, and If-None-Match asks that it does not")
			case (found || op.id == batchOperation) && op.takesNoVersion(match):
				return nil, fault.Errorf(fault.KindPrecondition, "If-Match names a version, and %s", noVersion(op))
			}
		}
		return next(c, request)
	}
}

const (
	ifMatchHeader = "If-Match"

	// batchOperation takes the versions of its accounts in its body.
	batchOperation = "batchUpdateAccounts"
)

// takesNoVersion tells whether an If-Match names versions, to an operation that does
// not take them. Written in spite of it, the record could be another one than the
// caller has seen.
func (op *operation) takesNoVersion(match string) bool {
	return match != "" && strings.TrimSpace(match) != "*" && !op.matches
}

// wantsRecord tells whether an If-Match is sent to an operation that writes, and whose path
// names no record that could match.
func (op *operation) wantsRecord(match string) bool {
	return match != "" && op.method == http.MethodPost && !strings.Contains(op.path, "{") && op.id != batchOperation && !op.matches
}

// noVersion says what to send to an operation that takes no version.
func noVersion(op *operation) string {
	if op.id == batchOperation {
		return "each account of a batch has its own; send ifMatch with each"
	}
	return "this operation takes none; leave it out, or send *"
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
		users, err := s.Users.List(r, r.actor, identity.UserFilter{ID: r.id("userId")}, query.Page{Limit: 1})
		return "", len(users) > 0, err
	case r.names("keyId"):
		keys, err := s.Keys.List(r, r.actor, query.Page{Limit: 1, After: &query.Cursor{ID: r.id("keyId") - 1}})
		return "", len(keys) > 0 && keys[0].ID == r.id("keyId"), err
	case r.names("webhookId"):
		_, err := s.Webhooks.Get(r, r.actor, r.id("webhookId"))
		return "", err == nil, err
	}
	return "", false, nil
}

// names tells whether the path has a parameter.
func (r request) names(parameter string) bool { return r.c.Param(parameter) != "" }
