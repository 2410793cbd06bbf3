package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// bar shows progress on a terminal, and nothing elsewhere.
type bar struct {
	w     io.Writer
	words string
	bar   *progressbar.ProgressBar // nil before the first step, and off a terminal
}

func newBar(w io.Writer, words string) *bar { return &bar{w: w, words: words} }

func (b *bar) set(done, total int64) {
	if b.bar == nil {
		if !isTerminal(b.w) {
			return
		}
		b.bar = progressbar.NewOptions64(total,
			progressbar.OptionSetWriter(b.w),
			progressbar.OptionSetDescription(b.words),
			progressbar.OptionShowCount(),
			progressbar.OptionShowIts(),
			progressbar.OptionSetItsString("rows"),
			progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionClearOnFinish())
	}
	// A bar that cannot be drawn is no reason to stop.
	_ = b.bar.Set64(min(done, total))
}

// finish clears the bar away.
func (b *bar) finish() {
	if b.bar != nil {
		_ = b.bar.Clear()
	}
}
