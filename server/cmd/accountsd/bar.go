package main

import (
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/transfer"
)

func progressFlag() *cli.DurationFlag {
	return &cli.DurationFlag{
		Name: "progress", Usage: "where there is no terminal to show it, log the progress after each `DURATION`",
		Value: 5 * time.Second, Validator: positive[time.Duration], Sources: fromEnv("PROGRESS"),
	}
}

// bar shows progress on a terminal, and logs it elsewhere.
type bar struct {
	w     io.Writer
	words string
	log   func(done, total int64)  // nil on a terminal
	bar   *progressbar.ProgressBar // nil before the first step, and off a terminal
}

func newBar(cmd *cli.Command, words string) *bar {
	b := &bar{w: cmd.Root().ErrWriter, words: words}
	if !isTerminal(b.w) {
		b.log = transfer.LogProgress(newLogger(b.w, cmd.String("log-format")), words, time.Now, cmd.Duration("progress"))
	}
	return b
}

func (b *bar) set(done, total int64) {
	if b.log != nil {
		b.log(done, total)
		return
	}
	if b.bar == nil {
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
