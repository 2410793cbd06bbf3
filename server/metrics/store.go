package metrics

import (
	"context"
	"log/slog"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/webhook"
)

// Store is what the metrics ask of a store.
type Store interface {
	observe.Store
	BuildingProperties(ctx context.Context) ([]schema.Property, error)
	WebhookStanding(ctx context.Context) (webhook.Standing, error)
}

// Database is which database a store keeps its records in.
type Database struct {
	Kind   string // sqlite or postgresql
	Schema int    // the version of its schema
}

// Watch asks a store from now on, each time that the metrics are asked for. It must
// be called once, and the store stay open while Handler answers.
func (m *Metrics) Watch(s Store, database Database, log *slog.Logger) {
	m.registry.MustRegister(
		always("database_info", "The kind of the database, and the version of its schema.", prometheus.Labels{"kind": database.Kind, "schema": strconv.Itoa(database.Schema)}),
		&state{store: s, log: log, unknown: prometheus.NewCounter(counter("store_questions_failed_total", "Questions to the store, asked for these metrics, that it did not answer."))},
	)
}

var (
	queueLength     = describe("store_queue_length", "Writes that wait for the store to begin them.")
	textBacklog     = describe("text_index_backlog", "Texts that are not in the index of words yet. A search looks through them one by one.")
	propertyBacklog = describe("property_index_backlog", "Properties whose index is being built.")
	activeWebhooks  = describe("webhooks_active", "Webhooks that changes are sent to.")
	failingWebhooks = describe("webhooks_failing", "Of those, the ones whose next change could not be delivered so far. It is tried again.")
	pausedWebhooks  = describe("webhooks_paused", "Webhooks that a server has paused and nobody has resumed.")
	webhookBacklog  = describe("webhook_backlog", "The changes that follow what was delivered, of the active webhook that is furthest behind.")
)

func describe(name, help string) *prometheus.Desc {
	return prometheus.NewDesc(prometheus.BuildFQName(namespace, "", name), help, nil, nil)
}

// state is how far behind a store is. What it cannot tell is left out, as an old
// number would look as if all was well.
type state struct {
	store   Store
	log     *slog.Logger
	unknown prometheus.Counter
}

// Describe tells what is collected.
func (s *state) Describe(to chan<- *prometheus.Desc) {
	to <- queueLength
	to <- textBacklog
	to <- propertyBacklog
	to <- activeWebhooks
	to <- failingWebhooks
	to <- pausedWebhooks
	to <- webhookBacklog
	s.unknown.Describe(to)
}

// Collect asks the store.
func (s *state) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	to <- gauge(queueLength, s.store.Waiting())
	if texts, err := s.store.TextBacklog(ctx); s.isKnown(err) {
		to <- gauge(textBacklog, texts)
	}
	if building, err := s.store.BuildingProperties(ctx); s.isKnown(err) {
		to <- gauge(propertyBacklog, len(building))
	}
	if webhooks, err := s.store.WebhookStanding(ctx); s.isKnown(err) {
		to <- gauge(activeWebhooks, webhooks.Active)
		to <- gauge(failingWebhooks, webhooks.Failing)
		to <- gauge(pausedWebhooks, webhooks.Paused)
		to <- gauge(webhookBacklog, webhooks.Behind)
	}
	s.unknown.Collect(to)
}

// isKnown tells whether the store has answered a question, and counts it otherwise.
func (s *state) isKnown(err error) bool {
	if err != nil {
		s.unknown.Inc()
		s.log.Warn("the store did not answer what the metrics ask", "error", err)
	}
	return err == nil
}

func gauge[N int | int64](what *prometheus.Desc, value N) prometheus.Metric {
	return prometheus.MustNewConstMetric(what, prometheus.GaugeValue, float64(value))
}
