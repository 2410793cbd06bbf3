package engine

import (
	"time"

	"github.com/accountsd/accountsd/server/observe"
)

// Tell tells the watcher what became of writes that were sent together at a time, and
// of how many of them nothing was written.
func (e *Engine) Tell(sent time.Time, writes, missed int, err error) {
	if e.config.Watcher == nil {
		return
	}
	e.config.Watcher.Committed(observe.Group{Writes: writes, Missed: missed, Failed: err != nil, Commit: time.Since(sent)})
}

func (e *Engine) tellRedone() {
	if e.config.Watcher != nil {
		e.config.Watcher.Redone()
	}
}

// Waiting is how many transactions wait for their turn.
func (e *Engine) Waiting() int { return int(e.waiting.Load()) }
