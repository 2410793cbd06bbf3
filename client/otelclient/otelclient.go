// Package otelclient traces the requests of a client with OpenTelemetry. It is a
// module of its own, so that programs without OpenTelemetry do not link it.
//
//	c, err := client.New(url, client.WithAPIKey(key), client.WithMiddleware(otelclient.Middleware()))
package otelclient

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

const scope = "github.com/accountsd/accountsd/client/otelclient"

// Option is an option of [Middleware].
type Option func(*transport)

// WithTracerProvider traces with a provider other than the global one.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(t *transport) { t.tracer = provider.Tracer(scope) }
}

// WithPropagator tells the server of the trace in another way than the global
// one.
func WithPropagator(propagator propagation.TextMapPropagator) Option {
	return func(t *transport) { t.propagator = propagator }
}

// Middleware returns what client.WithMiddleware takes. Each attempt of a call is
// a span, named by the method and the path with ids and values left out; the query,
// which may hold personal data, is not recorded either.
func Middleware(options ...Option) func(http.RoundTripper) http.RoundTripper {
	return func(next http.RoundTripper) http.RoundTripper {
		t := &transport{next: next, tracer: otel.Tracer(scope), propagator: otel.GetTextMapPropagator()}
		for _, option := range options {
			option(t)
		}
		return t
	}
}

type transport struct {
	next       http.RoundTripper
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

// RoundTrip sends a request within a span.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	route := routeOf(req.URL)
	ctx, span := t.tracer.Start(req.Context(), req.Method+" "+route, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", req.Method),
		attribute.String("url.template", route),
		attribute.String("server.address", req.URL.Hostname()),
	))
	defer span.End()
	req = req.Clone(ctx) // a RoundTripper must not change its request
	t.propagator.Inject(ctx, propagation.HeaderCarrier(req.Header))
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		span.RecordError(err)
		span.SetStatus(codes.Error, "no answer")
		return nil, err
	}
	span.SetAttributes(
		attribute.Int("http.response.status_code", resp.StatusCode),
		attribute.String("accountsd.request_id", resp.Header.Get("X-Request-Id")),
	)
	if resp.StatusCode >= http.StatusBadRequest {
		span.SetStatus(codes.Error, resp.Status)
	}
	return resp, nil
}

// routeOf is a path with its ids left out, so that there are few of them, and so is what
// an account is found by, which may be personal.
func routeOf(u *url.URL) string {
	parts := strings.Split(u.EscapedPath(), "/") // a value may hold a slash
	for i, part := range parts {
		switch _, err := strconv.ParseInt(part, 10, 64); {
		case i > 1 && parts[i-2] == "by":
			parts[i] = "{value}"
		case i > 0 && (parts[i-1] == "by" || parts[i-1] == "properties"):
			parts[i] = "{keyName}"
		case err == nil:
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
