package commit

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/sqlite/engine"
)

// The write-ahead log must stay small: it is read on every start after a
// crash, and takes room on the disk. Checkpoints in the background copy it to
// the database, but only while nobody writes can it start again from its
// beginning. So past restartPages the writer pauses for one that does, which
// has little left to copy. The distance to 64 MB is for readers that delay it.
const (
	walFrame     = 4096 + 24             // a page and its header
	restartPages = (32 << 20) / walFrame // 32 MB
	retryPages   = (1 << 20) / walFrame  // between two tries, so that a slow reader does not stop all writes
)

// checkpointTimeout is how long a checkpoint waits for readers to move on. The
// writer may be waiting for it.
const checkpointTimeout = 100 * time.Millisecond

// Source is for the writer's connection to the file at an absolute path. SQLite
// cuts a log that has grown larger to the size from which on it restarts.
func Source(path string, limits Limits) engine.Source {
	return engine.File(path, engine.LockTimeout,
		"journal_mode(WAL)",
		"foreign_keys(1)",
		"synchronous(FULL)",
		"cache_size(-16000)",
		"temp_store(MEMORY)",    // each savepoint keeps the pages that it changes
		"wal_autocheckpoint(0)", // the checkpointer does it
		fmt.Sprintf("journal_size_limit(%d)", limits.RestartPages*walFrame))
}

// CheckpointSource is for the connection for checkpoints.
func CheckpointSource(path string) engine.Source {
	return engine.File(path, checkpointTimeout, "foreign_keys(1)", "synchronous(FULL)", "cache_size(-100)", "wal_autocheckpoint(0)")
}

// checkpointer copies the log to the database, on a connection of its own.
type checkpointer struct {
	conn   *engine.Conn
	limits Limits
	wake   chan struct{}
	done   chan struct{}

	mu        sync.Mutex   // one checkpoint at a time
	written   atomic.Int64 // pages that the writer wrote, ever
	copied    atomic.Int64 // written, when the last background checkpoint began
	restarted atomic.Int64 // written, less the pages in the log

	retryAt int64 // written, when the writer may pause again; the writer's own
}

func newCheckpointer(conn *engine.Conn, limits Limits) *checkpointer {
	return &checkpointer{conn: conn, limits: limits, wake: make(chan struct{}, 1), done: make(chan struct{})}
}

// run does the checkpoints of the background until stop. One that fails loses
// nothing: the log stays, and the next one copies it.
func (c *checkpointer) run() {
	defer close(c.done)
	for range c.wake {
		c.copied.Store(c.written.Load())
		_ = c.checkpoint("PASSIVE")
	}
}

// stop ends run. The writer must have stopped before.
func (c *checkpointer) stop() {
	close(c.wake)
	<-c.done
}

// wrote tells of pages that the writer added to the log. It must be called
// between transactions, and pauses the writer when the log has to restart.
func (c *checkpointer) wrote(pages int64) {
	written := c.written.Add(pages)
	if written-c.restarted.Load() >= c.limits.RestartPages && written >= c.retryAt {
		c.retryAt = written + min(retryPages, c.limits.RestartPages)
		_ = c.checkpoint("RESTART")
		return
	}
	if written-c.copied.Load() < c.limits.PassivePages {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default: // it is awake
	}
}

// checkpoint runs one checkpoint. That readers or other processes kept it from
// finishing is not an error.
func (c *checkpointer) checkpoint(mode string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	written := c.written.Load()
	var busy, pages, done int64
	st := db.Statement{Thing: "checkpoint", Text: "PRAGMA wal_checkpoint(" + mode + ")"}
	err := c.conn.Get(context.Background(), st, nil, &busy, &pages, &done)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if mode != "PASSIVE" && busy == 0 {
		pages = 0 // the log starts again
	}
	c.restarted.Store(written - pages)
	return nil
}
