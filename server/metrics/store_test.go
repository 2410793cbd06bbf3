package metrics_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/metrics"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/webhook"
)

// silent is a store that does not answer what it is asked of webhooks.
type silent struct{}

func (silent) Waiting() int                                                    { return 7 }
func (silent) TextBacklog(context.Context) (int64, error)                      { return 8, nil }
func (silent) BuildingProperties(context.Context) ([]schema.Property, error)   { return nil, nil }
func (silent) WebhookStanding(context.Context) (s webhook.Standing, err error) { return s, errSilent }

var errSilent = errors.New("no answer")

// A question that is left open is counted once and logged once, however many numbers are
// missing, and the others are there.
func TestQuestionThatIsLeftOpen(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	m := metrics.New(metrics.Build{})
	m.Watch(silent{}, metrics.Database{Kind: "sqlite"}, slog.New(slog.NewTextHandler(&log, nil)))
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	text := answer.Body.String()
	for _, want := range []string{"accountsd_store_queue_length 7", "accountsd_text_index_backlog 8", "accountsd_property_index_backlog 0", "accountsd_store_questions_failed_total 1"} {
		if !strings.Contains(text, "\n"+want+"\n") {
			t.Errorf("lacks %s", want)
		}
	}
	if strings.Contains(text, "accountsd_webhooks_active") {
		t.Error("a number is there that nobody knows")
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 {
		t.Errorf("logged %d lines:\n%s", lines, &log)
	}
}
