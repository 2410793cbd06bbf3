package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"runtime"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/metrics"
	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/tracing"
	"github.com/accountsd/accountsd/server/webhook"
)

func metricsFlag() *cli.StringFlag {
	return &cli.StringFlag{
		Name: "metrics-addr", Usage: "show metrics for Prometheus at /metrics on `HOST:PORT`, as 127.0.0.1:9464, to whoever can reach it",
		Validator: hasPort, Sources: fromEnv("METRICS_ADDR"),
	}
}

func hasPort(addr string) error {
	if _, _, err := net.SplitHostPort(addr); err != nil {
		return fmt.Errorf("must be an address with a port, as 127.0.0.1:9464; got %q", addr)
	}
	return nil
}

// watchers are who watch a server: as they were asked for, none as a rule.
type watchers struct {
	metrics *metrics.Metrics // nil: nobody counts
	tracer  *tracing.Tracer  // nil: nobody traces
	stop    func()
	logger  *slog.Logger
}

func newWatchers(ctx context.Context, cmd *cli.Command, logger *slog.Logger) (*watchers, error) {
	w := &watchers{logger: logger}
	v := readVersion()
	if cmd.String("metrics-addr") != "" {
		w.metrics = metrics.New(metrics.Build{Version: v.module, Commit: v.commit, Go: runtime.Version()})
	}
	var err error
	w.tracer, w.stop, err = tracing.Start(ctx, v.module, logger)
	return w, err
}

// groups is who is told of what a store commits.
func (w *watchers) groups() observe.Groups {
	if w.metrics == nil {
		return nil
	}
	return w.metrics
}

// traced is a store as it is traced.
func (w *watchers) traced(s store.Store) store.Store {
	if w.tracer == nil {
		return s
	}
	return tracing.WrapStore(s, w.tracer)
}

// mailer is a mailer as it is traced.
func (w *watchers) mailer(to alias.Mailer) alias.Mailer {
	if w.tracer == nil || to == nil {
		return to
	}
	return w.tracer.Mailer(to)
}

// webhooks is who is told of what is sent to webhooks.
func (w *watchers) webhooks() webhook.Watcher {
	told := webhookWatcher{logger: w.logger}
	if w.metrics != nil {
		told.metrics = w.metrics
	}
	return told
}

// watch sets a server up to be watched.
func (w *watchers) watch(config *server.Config) {
	if w.metrics != nil {
		config.Requests = w.metrics
	}
	if w.tracer != nil {
		config.Tracer = w.tracer
	}
}

// watchable is what every store is.
type watchable interface {
	store.Store
	metrics.Store
}

// show shows what there is to see of a server, until stop is called.
func (w *watchers) show(cmd *cli.Command, opened store.Store) (stop func(), err error) {
	if s, ok := opened.(watchable); ok && w.metrics != nil {
		w.metrics.Watch(s, databaseOf(cmd.String("db")), w.logger)
	}
	return serveAside(cmd.String("pprof"), cmd.String("metrics-addr"), w.metrics, w.logger)
}

func databaseOf(db string) metrics.Database {
	kind := "sqlite"
	if isPostgres(db) {
		kind = "postgresql"
	}
	return metrics.Database{Kind: kind, Schema: schemaVersion(db)}
}
