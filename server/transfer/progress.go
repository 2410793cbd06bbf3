package transfer

import (
	"log/slog"
	"time"
)

// LogProgress returns what writes to a log how far an import or an export has
// come, after each interval and not at the end: the rows of this run in a
// second, and the time that the others will take.
func LogProgress(log *slog.Logger, words string, clock func() time.Time, interval time.Duration) func(done, total int64) {
	var start, last time.Time
	var before int64 // rows of earlier runs
	return func(done, total int64) {
		now := clock()
		if start.IsZero() {
			start, last, before = now, now, done
		}
		if now.Sub(last) < interval || done == before || done >= total {
			return
		}
		last = now
		perSecond := float64(done-before) / now.Sub(start).Seconds()
		left := time.Duration(float64(total-done) / perSecond * float64(time.Second))
		log.Info(words, "rows", done, "total", total, "rowsPerSecond", int64(perSecond), "left", left.Round(time.Second).String())
	}
}
