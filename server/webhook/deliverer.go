package webhook

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/write"
)

// Pace is how fast webhooks are delivered.
type Pace struct {
	Poll   time.Duration // looks for webhooks that are due, unless something is written here
	Lease  time.Duration // after it another server goes on where this one has stopped; it is made longer in time
	Save   time.Duration // notes how far it has come, at least so often
	Slice  time.Duration // of one webhook, until others have their turn
	First  time.Duration // pause after a failure; the next ones double
	Last   time.Duration // pause that is not exceeded, unless the receiver asks for more
	Beside time.Duration // the same, while the receiver takes changes of other accounts
	Window int           // changes beyond the position that are looked at
	AtOnce int           // requests to one webhook at once, each about another account; so many failures in a row end its turn
	Rounds int           // webhooks that are delivered at once
}

// DefaultPace is that of a server.
var DefaultPace = Pace{
	Poll: 2 * time.Second, Lease: 15 * time.Second, Save: time.Second, Slice: 20 * time.Second,
	First: time.Second, Last: time.Hour, Beside: time.Minute, Window: 100, AtOnce: 8, Rounds: 256,
}

const (
	settle        = 20 * time.Millisecond // after a commit, so that those beside it are looked at with it
	maxRetryAfter = 24 * time.Hour        // that a receiver can ask for
	storeTime     = 10 * time.Second      // in which a store must have noted what was sent
)

// Watcher is told of what is delivered. It is called by many rounds at once.
type Watcher interface {
	// Delivered is called after each request.
	Delivered(d Delivery)

	// Paused is called when the server has paused a webhook.
	Paused(w Webhook)

	// Failed is called when a store did not answer: about a webhook, which is tried
	// again, or which are due, and then without one.
	Failed(ref Ref, err error)
}

// Unwatched is a Watcher for nobody.
type Unwatched struct{}

// Delivered does nothing.
func (Unwatched) Delivered(Delivery) {}

// Paused does nothing.
func (Unwatched) Paused(Webhook) {}

// Failed does nothing.
func (Unwatched) Failed(Ref, error) {}

// Deliverer delivers the webhooks of a store. Several servers may share it: each webhook
// is delivered by one of them at a time. While nothing is due, it asks the store now and
// then, and nothing else.
type Deliverer struct {
	store   Store
	courier Courier
	clock   write.Clock
	pace    Pace
	watcher Watcher

	woken  chan struct{}
	active atomic.Bool // whether there is a webhook that is not paused, as far as is known

	mu      sync.Mutex
	running map[Ref]bool
	rounds  sync.WaitGroup
}

// NewDeliverer returns a deliverer, which Run sets to work.
func NewDeliverer(store Store, courier Courier, clock write.Clock, pace Pace, watcher Watcher) *Deliverer {
	return &Deliverer{
		store: store, courier: courier, clock: clock, pace: pace, watcher: watcher,
		woken: make(chan struct{}, 1), running: make(map[Ref]bool),
	}
}

// Wake has the deliverer look for what is due, since something was written. It costs next
// to nothing where there is no webhook.
func (d *Deliverer) Wake() {
	if d.active.Load() {
		d.wake()
	}
}

func (d *Deliverer) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends, and then until the requests under way are answered.
func (d *Deliverer) Run(ctx context.Context) {
	ticker := time.NewTicker(d.pace.Poll)
	defer ticker.Stop()
	defer d.rounds.Wait()
	for {
		d.begin(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			continue
		case <-d.woken:
		}
		select {
		case <-ctx.Done():
		case <-time.After(settle):
		}
	}
}

// begin begins a round of each webhook that is due.
func (d *Deliverer) begin(ctx context.Context) {
	due, err := d.due(ctx)
	if err != nil {
		if ctx.Err() == nil {
			d.watcher.Failed(Ref{}, err)
		}
		return
	}
	for _, ref := range due {
		if !d.enter(ref) {
			continue
		}
		d.rounds.Go(func() {
			next, err := d.deliver(ctx, ref)
			d.leave(ref)
			pause := max(0, next.Sub(d.clock.Now()))
			switch {
			case err != nil:
				d.watcher.Failed(ref, err)
			case pause < d.pace.Poll:
				time.AfterFunc(pause, d.wake)
			}
		})
	}
}

func (d *Deliverer) due(ctx context.Context) ([]Ref, error) {
	standing, err := d.store.WebhookStanding(ctx)
	if err != nil {
		return nil, err
	}
	d.active.Store(standing.Active > 0)
	if standing.Active == 0 {
		return nil, nil
	}
	return d.store.DueWebhooks(ctx, d.clock.Now(), 2*d.pace.Rounds)
}

// enter takes a webhook on, unless it is or there are too many.
func (d *Deliverer) enter(ref Ref) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.running[ref] || len(d.running) >= d.pace.Rounds {
		return false
	}
	d.running[ref] = true
	return true
}

func (d *Deliverer) leave(ref Ref) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.running, ref)
}

// backoff is the pause after so many failures in a row, up to the last one, give or take
// a fifth, so that receivers with one cause to fail are not all asked again at once.
func (p Pace) backoff(failures int, last time.Duration) time.Duration {
	pause := min(p.First<<min(max(failures-1, 0), 20), last)
	return time.Duration(float64(pause) * (0.8 + 0.4*rand.Float64()))
}

// isLost tells whether somebody else has the webhook now, or it is gone.
func isLost(err error) bool { return fault.IsNotFound(err) }
