package otelclient_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/accountsd/accountsd/client/otelclient"
)

func TestEachAttemptIsASpan(t *testing.T) {
	t.Parallel()
	var parents []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		parents = append(parents, r.Header.Get("Traceparent"))
		w.Header().Set("X-Request-Id", "req-1")
		if len(parents) == 1 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "[]")
	}))
	t.Cleanup(web.Close)
	spans := tracetest.NewSpanRecorder()
	c := &http.Client{Transport: otelclient.Middleware(
		otelclient.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans))),
		otelclient.WithPropagator(propagation.TraceContext{}))(http.DefaultTransport)}
	for _, call := range []string{"GET /v1/contacts?q=secret", "GET /v1/contacts?q=secret", "DELETE /v1/contacts/5"} {
		method, path, _ := strings.Cut(call, " ")
		req, err := http.NewRequestWithContext(t.Context(), method, web.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	ended := spans.Ended()
	if len(ended) != 3 || len(parents) != 3 {
		t.Fatalf("%d spans, parents %v", len(ended), parents)
	}
	if ended[0].Status().Code != codes.Error || ended[1].Status().Code != codes.Unset || ended[2].Name() != "DELETE /v1/contacts/{id}" {
		t.Errorf("spans %v, %v, %v", ended[0], ended[1].Status(), ended[2].Name())
	}
	for i, span := range ended {
		if !strings.Contains(parents[i], span.SpanContext().SpanID().String()) {
			t.Errorf("the server was told %s", parents[i])
		}
		for _, a := range span.Attributes() {
			if strings.Contains(a.Value.String(), "secret") {
				t.Errorf("recorded %v", a)
			}
		}
	}
	if !has(ended[1].Attributes(), attribute.Int("http.response.status_code", 200)) || !has(ended[1].Attributes(), attribute.String("accountsd.request_id", "req-1")) {
		t.Errorf("attributes %v", ended[1].Attributes())
	}
}

func has(attributes []attribute.KeyValue, want attribute.KeyValue) bool {
	for _, a := range attributes {
		if a == want {
			return true
		}
	}
	return false
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("no line") }

func TestRequestWithoutAnswer(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewSpanRecorder()
	traced := otelclient.Middleware(otelclient.WithTracerProvider(trace.NewTracerProvider(trace.WithSpanProcessor(spans))))(broken{})
	for i, call := range []struct{ method, path, route string }{
		{"PATCH", "/v1/properties/roof_type", "/v1/properties/{keyName}"},
		{"PATCH", "/v1/properties/7", "/v1/properties/{keyName}"},
		{"GET", "/v1/accounts/by/external_id/jo%2Fpark@example.com", "/v1/accounts/by/{keyName}/{value}"},
		{"GET", "/v1/accounts/by/by/by", "/v1/accounts/by/{keyName}/{value}"},
		{"POST", "/v1/accounts/7/changes/0000000000000000001/revert", "/v1/accounts/{id}/changes/{id}/revert"},
	} {
		req := httptest.NewRequestWithContext(t.Context(), call.method, "http://server.invalid"+call.path, nil)
		if _, err := traced.RoundTrip(req); err == nil {
			t.Error("no error")
		}
		if span := spans.Ended()[i]; span.Name() != call.method+" "+call.route || span.Status().Code != codes.Error || len(span.Events()) != 1 {
			t.Errorf("span %v %v", span.Name(), span.Status())
		}
	}
}
