package engine

import (
	"context"
	"os"
	"time"
)

const (
	// look is the pause of who waits for a turn or a lock that others have for some
	// milliseconds. SQLite's own pauses grow to a tenth of a second.
	look = time.Millisecond
	// patience bounds how long is waited for a turn: it may be another file's.
	patience = 100 * time.Millisecond
)

// Turn is whose turn it is to write, of the processes that write to the files of a
// directory. SQLite gives its lock to whoever looks while it is free, and next to a
// process that has always more to write that is hardly ever another one. Whoever waits
// for the lock has the turn meanwhile, so that the one that wrote last waits for that.
// It is a courtesy: where it cannot be had, or not in time, SQLite's lock does without.
type Turn struct {
	dir *os.File // nil: it cannot be had
}

// OpenTurn returns the turn of a directory. It is the caller's to close.
func OpenTurn(dir string) *Turn {
	file, err := os.Open(dir)
	if err != nil {
		return &Turn{}
	}
	return &Turn{file}
}

// Close gives up the turn.
func (t *Turn) Close() error {
	if t.dir == nil {
		return nil
	}
	return t.dir.Close()
}

// take waits for the turn, which give must follow.
func (t *Turn) take() {
	for end := time.Now().Add(patience); t.dir != nil && isTaken(t.dir) && time.Now().Before(end); {
		time.Sleep(look)
	}
}

func (t *Turn) give() {
	if t.dir != nil {
		release(t.dir)
	}
}

// Begin begins a transaction that may write, in turn with other processes.
func (c *Conn) Begin(ctx context.Context, turn *Turn) error {
	turn.take()
	defer turn.give()
	c.conn.SetBusyTimeout(0)
	defer c.conn.SetBusyTimeout(c.wait)
	for end := time.Now().Add(c.wait); ; {
		err := c.Exec(ctx, Begin)
		if err == nil || !IsBusy(err) || time.Now().After(end) {
			return err
		}
		time.Sleep(look)
	}
}
