package server

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
)

type sessionKey struct{}

// session is what becomes known of a request on its way to the handler, which
// finds it in the request's context. It belongs to the goroutine of the request.
type session struct {
	actor identity.Actor
	body  any // what the bodyReader made of the body
	merge account.Merge

	waited time.Duration // for what was not there yet
}

// withSession returns a context with a session of its own.
func withSession(ctx context.Context) context.Context {
	return context.WithValue(ctx, sessionKey{}, &session{})
}

// sessionOf returns the session of a request; before it has one, one that is of
// no use.
func sessionOf(ctx context.Context) *session {
	if s, ok := ctx.Value(sessionKey{}).(*session); ok {
		return s
	}
	return &session{}
}

// actorOf returns who the request acts for. It is set on every request that
// reaches a handler, but for operations that anyone may call.
func actorOf(ctx context.Context) identity.Actor { return sessionOf(ctx).actor }

// sentBody is what the body of a handler's request was read into.
func sentBody[T any](ctx context.Context) T {
	parsed, _ := sessionOf(ctx).body.(T)
	return parsed
}
