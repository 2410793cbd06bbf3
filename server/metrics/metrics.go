// Package metrics counts what a server does, for Prometheus. No label of its metrics
// grows with users, companies, keys or paths.
package metrics

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/accountsd/accountsd/server/observe"
)

// namespace is what the names of all metrics begin with.
const namespace = "accountsd"

// The bounds of histograms, in seconds: requests from that of a read in memory to
// that of --timeout, commits from that of a disk with a cache to one that is about
// to fail.
var (
	requestBounds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}
	commitBounds  = []float64{.00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}
	groupBounds   = []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}
)

// Build is what a binary knows of its making.
type Build struct{ Version, Commit, Go string }

// Metrics counts requests and groups, and asks a store when it is asked itself.
type Metrics struct {
	registry *prometheus.Registry

	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
	underWay  prometheus.Gauge
	alias     prometheus.Counter
	logins    *prometheus.CounterVec
	keys      prometheus.Counter
	limited   prometheus.Counter

	deliveries     *prometheus.CounterVec
	deliveryTime   prometheus.Histogram
	webhooksPaused prometheus.Counter

	groupSize, commitTime        prometheus.Histogram
	groupsRedone, groupsFailed   prometheus.Counter
	missed                       prometheus.Counter
	loginsWrong, loginsSuspended prometheus.Counter
}

var (
	_ observe.Requests = (*Metrics)(nil)
	_ observe.Groups   = (*Metrics)(nil)
	_ observe.Webhooks = (*Metrics)(nil)
)

// New returns metrics that are all at zero.
func New(build Build) *Metrics {
	m := &Metrics{
		registry:  prometheus.NewRegistry(),
		requests:  prometheus.NewCounterVec(counter("requests_total", "Requests that were answered, by operation and status."), []string{"operation", "status"}),
		durations: prometheus.NewHistogramVec(histogram("request_duration_seconds", "The time from the arrival of a request to its answer, by operation.", requestBounds), []string{"operation"}),
		underWay:  prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace, Name: "requests_under_way", Help: "Requests that have arrived and are not answered yet."}),
		alias:     prometheus.NewCounter(counter("alias_requests_total", "Requests that came by /clients, the former path of /accounts.")),
		logins:    prometheus.NewCounterVec(counter("logins_refused_total", "Logins that were refused: with a wrong password (wrong), or after too many of these (limited)."), []string{"reason"}),
		keys:      prometheus.NewCounter(counter("keys_refused_total", "Requests without a key, or with one that is unknown, expired or revoked.")),
		limited:   prometheus.NewCounter(counter("requests_over_limit_total", "Requests that were refused since their key had sent too many, in a second or in a day.")),

		deliveries:     prometheus.NewCounterVec(counter("webhook_requests_total", "Requests to the receivers of webhooks, by what came of them: delivered, or why not (status, timeout, connection, tls, address)."), []string{"outcome"}),
		deliveryTime:   prometheus.NewHistogram(histogram("webhook_request_duration_seconds", "The time that receivers of webhooks took to answer.", requestBounds)),
		webhooksPaused: prometheus.NewCounter(counter("webhooks_paused_total", "Webhooks that this server has paused, since their receivers took nothing for days or wanted no more.")),

		groupSize:    prometheus.NewHistogram(histogram("store_group_writes", "Writes that the store carried out in one transaction.", groupBounds)),
		commitTime:   prometheus.NewHistogram(histogram("store_commit_seconds", "The time that the database took to keep a group for good. On PostgreSQL it has that of writing it as well.", commitBounds)),
		groupsRedone: prometheus.NewCounter(counter("store_groups_redone_total", "Groups that ran again, since a write of them had failed or the database asked for it.")),
		groupsFailed: prometheus.NewCounter(counter("store_groups_failed_total", "Groups of which nothing was written, as when the disk is full or the database away.")),
		missed:       prometheus.NewCounter(counter("store_writes_missed_total", "Writes that were decided on what had changed since, and were decided again.")),
	}
	m.loginsWrong, m.loginsSuspended = m.logins.WithLabelValues("wrong"), m.logins.WithLabelValues("limited")
	m.deliveries.WithLabelValues(delivered) // so that it is there from the beginning
	m.registry.MustRegister(
		m.requests, m.durations, m.underWay, m.alias, m.logins, m.keys, m.limited,
		m.deliveries, m.deliveryTime, m.webhooksPaused,
		m.groupSize, m.commitTime, m.groupsRedone, m.groupsFailed, m.missed,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		always("build_info", "What was built, from which commit, by which Go.", prometheus.Labels{"version": build.Version, "commit": build.Commit, "go_version": build.Go}),
	)
	return m
}

func counter(name, help string) prometheus.CounterOpts {
	return prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}
}

func histogram(name, help string, bounds []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help, Buckets: bounds}
}

// always is 1, and tells something by its labels.
func always(name, help string, labels prometheus.Labels) prometheus.Collector {
	opts := prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help, ConstLabels: labels}
	return prometheus.NewGaugeFunc(opts, func() float64 { return 1 })
}

// scrapes are how many may ask at once. Each asks the store.
const scrapes = 2

// Handler answers what the metrics are now.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: scrapes, ErrorHandling: promhttp.ContinueOnError, Registry: m.registry})
}

// Began counts a request that has arrived.
func (m *Metrics) Began() { m.underWay.Inc() }

// Ended counts a request that has been answered.
func (m *Metrics) Ended(r observe.Request) {
	m.underWay.Dec()
	m.requests.WithLabelValues(r.Operation, statusText(r.Status)).Inc()
	m.durations.WithLabelValues(r.Operation).Observe(r.Took.Seconds())
	if r.Alias {
		m.alias.Inc()
	}
	switch r.Refusal {
	case observe.WrongLogin:
		m.loginsWrong.Inc()
	case observe.LimitedLogin:
		m.loginsSuspended.Inc()
	case observe.WrongKey:
		m.keys.Inc()
	case observe.OverLimit:
		m.limited.Inc()
	}
}

// texts are those of the statuses that there are, so that none is made anew.
var texts = func() (texts [600]string) {
	for i := range texts {
		texts[i] = strconv.Itoa(i)
	}
	return texts
}()

func statusText(status int) string {
	if status < 0 || status >= len(texts) {
		return "other"
	}
	return texts[status]
}

// Committed counts a group.
func (m *Metrics) Committed(g observe.Group) {
	m.groupSize.Observe(float64(g.Writes))
	m.missed.Add(float64(g.Missed))
	if g.Commit > 0 && !g.Failed {
		m.commitTime.Observe(g.Commit.Seconds())
	}
	if g.Failed {
		m.groupsFailed.Inc()
	}
}

// Delivered counts a request to the receiver of a webhook.
func (m *Metrics) Delivered(failure string, took time.Duration) {
	m.deliveries.WithLabelValues(cmp.Or(failure, delivered)).Inc()
	m.deliveryTime.Observe(took.Seconds())
}

// Paused counts a webhook that was paused.
func (m *Metrics) Paused() { m.webhooksPaused.Inc() }

// delivered is the outcome of a request that has not failed.
const delivered = "delivered"

// Redone counts a group that runs again.
func (m *Metrics) Redone() { m.groupsRedone.Inc() }

// askTime is how long a store may take to answer. Prometheus gives a server ten
// seconds for all.
const askTime = 3 * time.Second
