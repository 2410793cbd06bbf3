// Package store puts together what the rooms of the domain need of a store.
// Every store passes package storetest.
package store

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/webhook"
	"github.com/accountsd/accountsd/server/write"
)

// Store keeps the records of all companies. Its methods are safe for
// concurrent use. Every method that takes a company id sees that company's
// records only; another company's record is not found.
//
// Errors: KindNotFound where a method says so, KindConflict for a name that is
// taken, KindUnavailable when the store is busy or closed; any other error is
// internal.
type Store interface {
	Reader
	write.Transactor[Tx]
	account.Committer

	// Ping returns nil if the store can answer reads.
	Ping(ctx context.Context) error

	// Close finishes the writes that have begun, and releases the store.
	Close() error
}

// Reader reads records. Each call sees one consistent state.
type Reader interface {
	account.Reader
	contact.Reader
	property.Reader
	identity.Reader
	alias.Reader
	audit.Reader
	webhook.Reader
}

// Tx reads and writes in one transaction, and sees its own writes.
type Tx interface {
	Reader
	intake.ImportTx
	contact.Tx
	property.Tx
	identity.Tx
	alias.Tx
	webhook.Tx
}

// ClockOf returns the clock by which a store's records are dated, which all servers of
// one database have in common. It is nil, the machine's, of a store that has none.
func ClockOf(s Store) write.Clock {
	if timed, ok := s.(interface{ Now() time.Time }); ok {
		return timed.Now
	}
	return nil
}

// For returns the part of a store that a room needs, whose transactions are
// those of the store as the room sees them.
func For[T write.Tx](s Store, as func(Tx) T) Part[T] { return Part[T]{Store: s, as: as} }

// Part is a store as one room sees it.
type Part[T write.Tx] struct {
	Store
	as func(Tx) T
}

// Write runs a transaction: see write.Transactor.
func (p Part[T]) Write(ctx context.Context, fn func(ctx context.Context, tx T) error) error {
	return p.Store.Write(ctx, func(ctx context.Context, tx Tx) error { return fn(ctx, p.as(tx)) })
}

// Rehearse runs a transaction that leaves nothing: see write.Transactor.
func (p Part[T]) Rehearse(ctx context.Context, fn func(ctx context.Context, tx T) error) error {
	return p.Store.Rehearse(ctx, func(ctx context.Context, tx Tx) error { return fn(ctx, p.as(tx)) })
}

// Look runs a transaction that can only read: see write.Transactor.
func (p Part[T]) Look(ctx context.Context, fn func(ctx context.Context, tx T) error) error {
	return p.Store.Look(ctx, func(ctx context.Context, tx Tx) error { return fn(ctx, p.as(tx)) })
}
