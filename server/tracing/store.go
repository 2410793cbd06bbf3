package tracing

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store"
)

// The parts of a request that a store has.
const (
	decision = "decision" // on one state of the records
	group    = "group"    // the wait until a write is carried out with others, and committed
)

// Store is a store whose calls have spans, where they are parts of a request that is
// traced.
type Store struct {
	store.Store
	tracer observe.Tracer
}

// WrapStore returns a store with spans.
func WrapStore(s store.Store, tracer observe.Tracer) store.Store { return Store{s, tracer} }

// Look decides.
func (s Store) Look(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.part(ctx, decision, func(ctx context.Context) error { return s.Store.Look(ctx, fn) })
}

// Commit writes what was decided.
func (s Store) Commit(ctx context.Context, set *account.WriteSet) error {
	return s.part(ctx, group, func(ctx context.Context) error { return s.Store.Commit(ctx, set) })
}

// Write decides and writes in one transaction.
func (s Store) Write(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.part(ctx, group, func(ctx context.Context) error { return s.Store.Write(ctx, s.within(fn)) })
}

// Rehearse is Write, but leaves nothing.
func (s Store) Rehearse(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	return s.part(ctx, group, func(ctx context.Context) error { return s.Store.Rehearse(ctx, s.within(fn)) })
}

// within is fn with a span of its own: what is decided in a transaction.
func (s Store) within(fn func(ctx context.Context, tx store.Tx) error) func(ctx context.Context, tx store.Tx) error {
	return func(ctx context.Context, tx store.Tx) error {
		return s.part(ctx, decision, func(ctx context.Context) error { return fn(ctx, tx) })
	}
}

func (s Store) part(ctx context.Context, name string, do func(ctx context.Context) error) error {
	ctx, end := s.tracer.Part(ctx, name)
	err := do(ctx)
	end(err)
	return err
}
