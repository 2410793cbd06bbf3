package webhook

import (
	"context"
	"crypto/rand"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/write"
)

// round is one webhook's turn. All but the requests happens in one goroutine.
type round struct {
	*Deliverer
	hook   Webhook
	holder string
	from   int64          // the position at the begin
	done   map[int64]bool // by sequence: whether it is delivered, or else not to be sent
	began  time.Time
	saved  time.Time

	deliveries []Delivery // that are not stored yet
	successes  int
	row        int       // failures since the last success
	failed     *Delivery // the last one that did
	gone       bool      // the receiver wants no more
}

// deliver gives a webhook its turn, if no other server has it, and returns when to look
// whether there is more, which may have come meanwhile, also by another server.
func (d *Deliverer) deliver(ctx context.Context, ref Ref) (next time.Time, err error) {
	now := d.clock.Now()
	r := &round{Deliverer: d, holder: rand.Text(), done: make(map[int64]bool), began: time.Now(), saved: time.Now()}
	err = write.Do(ctx, d.store, func(ctx context.Context, tx Tx) (err error) {
		r.hook, err = tx.ClaimWebhook(ctx, ref, Lease{r.holder, now.Add(d.pace.Lease)}, now)
		return err
	})
	if err != nil {
		if isLost(err) || ctx.Err() != nil {
			err = nil
		}
		return next, err
	}
	r.from = r.hook.Position
	for _, sequence := range r.hook.Ahead {
		r.done[sequence] = true
	}
	if err = r.run(ctx); isLost(err) {
		err = nil
	}
	return r.hook.NextAttempt, err
}

// run delivers window after window until there is no more, something fails, or others
// are to have their turn.
func (r *round) run(ctx context.Context) error {
	for {
		entries, err := r.store.Changes(ctx, r.hook.CompanyID, r.hook.Position, r.pace.Window)
		if err != nil && ctx.Err() == nil {
			return err
		}
		if err := r.deliverAll(ctx, entries); err != nil {
			return err
		}
		r.advance(entries)
		if r.failed != nil || len(entries) < r.pace.Window || ctx.Err() != nil || r.isOver() {
			return r.end()
		}
		if err := r.save(); err != nil {
			return err
		}
	}
}

// isOver tells whether it is the turn of others.
func (r *round) isOver() bool { return time.Since(r.began) > r.pace.Slice }

// lanes are the changes to send: those of one account in order.
func (r *round) lanes(entries []account.HistoryEntry) [][]*account.HistoryEntry {
	var lanes [][]*account.HistoryEntry
	places := make(map[int64]int) // by account
	for i := range entries {
		e := &entries[i]
		switch place, ok := places[e.AccountID]; {
		case r.isDone(e):
		case !r.hook.sends(e):
			r.done[e.Sequence] = false
		case ok:
			lanes[place] = append(lanes[place], e)
		default:
			places[e.AccountID] = len(lanes)
			lanes = append(lanes, []*account.HistoryEntry{e})
		}
	}
	return lanes
}

func (r *round) isDone(e *account.HistoryEntry) bool {
	_, done := r.done[e.Sequence]
	return done
}

// deliverAll sends changes until all are delivered, or enough has failed.
func (r *round) deliverAll(ctx context.Context, entries []account.HistoryEntry) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ticker := time.NewTicker(r.pace.Save)
	defer ticker.Stop()
	var err error
	results, noted := make(chan Delivery), make(chan struct{})
	for r.start(ctx, r.lanes(entries), results, noted); ; {
		var goOn chan<- struct{}
		select {
		case d, more := <-results:
			if !more {
				return err
			}
			r.take(d)
			goOn = noted
		case <-ticker.C:
		}
		if err == nil && r.isToSave() {
			r.advance(entries)
			err = r.save()
		}
		if err != nil || r.row >= r.pace.AtOnce || r.gone || r.isOver() {
			stop()
		}
		if goOn != nil {
			goOn <- struct{}{}
		}
	}
}

// isToSave tells whether there is something to note, or the lease to be made longer.
func (r *round) isToSave() bool {
	since := time.Since(r.saved)
	return since >= r.pace.Save && len(r.deliveries) > 0 || since >= r.pace.Lease/3
}

// start has lanes sent side by side, and what comes of each request put into results. A
// lane ends with the first one that fails, and goes on after another once that is noted:
// if somebody has changed the webhook meanwhile, or has it now, that is known before the
// next request. results is closed when nothing is under way any more.
func (r *round) start(ctx context.Context, lanes [][]*account.HistoryEntry, results chan<- Delivery, noted <-chan struct{}) {
	go func() {
		defer close(results)
		free := make(chan struct{}, r.pace.AtOnce)
		for _, lane := range lanes {
			select {
			case <-ctx.Done():
			case free <- struct{}{}:
				go func() {
					r.sendLane(ctx, lane, results, noted)
					<-free
				}()
			}
		}
		for range cap(free) {
			free <- struct{}{}
		}
	}()
}

