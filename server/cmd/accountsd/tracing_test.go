package main_test

import (
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/accountsd/accountsd/server/mail/mailtest"
)

// receiver takes traces as a collector does: OTLP over HTTP, in protobuf.
type receiver struct {
	url string

	mu    sync.Mutex
	about map[string]string // the attributes of the resource
	spans []*trace.Span
	raw   []byte
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{about: make(map[string]string)}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err == nil && req.URL.Path == "/v1/traces" && req.Header.Get("Content-Type") == "application/x-protobuf" {
			err = r.take(body)
		} else if err == nil {
			err = fmt.Errorf("%s %s", req.URL.Path, req.Header.Get("Content-Type"))
		}
		if err != nil {
			t.Errorf("what was sent is no trace: %v", err)
		}
		w.Header().Set("Content-Type", "application/x-protobuf")
	}))
	t.Cleanup(web.Close)
	r.url = web.URL
	return r
}

func (r *receiver) take(body []byte) error {
	var sent collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &sent); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.raw = append(r.raw, body...)
	for _, resource := range sent.ResourceSpans {
		maps.Copy(r.about, attributes(resource.Resource.Attributes))
		for _, scope := range resource.ScopeSpans {
			r.spans = append(r.spans, scope.Spans...)
		}
	}
	return nil
}

func attributes(list []*common.KeyValue) map[string]string {
	values := make(map[string]string)
	for _, a := range list {
		values[a.Key] = a.Value.GetStringValue()
		if n, ok := a.Value.Value.(*common.AnyValue_IntValue); ok {
			values[a.Key] = fmt.Sprint(n.IntValue)
		}
	}
	return values
}

// named are the spans with a name that have arrived.
func (r *receiver) named(name string) []*trace.Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []*trace.Span
	for _, span := range r.spans {
		if span.Name == name {
			found = append(found, span)
		}
	}
	return found
}

// children are the names of the spans within a span, sorted.
func (r *receiver) children(of *trace.Span) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var names []string
	for _, span := range r.spans {
		if string(span.ParentSpanId) == string(of.SpanId) && string(span.TraceId) == string(of.TraceId) {
			names = append(names, span.Name)
		}
	}
	slices.Sort(names)
	return names
}

// What a server does with a request arrives at a collector as one trace, which goes on
// the caller's.
func TestTraces(t *testing.T) { onEachStore(t, testTraces) }

func testTraces(t *testing.T, db string) {
	key := mustRun(t, "init", "--db", db, "--company", "Sunrise", "--email", "ada@example.com", "--sample-data")
	r := newReceiver(t)
	cmd := serving(t, db, "--smtp-url", "smtp://"+mailtest.FreeAddr(t)+"?from=a@example.com&starttls=off", "--public-url", "http://127.0.0.1")
	cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT="+r.url, "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_RESOURCE_ATTRIBUTES=deployment.environment=test")
	p := start(t, cmd)
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	patch := func(body, traceparent string) {
		req, err := http.NewRequestWithContext(t.Context(), "PATCH", p.url+"/v1/accounts/1", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"x-api-key": key, "Content-Type": "application/json", "traceparent": traceparent, "X-Request-Id": "req-1"} {
			req.Header.Set(name, value)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	patch(`{"title":"Seen by nobody"}`, parent)
	patch(`{"titel":"x"}`, "")
	if status, body, err := call(t.Context(), "POST", p.url+"/v1/alias-migrations/2/notify", key, `{"message":"We tidy up."}`); err != nil || status != http.StatusOK {
		t.Fatalf("%d %v %s", status, err, body)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s", p.log)
		}
	})
	mailtest.Eventually(t, "the traces of a request and of a mail arrive", func() bool {
		return len(r.named("updateAccount")) == 2 && len(r.named("mail")) > 0
	})

	first, second := r.named("updateAccount")[0], r.named("updateAccount")[1]
	if hex.EncodeToString(first.TraceId) != parent[3:35] || hex.EncodeToString(first.ParentSpanId) != parent[36:52] || first.Kind != trace.Span_SPAN_KIND_SERVER {
		t.Errorf("the trace of the caller is not gone on with: %v", first)
	}
	about := attributes(first.Attributes)
	if about["http.response.status_code"] != "200" || about["http.request.method"] != "PATCH" || about["accountsd.request_id"] != "req-1" {
		t.Errorf("attributes: %v", about)
	}
	if got := r.children(first); !slices.Equal(got, []string{"decision", "group", "validation"}) {
		t.Errorf("parts of a write: %v", got)
	}
	if got := r.children(second); !slices.Contains(got, "validation") || slices.Contains(got, "group") || len(second.ParentSpanId) != 0 {
		t.Errorf("parts of what is refused: %v", got)
	}
	for _, span := range r.named("group") {
		if span.EndTimeUnixNano < span.StartTimeUnixNano {
			t.Errorf("%v ends before it starts", span)
		}
	}
	if mail := r.named("mail")[0]; mail.Status.GetCode() != trace.Status_STATUS_CODE_ERROR || len(mail.ParentSpanId) != 0 {
		t.Errorf("a mail that nobody takes: %v", mail)
	}
	if r.about["service.name"] != "accountsd" || r.about["deployment.environment"] != "test" || r.about["service.version"] == "" {
		t.Errorf("the resource: %v", r.about)
	}
	for _, secret := range []string{key, "Seen by nobody", "lin@", "titel"} {
		if strings.Contains(string(r.raw), secret) {
			t.Errorf("the traces tell %q", secret)
		}
	}
	stopServer(t, p)
}

func stopServer(t *testing.T, p *process) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := p.wait(t); err != nil {
		t.Errorf("%v\n%s", err, p.log)
	}
}

// A collector that is away makes no request fail, is told of in the log, and keeps no
// server from ending.
func TestTracesWithoutCollector(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	key := newCompanyIn(t, db)
	cmd := serving(t, db)
	cmd.Env = append(os.Environ(), "OTEL_EXPORTER_OTLP_ENDPOINT=http://"+mailtest.FreeAddr(t), "OTEL_BSP_SCHEDULE_DELAY=50", "OTEL_EXPORTER_OTLP_TIMEOUT=200")
	p := start(t, cmd)
	if status, body, err := call(t.Context(), "GET", p.url+"/v1/accounts/1", key, ""); err != nil || status != http.StatusOK {
		t.Errorf("%d %v %s", status, err, body)
	}
	mailtest.Eventually(t, "the log tells of it", func() bool { return strings.Contains(p.log.String(), `"msg":"traces are not sent"`) })
	stopServer(t, p)
}

func TestTracesThatCannotBe(t *testing.T) {
	t.Parallel()
	db := stores["SQLite"](t)
	newCompanyIn(t, db)
	for variables, want := range map[string]string{
		"OTEL_TRACES_EXPORTER=zipkin":                                `OTEL_TRACES_EXPORTER must be otlp or none; got "zipkin"`,
		"OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_PROTOCOL=grpc": `OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf; got "grpc"`,
	} {
		got := runIn(t, strings.Fields(variables), "serve", "--db", db, "--addr", "127.0.0.1:0")
		if got != "accountsd: "+want+"\n(exit 1)" {
			t.Errorf("%s: %s", variables, got)
		}
	}
}
