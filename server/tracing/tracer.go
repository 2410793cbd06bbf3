package tracing

import (
	"cmp"
	"context"
	"errors"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/observe"
	"github.com/accountsd/accountsd/server/write"
)

// Tracer is an observe.Tracer. Its spans hold ids, and neither names nor addresses nor
// anything else of a record, a key or a path.
type Tracer struct {
	tracer     trace.Tracer
	propagator propagation.TextMapPropagator
}

var _ observe.Tracer = (*Tracer)(nil)

// Request begins the span of a request, in the trace that its header traceparent
// names (W3C Trace Context), if it does.
func (t *Tracer) Request(ctx context.Context, operation, id string, r *http.Request) (context.Context, func(status int)) {
	ctx = t.propagator.Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, operation, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("http.request.method", methodOf(r)),
		attribute.String("accountsd.request_id", id),
	))
	return ctx, func(status int) {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, http.StatusText(status))
		}
		span.End()
	}
}

// methodOf is the method of a request, if it is one that is known: others are the
// caller's text.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "_OTHER"
}

// Part begins the span of a part of what is traced already.
func (t *Tracer) Part(ctx context.Context, name string) (context.Context, func(err error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func(error) {}
	}
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(err error) { end(span, err) }
}

// kinds are the words for what ends a part early. Others are internal: the span of
// the request says whether they were somebody's trouble.
var kinds = map[fault.Kind]string{
	fault.KindInvalid: "invalid", fault.KindConflict: "conflict", fault.KindNotFound: "not_found", fault.KindPrecondition: "precondition",
	fault.KindUnauthorized: "unauthorized", fault.KindForbidden: "forbidden", fault.KindLimited: "limited", fault.KindUnavailable: "unavailable",
}

// end ends a span. Of an error it tells the kind only: its words may hold what is
// nobody's to see.
func end(span trace.Span, err error) {
	defer span.End()
	_, replayed := errors.AsType[*write.Replay](err)
	switch {
	case err == nil, replayed, errors.Is(err, write.ErrReadOnly): // It is carried on elsewhere.
		return
	case errors.Is(err, write.ErrStale):
		span.SetAttributes(attribute.String("error.type", "stale"))
		return
	}
	kind := fault.KindOf(err)
	span.SetAttributes(attribute.String("error.type", cmp.Or(kinds[kind], "internal")))
	if kind == fault.KindUnavailable {
		span.SetStatus(codes.Error, kinds[kind])
	}
}

// Mailer returns a mailer that has a span for each mail.
func (t *Tracer) Mailer(to alias.Mailer) alias.Mailer { return mailer{t, to} }

type mailer struct {
	*Tracer
	to alias.Mailer
}

// Send sends a mail.
func (m mailer) Send(ctx context.Context, mail alias.Mail) error {
	ctx, span := m.tracer.Start(ctx, "mail", trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.Int64("accountsd.mail_id", mail.ID), attribute.Int("accountsd.attempt", mail.Attempts)))
	err := m.to.Send(ctx, mail)
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
	span.End()
	return err
}
