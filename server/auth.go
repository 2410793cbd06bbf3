package server

import (
	"context"
	"fmt"
	"slices"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/account"
)

// apiKeyHeader carries a key's token.
const apiKeyHeader = "X-Api-Key"

type actorKey struct{}

// authenticate puts the key's holder into the request's context, and refuses a
// key whose scope is too small for the operation. It runs before validation,
// which would tell strangers about the schema.
func (s *Server) authenticate(c *gin.Context) {
	ctx := c.Request.Context()
	actor, err := s.accounts.Authenticate(ctx, c.GetHeader(apiKeyHeader))
	if err != nil {
		s.fail(c, err)
		return
	}
	c.Request = c.Request.WithContext(context.WithValue(ctx, actorKey{}, actor))
	op := s.operations.of(c)
	if op == nil {
		s.fail(c, fmt.Errorf("no operation for %s %s", c.Request.Method, c.FullPath()))
		return
	}
	if !s.admitAlias(c, op) {
		return
	}
	if slices.Index(account.Scopes, actor.Scope) < slices.Index(account.Scopes, op.scope) {
		s.fail(c, &account.Error{
			Kind:    account.KindForbidden,
			Message: fmt.Sprintf("this operation needs a key with the scope %s; this key has %s", op.scope, actor.Scope),
		})
	}
}

// actorOf returns who the request acts for. It is set on every request that
// reaches a handler.
func actorOf(ctx context.Context) account.Actor {
	actor, _ := ctx.Value(actorKey{}).(account.Actor)
	return actor
}
