// Package tracing writes spans of what a server does with requests, and sends them by
// OpenTelemetry's protocol, as the variables OTEL_* say.
package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

const scope = "github.com/accountsd/accountsd/server/tracing"

// Wanted tells whether the environment asks for traces. An error is of what it asks
// for and cannot have.
func Wanted(env func(name string) string) (bool, error) {
	exporter := env("OTEL_TRACES_EXPORTER")
	named := env("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
	switch {
	case strings.EqualFold(env("OTEL_SDK_DISABLED"), "true"), exporter == "none", exporter == "" && !named:
		return false, nil
	case exporter != "" && exporter != "otlp":
		return false, fmt.Errorf("OTEL_TRACES_EXPORTER must be otlp or none; got %q", exporter)
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"} {
		switch protocol := env(name); protocol {
		case "":
			continue
		case "http/protobuf":
			return true, nil
		default:
			return false, fmt.Errorf("%s must be http/protobuf; got %q", name, protocol)
		}
	}
	return true, nil
}

// Start returns what traces as the environment says, and sends what it has in the
// background until stop is called, which sends the rest. It is nil if no traces are
// wanted. What is wrong with what is sent goes to the log.
func Start(ctx context.Context, version string, log *slog.Logger) (t *Tracer, stop func(), err error) {
	if wanted, err := Wanted(os.Getenv); !wanted {
		return nil, func() {}, err
	}
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("set up the traces: %w", err)
	}
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "accountsd"), attribute.String("service.version", version)),
		resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv()) // The later ones prevail.
	if err != nil && !errors.Is(err, resource.ErrPartialResource) {
		return nil, nil, fmt.Errorf("set up the traces: %w", err)
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are not sent", "error", err) }))
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(about))
	t = &Tracer{tracer: provider.Tracer(scope), propagator: propagation.TraceContext{}}
	return t, func() { shutDown(provider, log) }, nil
}

// sendingTime is how long the end of a process may wait for the last spans.
const sendingTime = 5 * time.Second

func shutDown(provider *trace.TracerProvider, log *slog.Logger) {
	ctx, cancel := context.WithTimeout(context.Background(), sendingTime)
	defer cancel()
	if err := provider.Shutdown(ctx); err != nil {
		log.Warn("the last traces were not sent", "error", err)
	}
}
