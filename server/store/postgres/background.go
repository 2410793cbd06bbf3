package postgres

import (
	"context"
	"time"
)

// The pauses of what runs in the background.
const (
	afterSome    = 200 * time.Millisecond // so that the next texts share a round
	afterNothing = 5 * time.Second        // unless texts are written here: those of a server that has gone are found nevertheless
	afterError   = time.Second
	dropEvery    = 10 * time.Minute
	measureEvery = time.Second
)

// unhurried are how many rounds that leave something may be followed by a pause. Then
// the index is falling behind, and searches have more and more to look through.
const unhurried = 2

// work does what answers do not wait for, until ctx ends. In quiet it only takes
// statistics, without which a file is not imported in time.
func (s *Store) work(ctx context.Context, quiet bool) {
	var dropped, measured time.Time
	texts := indexer{store: s}
	full := 0 // rounds that left something, one after the other
	for {
		began := time.Now()
		var n int
		var more bool
		var err error
		if !quiet {
			n, more, err = texts.round(ctx)
		}
		pause := time.Since(began) // It takes at most half of a processor, while that is enough.
		if (n > 0 || quiet) && time.Since(measured) > measureEvery && err == nil {
			measured, err = time.Now(), s.takeStatistics(ctx)
		}
		if time.Since(dropped) > dropEvery && err == nil && !quiet {
			dropped, err = time.Now(), s.engine.DropNames(ctx)
		}
		isIdle := n == 0 && !more && err == nil && !quiet
		switch {
		case err != nil:
			pause = afterError
		case n < mergedAtOnce:
			pause, full = max(pause, afterSome), 0
		case full < unhurried:
			full++
		default:
			pause = 0
		}
		if !rest(ctx, pause, nil) || isIdle && !rest(ctx, afterNothing, s.woken) {
			return
		}
	}
}

// rest waits for a pause to be over, or to be woken. It is false if ctx has ended.
func rest(ctx context.Context, pause time.Duration, woken <-chan struct{}) bool {
	select {
	case <-ctx.Done():
		return false
	case <-woken:
	case <-time.After(pause):
	}
	return true
}

// wake has texts indexed that were written.
func (s *Store) wake() {
	s.written.Store(true)
	select {
	case s.woken <- struct{}{}:
	default: // It is to look already.
	}
}
