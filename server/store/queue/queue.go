// Package queue holds calls until those take them who carry them out together.
package queue

import (
	"context"
	"sync"
	"sync/atomic"
)

// Call is one that waits to be carried out. Either the one who takes it gets it, or
// its caller gives it up.
type Call struct {
	ctx   context.Context
	state atomic.Int32
	done  chan error // holds one, since the caller may be gone
}

// The states of a call. Both moves away from waiting are atomic.
const (
	waiting int32 = iota
	claimed
	abandoned
)

// NewCall returns a call that its caller waits for as long as a context lasts.
func NewCall(ctx context.Context) *Call { return &Call{ctx: ctx, done: make(chan error, 1)} }

// Context is the caller's.
func (c *Call) Context() context.Context { return c.ctx }

// Claim takes the call, which must then be answered. It is false if the caller has
// given it up.
func (c *Call) Claim() bool { return c.state.CompareAndSwap(waiting, claimed) }

// Answer ends the call. It must be called once.
func (c *Call) Answer(err error) { c.done <- err }

// Wait returns the answer. If the context ends before the call was claimed, it
// returns the context's error, and the call is not carried out.
func (c *Call) Wait() error {
	select {
	case err := <-c.done:
		return err
	case <-c.ctx.Done():
		if c.state.CompareAndSwap(waiting, abandoned) {
			return c.ctx.Err()
		}
		return <-c.done
	}
}

// Queue holds what has not been taken yet, oldest first.
type Queue[T any] struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []T
	closed  bool
}

// New returns an empty queue.
func New[T any]() *Queue[T] {
	q := &Queue[T]{}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// Push adds an item. It is false once the queue is closed.
func (q *Queue[T]) Push(item T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, item)
	q.changed.Signal()
	return true
}

// Wait takes the oldest item, and waits for one if there is none. It is false once
// the queue is closed and empty.
func (q *Queue[T]) Wait() (T, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.changed.Wait()
	}
	return q.take()
}

// Poll takes the oldest item. It is false if there is none.
func (q *Queue[T]) Poll() (T, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.take()
}

func (q *Queue[T]) take() (item T, ok bool) {
	if len(q.waiting) == 0 {
		return item, false
	}
	var none T
	item, q.waiting[0] = q.waiting[0], none // so that the slice does not keep it
	q.waiting = q.waiting[1:]
	return item, true
}

// Close refuses items to come; those waiting stay to be taken.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}

// Len returns how many items wait.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
