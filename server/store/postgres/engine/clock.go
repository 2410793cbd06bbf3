package engine

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
)

// clockSlack is how far the clock of this machine may be from that of the database, and
// still be the one that is gone by.
const clockSlack = 5 * time.Second

// clock is the time that all servers of a database have: that of this machine, or where
// that is off, the database's. What one server writes others compare with their own time:
// leases, pauses, dates. A server whose clock was an hour ahead took the leases of all
// others, and kept logins waiting for an hour.
type clock struct {
	machine func() time.Time
	ahead   atomic.Int64 // how far the database is ahead of the machine, if that is to count
}

// Now returns the time.
func (c *clock) Now() time.Time { return c.machine().Add(time.Duration(c.ahead.Load())) }

// note takes note of how far the database is ahead, give or take a margin, and returns
// whether the time is another one now.
func (c *clock) note(ahead, margin time.Duration) (changed bool) {
	before := time.Duration(c.ahead.Load())
	switch {
	case ahead.Abs() <= clockSlack+margin:
		ahead = 0
	case (ahead - before).Abs() <= clockSlack+margin:
		ahead = before
	}
	c.ahead.Store(int64(ahead))
	return ahead != before
}

var selectClock = db.Statement{Thing: "time", Text: `SELECT clock_timestamp()`}

// SetClock compares the clock of this machine with that of the database. It returns how
// far that one is ahead, if it is the one to go by, and whether that is new.
func (e *Engine) SetClock(ctx context.Context) (ahead time.Duration, changed bool, err error) {
	conn, err := e.pool.Acquire(ctx)
	if err != nil {
		return 0, false, Interpret(ctx, err, selectClock)
	}
	defer conn.Release()
	var there time.Time
	began, here := time.Now(), e.machine()
	if err := conn.QueryRow(ctx, selectClock.Text).Scan(&there); err != nil {
		return 0, false, Interpret(ctx, err, selectClock)
	}
	margin := time.Since(began) / 2
	changed = e.note(there.Sub(here.Add(margin)), margin)
	return time.Duration(e.ahead.Load()), changed, nil
}
