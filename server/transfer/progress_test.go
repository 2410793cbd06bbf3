package transfer_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/transfer"
)

// An import that goes on where another was interrupted is as fast as it is now.
func TestLogProgress(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Date(2026, 11, 24, 16, 5, 12, 0, time.UTC)
	set := transfer.LogProgress(slog.New(slog.NewJSONHandler(&log, nil)), "importing", func() time.Time { return now }, 5*time.Second)
	for _, step := range []struct {
		after time.Duration
		done  int64
	}{{0, 1000}, {4 * time.Second, 1400}, {time.Second, 1500}, {time.Second, 1600}, {4 * time.Second, 3000}, {time.Hour, 10_000}} {
		now = now.Add(step.after)
		set(step.done, 10_000)
	}
	var got []string
	for line := range strings.Lines(log.String()) {
		var l struct {
			Msg                        string
			Rows, Total, RowsPerSecond int64
			Left                       string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(l))
	}
	if want := "{importing 1500 10000 100 1m25s} {importing 3000 10000 200 35s}"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
