package server

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/webhook"
)

// A bodyReader reads the bodies of an operation, once for all: what it makes of
// one goes to the handler, and what is wrong with it, beside what the spec says,
// into the answer. The generated types of bodies are the clients'.
type bodyReader interface {
	// read leaves what it makes of the decoded body for the handler. It
	// returns everything that is wrong with the request, if anything is; found
	// is that so far.
	read(c *gin.Context, value any, found fault.Offences) fault.Offences
}

// bodyReaders are those of the operations that have a body, by operationId.
func (s *Server) bodyReaders() map[string]bodyReader {
	return map[string]bodyReader{
		"updateAccount":          bodyOf(s.Accounts.Parse, s.refuseUpdate),
		"updateAccounts":         bodyOf(s.Accounts.ParseForMany, s.refuseSelection),
		"createAccount":          bodyOf(s.Accounts.Parse, s.refuseAccount),
		"batchUpdateAccounts":    body[intake.BatchRequest, *intake.BatchRequest]{s.Intake.ParseBatch, s.refuseBatch, divided},
		"mergeAccounts":          bodyOf(lineage.ParseMerge, s.refuseMerge),
		"createContact":          bodyOf(s.Contacts.Parse, s.refuseContact),
		"updateContact":          bodyOf(s.Contacts.Parse, s.refuseContactUpdate),
		"createProperty":         bodyOf(property.ParseNew, s.refuseProperty),
		"updateProperty":         bodyOf(property.ParsePatch, s.refusePropertyUpdate),
		"inviteUser":             bodyOf(identity.ParseNewUser, s.refuseUser),
		"updateUser":             bodyOf(identity.ParseUserPatch, s.refuseUserUpdate),
		"resetPassword":          bodyOf(identity.ParseReset, s.refuseReset),
		"changePassword":         bodyOf(identity.ParseNewPassword, s.refusePassword),
		"acceptInvitation":       bodyOf(identity.ParseAcceptance, s.refuseAcceptance),
		"createKey":              bodyOf(identity.ParseNewKey, s.refuseKey),
		"notifyAliasUser":        bodyOf(alias.ParseNotice, s.refuseNotice),
		"rehearseAliasMigration": bodyOf(alias.ParseRehearsal, s.refuseRehearsal),
		"createWebhook":          bodyOf(webhook.ParseNew, s.refuseWebhook),
		"updateWebhook":          bodyOf(webhook.ParsePatch, s.refuseWebhookUpdate),
		"rotateWebhookSecret":    bodyOf(webhook.ParseRotation, s.refuseRotation),
		"replayWebhook":          bodyOf(webhook.ParseReplay, s.refuseReplay),
	}
}

// findings is a pointer to what a body was read into.
type findings[T any] interface {
	*T
	Offences() *fault.Offences
}

// bodyOf reads bodies with parse. What refuse gets has offences: it carries the
// operation out, which then writes nothing, and returns an error with those and
// what only the store tells.
func bodyOf[T any, P findings[T]](parse func(value any) T, refuse func(r request, parsed T) error) bodyReader {
	return body[T, P]{parse, refuse, nil}
}

type body[T any, P findings[T]] struct {
	parse  func(value any) T
	refuse func(r request, parsed T) error

	// divide leaves what is wrong with parts that may fail alone to these, and returns
	// the rest; nil: all that is wrong is the whole body's.
	divide func(c *gin.Context, parsed T, found fault.Offences) fault.Offences
}

func (b body[T, P]) read(c *gin.Context, value any, found fault.Offences) fault.Offences {
	parsed := b.parse(value)
	offences := P(&parsed).Offences()
	*offences = append(found, *offences...).Distinct()
	if b.divide != nil {
		*offences = b.divide(c, parsed, *offences)
	}
	if len(*offences) == 0 {
		sessionOf(c.Request.Context()).body = parsed
		return nil
	}
	if offences.IsFull() {
		return *offences // What else is wrong would only be counted.
	}
	if slices.ContainsFunc(*offences, func(o fault.Offence) bool { return o.In == fault.InPath }) {
		return *offences // There is no record to check against.
	}
	err := b.refuse(requestOf(c), parsed)
	if e, ok := errors.AsType[*fault.Error](err); ok {
		return append(*offences, e.Fields...).Distinct()
	}
	return *offences
}

// request is what is known of a request before its parameters are bound.
type request struct {
	context.Context
	c     *gin.Context
	actor identity.Actor
}

func requestOf(c *gin.Context) request {
	ctx := c.Request.Context()
	return request{Context: ctx, c: c, actor: actorOf(ctx)}
}

// id is an id in the path, which has passed validation.
func (r request) id(name string) int64 {
	id, _ := strconv.ParseInt(r.c.Param(name), 10, 64)
	return id
}

func (r request) flag(name string) bool { return isFlagged(r.c, name) }

// isFlagged tells whether a boolean parameter of the query is true. It has
// passed validation, or counts as not sent.
func isFlagged(c *gin.Context, name string) bool { return c.Query(name) == "true" }
