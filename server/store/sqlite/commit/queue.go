package commit

import "sync"

// queue holds the requests that the writer has not taken yet, oldest first.
type queue struct {
	mu      sync.Mutex
	changed *sync.Cond
	waiting []*request
	closed  bool
}

func newQueue() *queue {
	q := &queue{}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// push adds a request. The answer is false once the queue is closed.
func (q *queue) push(r *request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, r)
	q.changed.Signal()
	return true
}

// wait takes the oldest request, and waits for one if there is none. It
// returns nil once the queue is closed and empty.
func (q *queue) wait() *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.changed.Wait()
	}
	return q.take()
}

// poll takes the oldest request, or returns nil if there is none.
func (q *queue) poll() *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.take()
}

func (q *queue) take() *request {
	if len(q.waiting) == 0 {
		return nil
	}
	r := q.waiting[0]
	q.waiting[0] = nil // so that the slice does not keep it
	q.waiting = q.waiting[1:]
	return r
}

// close refuses requests to come; those waiting stay to be taken.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Signal()
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}