func (r *round) sendLane(ctx context.Context, lane []*account.HistoryEntry, results chan<- Delivery, noted <-chan struct{}) {
	for _, e := range lane {
		if ctx.Err() != nil {
			return
		}
		// What is under way is waited for: else nobody knew whether it was delivered.
		d := send(context.WithoutCancel(ctx), r.courier, r.clock, &r.hook, e)
		results <- d
		<-noted
		if d.Failure != "" {
			return
		}
	}
}

// take notes what came of a request.
func (r *round) take(d Delivery) {
	r.watcher.Delivered(d)
	r.deliveries = append(r.deliveries, d)
	if len(r.deliveries) > KeptDeliveries {
		r.deliveries = r.deliveries[1:]
	}
	if d.Failure == "" {
		r.done[d.Sequence] = true
		r.successes++
		r.row = 0
		return
	}
	r.failed = &d
	r.row++
	r.gone = r.gone || d.Status == statusGone
}

const statusGone = 410

// advance moves the position over all that is done, and keeps what is delivered beyond it.
func (r *round) advance(entries []account.HistoryEntry) {
	h := &r.hook
	for i := range entries {
		if entries[i].Sequence <= h.Position {
			continue
		}
		if !r.isDone(&entries[i]) {
			break
		}
		h.Position = entries[i].Sequence
	}
	h.Ahead = []int64{}
	for sequence, delivered := range r.done {
		switch {
		case sequence <= h.Position:
			delete(r.done, sequence)
		case delivered:
			h.Ahead = append(h.Ahead, sequence)
		}
	}
	slices.Sort(h.Ahead)
}

// end gives the webhook back, with when to go on.
func (r *round) end() error {
	now := r.clock.Now()
	r.conclude(now)
	err := r.storeProgress(Lease{Until: now})
	if err == nil && r.hook.PausedAt.Equal(now) {
		r.watcher.Paused(r.hook)
	}
	return err
}

// conclude decides when to go on, or that it is enough.
func (r *round) conclude(now time.Time) {
	h := &r.hook
	if r.failed == nil {
		if r.successes > 0 || h.Position > r.from {
			h.retry()
		}
		return
	}
	if r.successes > 0 {
		h.Failures = 0
	}
	if h.Position > r.from || h.FailingSince.IsZero() {
		h.FailingSince = now
	}
	h.Failures++
	h.NextAttempt = now.Add(max(r.pace.backoff(h.Failures, r.longestPause()), min(r.failed.RetryAfter, maxRetryAfter)))
	switch {
	case r.gone:
		h.pause(PauseGone, now)
	case now.Sub(h.FailingSince) >= GiveUp:
		h.pause(PauseFailing, now)
	}
}

// longestPause is short for a receiver that has taken what follows the change that fails:
// what others change should not wait for that one.
func (r *round) longestPause() time.Duration {
	if len(r.hook.Ahead) > 0 && r.row < r.pace.AtOnce {
		return r.pace.Beside
	}
	return r.pace.Last
}

// save notes how far the webhook has come, and keeps it for longer.
func (r *round) save() error {
	return r.storeProgress(Lease{r.holder, r.clock.Now().Add(r.pace.Lease)})
}

// storeProgress stores how far the webhook has come, what it was sent, and who has it from
// now on. A server that stops does that, too.
func (r *round) storeProgress(next Lease) error {
	ctx, cancel := context.WithTimeout(context.Background(), storeTime)
	defer cancel()
	err := write.Do(ctx, r.store, func(ctx context.Context, tx Tx) error {
		if r.hook.PauseReason != "" {
			if err := r.notePause(ctx, tx); err != nil {
				return err
			}
		}
		if err := tx.SaveProgress(ctx, r.hook, r.holder, next); err != nil {
			return err
		}
		return tx.AddDeliveries(ctx, Ref{r.hook.CompanyID, r.hook.ID}, r.deliveries)
	})
	if err == nil {
		r.deliveries, r.saved = nil, time.Now()
	}
	return err
}

// notePause adds to the audit log that the server has paused the webhook. It locks the
// company before the webhook, as all do who write both.
func (r *round) notePause(ctx context.Context, tx Tx) error {
	h := &r.hook
	if _, err := tx.WebhookForUpdate(ctx, h.CompanyID, h.ID); err != nil {
		return err
	}
	return audit.Add(ctx, tx, audit.Entry{
		CompanyID: h.CompanyID, At: h.PausedAt, Action: audit.WebhookPaused, Subject: audit.Subject{ID: h.ID, Name: hostOf(h.URL)},
		Details: map[string]any{"reason": string(h.PauseReason), "failures": h.Failures, "answer": map[string]any{"status": r.failed.Status, "failure": string(r.failed.Failure)}},
	})
}
