package server

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
)

// apiKeyHeader carries a key's token.
const apiKeyHeader = "X-Api-Key"

// The challenges of a 401 (RFC 9110, section 11.6.1).
const (
	keyChallenge      = `ApiKey realm="accountsd", header="x-api-key"`
	bearerChallenge   = `Bearer realm="accountsd"`
	passwordChallenge = `Basic realm="accountsd", charset="UTF-8"`
)

// authenticate puts who the request acts for into its context, and refuses a
// key whose scope is too small for the operation. It runs before validation,
// which would tell strangers about the schema.
func (s *Server) authenticate(c *gin.Context) {
	op := s.operations.of(c)
	if op == nil {
		s.fail(c, fmt.Errorf("no operation for %s %s", c.Request.Method, c.FullPath()))
		return
	}
	if op.security == byNothing {
		s.admitStranger(c)
		return
	}
	actor, err := s.identifyActor(c, op)
	if err != nil {
		s.fail(c, err)
		return
	}
	sessionOf(c.Request.Context()).actor = actor
	if !s.admitAlias(c, op) {
		return
	}
	if op.security == byKey && !actor.Scope.Includes(op.scope) {
		s.fail(c, fault.Errorf(fault.KindForbidden, "this operation needs a key with the scope %s; this key has %s", op.scope, actor.Scope))
	}
}

// identifyActor returns who has sent the key or the password that the operation
// asks for. A password that is not sent is the empty one, which nobody has.
func (s *Server) identifyActor(c *gin.Context, op *operation) (identity.Actor, error) {
	ctx := c.Request.Context()
	if op.security == byPassword {
		if err := s.refuseForeignPage(c.Request.Header); err != nil {
			return identity.Actor{}, err
		}
		email, password, _ := c.Request.BasicAuth()
		// One that is no id is none until validation refuses it.
		companyID, _ := strconv.ParseInt(c.Query("company_id"), 10, 64)
		return s.Logins.Login(ctx, identity.Login{
			Email: email, Password: password, CompanyID: max(0, companyID), Address: remoteAddress(c.Request),
		})
	}
	token, err := sentToken(c.Request.Header)
	if err != nil {
		return identity.Actor{}, err
	}
	if err := s.refuseStranger(c.Request, token); err != nil {
		return identity.Actor{}, err
	}
	actor, err := s.holderOf(ctx, c.Request, token)
	if fault.KindOf(err) == fault.KindUnauthorized {
		s.strangers.count(remoteAddress(c.Request), s.config.Clock())
	}
	return actor, err
}

// holderOf returns who holds the token that a request was sent with.
func (s *Server) holderOf(ctx context.Context, r *http.Request, token string) (identity.Actor, error) {
	address, _ := readAddress(r.RemoteAddr) // What is none is in no network.
	return s.Keys.Authenticate(ctx, token, address)
}

// sentToken returns the token of the key that a request was sent with, in x-api-key
// or in Authorization (RFC 6750). Whoever sends two different ones does not know for
// whom it acts.
func sentToken(header http.Header) (token string, err error) {
	for _, sent := range header[apiKeyHeader] {
		if token, err = sameToken(token, sent, "x-api-key"); err != nil {
			return "", err
		}
	}
	for _, credentials := range header["Authorization"] {
		scheme, sent, _ := strings.Cut(credentials, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			continue
		}
		if token, err = sameToken(token, strings.TrimSpace(sent), "Authorization"); err != nil {
			return "", err
		}
	}
	return token, nil
}

// sameToken returns the token that was sent, if it is no other one than before.
func sameToken(before, sent, header string) (string, error) {
	if before == "" || sent == "" || before == sent {
		return cmp.Or(before, sent), nil
	}
	return "", fault.Invalid([]fault.Offence{{
		In: fault.InHeader, Path: []string{header}, Message: header + " must hold the same key as each other header with one, or be left out",
	}})
}
