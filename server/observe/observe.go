// Package observe is what the parts of a server tell those who watch it. It knows
// neither who they are nor what they make of it: package metrics counts, and package
// tracing writes spans. Where nobody watches, nothing is done for it.
package observe

import (
	"context"
	"net/http"
	"time"
)

// Requests is told of the requests of a server. Its methods are called by many
// requests at once, and each waits for them.
type Requests interface {
	// Began is called when a request has arrived.
	Began()

	// Ended is called when it has been answered, once for each Began.
	Ended(r Request)
}

// Request is one that has been answered.
type Request struct {
	Operation string // by its operationId, or by its route if it is none of the API; Unmatched: there is none
	Status    int
	Took      time.Duration
	Alias     bool // it came by the former path
	Refusal   Refusal
}

// Unmatched stands for all requests that no route takes, so that nobody makes a
// server remember the paths that they think of.
const Unmatched = "unmatched"

// Refusal is why a request was turned away before it was looked at.
type Refusal uint8

// The refusals.
const (
	NotRefused   Refusal = iota
	WrongLogin           // an e-mail address and a password that do not go together
	LimitedLogin         // too many of those before it
	WrongKey             // a key that is unknown, expired or revoked, or none
	OverLimit            // a key that has sent too many requests
)

// Groups is told of the groups of writes that a store commits. The store waits for
// it, and may have several told at once.
type Groups interface {
	// Committed is called when it is known what became of a group.
	Committed(g Group)

	// Redone is called when a group has to run again: a write of it has failed and may
	// have left something, or the database asks for it.
	Redone()
}

// Group is writes that a store carried out in one transaction.
type Group struct {
	Writes int           // in it
	Missed int           // of these: were decided on what has changed since, and were not written
	Failed bool          // nothing of them was written
	Commit time.Duration // until the database had them for good; 0: there was nothing to commit
}

// Store tells on demand how far behind a store is.
type Store interface {
	// Waiting is how many writes have not been begun.
	Waiting() int

	// TextBacklog is how many texts are to be put into the index of words.
	TextBacklog(ctx context.Context) (int64, error)
}

// Webhooks is told of what is sent to webhooks. Its methods are called by many at once.
type Webhooks interface {
	// Delivered is called after each request. A failure that is empty is none.
	Delivered(failure string, took time.Duration)

	// Paused is called when a webhook was paused since its receiver takes nothing.
	Paused()
}

// Tracer writes down what belongs to a request, as spans. Its methods are called by
// many requests at once.
type Tracer interface {
	// Request begins the span of a request that was routed to an operation. It
	// belongs to the trace that the header names, if it does.
	Request(ctx context.Context, operation, id string, r *http.Request) (context.Context, func(status int))

	// Part begins the span of a part of what the context is of, unless that is not
	// traced.
	Part(ctx context.Context, name string) (context.Context, func(err error))
}
