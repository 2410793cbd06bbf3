package courier_test

import (
	"context"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/webhook"
	"github.com/accountsd/accountsd/server/webhook/courier"
)

var loopback = webhook.Network{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}

// carry sends a message to a URL.
func carry(t *testing.T, c courier.Config, url string) webhook.Answer {
	t.Helper()
	return courier.New(c).Carry(t.Context(), webhook.Message{URL: url, ID: "wh1-2-3", Timestamp: "4", Signature: "v1,x", Body: []byte(`{"a":1}`)})
}

func TestCarry(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		_, _ = w.Write([]byte("thank\x00 you\n"))
	}))
	t.Cleanup(server.Close)
	a := carry(t, courier.Config{Network: loopback, Agent: "accountsd/1"}, server.URL+"/in?a=b")
	if a.Status != 200 || a.Failure != "" || a.Text != "thank  you" {
		t.Errorf("got %+v", a)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "User-Agent": "accountsd/1", "Webhook-Id": "wh1-2-3", "Webhook-Timestamp": "4", "Webhook-Signature": "v1,x",
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q", name, got.Header.Get(name))
		}
	}
	if got.Method != http.MethodPost || got.URL.String() != "/in?a=b" || string(body) != `{"a":1}` {
		t.Errorf("%s %s %s", got.Method, got.URL, body)
	}
}

// What an address is counts when it is dialled, whatever the name of the host; and an
// answer leads nowhere.
func TestCarryReachesNothingElse(t *testing.T) {
	t.Parallel()
	var reached atomic.Int64
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	t.Cleanup(inside.Close)
	_, port, err := net.SplitHostPort(inside.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := webhook.Network{Allowed: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "127.1"} {
		for _, scheme := range []string{"http://", "https://"} {
			for _, network := range []webhook.Network{{}, elsewhere} {
				a := carry(t, courier.Config{Network: network}, scheme+host+":"+port+"/")
				if a.Failure == "" || a.Status != 0 || host != "127.1" && a.Failure != webhook.FailedAddress {
					t.Errorf("%s%s: %+v", scheme, host, a)
				}
			}
		}
	}
	redirecting := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusTemporaryRedirect))
	t.Cleanup(redirecting.Close)
	if a := carry(t, courier.Config{Network: loopback}, redirecting.URL); a.Status != 307 || a.Failure != webhook.FailedStatus {
		t.Errorf("redirected: %+v", a)
	}
	if a := carry(t, courier.Config{Network: loopback}, "ftp://127.0.0.1/"); a.Failure != webhook.FailedConnection {
		t.Errorf("ftp: %+v", a)
	}
	if reached.Load() != 0 {
		t.Errorf("what is inside was reached %d times", reached.Load())
	}
}

func TestCarryTellsWhatWentWrong(t *testing.T) {
	t.Parallel()
	encrypted := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	encrypted.Config.ErrorLog = nil
	encrypted.StartTLS()
	t.Cleanup(encrypted.Close)
	roots := x509.NewCertPool()
	roots.AddCert(encrypted.Certificate())
	if a := carry(t, courier.Config{Network: loopback, Roots: roots}, encrypted.URL); a.Status != 204 || a.Failure != "" {
		t.Errorf("with TLS: %+v", a)
	}
	if a := carry(t, courier.Config{Network: loopback}, encrypted.URL); a.Failure != webhook.FailedTLS || !strings.Contains(a.Text, "certificate") {
		t.Errorf("without trust: %+v", a)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	_ = listener.Close()
	if a := carry(t, courier.Config{Network: loopback}, "http://"+closed); a.Failure != webhook.FailedConnection || a.Text != "connect: connection refused" {
		t.Errorf("nobody listens: %+v", a)
	}
	if a := carry(t, courier.Config{Network: loopback}, "https://nowhere.invalid/"); a.Failure != webhook.FailedConnection || a.Text != "the host nowhere.invalid is not found" {
		t.Errorf("no such host: %+v", a)
	}
	torn := httptest.NewServer(http.HandlerFunc(tear))
	t.Cleanup(torn.Close)
	if a := carry(t, courier.Config{Network: loopback}, torn.URL); a.Failure != webhook.FailedConnection || strings.Contains(a.Text, "127.0.0.1") {
		t.Errorf("torn: %+v", a)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	if a := courier.New(courier.Config{Network: loopback}).Carry(ctx, webhook.Message{URL: silent.URL}); a.Failure != webhook.FailedTimeout {
		t.Errorf("no answer: %+v", a)
	}
}

// tear resets the connection in place of an answer.
func tear(w http.ResponseWriter, _ *http.Request) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.(*net.TCPConn).SetLinger(0)
		_ = conn.Close()
	}
}

// An answer is read up to a bound, and kept up to a smaller one.
func TestCarryReadsAnswers(t *testing.T) {
	t.Parallel()
	status, retry := atomic.Int64{}, atomic.Value{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", retry.Load().(string))
		w.WriteHeader(int(status.Load()))
		for range 100 {
			if _, err := w.Write([]byte(strings.Repeat("ü", 16<<10))); err != nil {
				return
			}
		}
	}))
	t.Cleanup(server.Close)
	for _, c := range []struct {
		status  int64
		retry   string
		failure webhook.Failure
		after   time.Duration
	}{
		{200, "", "", 0}, {299, "", "", 0}, {503, "7", webhook.FailedStatus, 7 * time.Second}, {429, "-1", webhook.FailedStatus, 0},
		{410, "soon", webhook.FailedStatus, 0}, {304, "", webhook.FailedStatus, 0}, {400, time.Now().Add(time.Hour).UTC().Format(http.TimeFormat), webhook.FailedStatus, time.Hour},
	} {
		status.Store(c.status)
		retry.Store(c.retry)
		a := carry(t, courier.Config{Network: loopback}, server.URL)
		if a.Status != int(c.status) || a.Failure != c.failure || len(a.Text) > webhook.MaxAnswer || strings.Trim(a.Text, "ü") != "" || (a.Text == "") != (c.status == 304) {
			t.Errorf("%d: %+v", c.status, a)
		}
		if off := (a.RetryAfter - c.after).Abs(); off > 2*time.Second {
			t.Errorf("Retry-After %q: %s", c.retry, a.RetryAfter)
		}
	}
}

// A connection serves message after message, also of webhooks that go to one host side by side.
func TestCarryKeepsConnections(t *testing.T) {
	t.Parallel()
	const atOnce = 24
	var opened atomic.Int64
	arrived := make(chan struct{}, atOnce)
	answer := make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-answer
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			opened.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := courier.New(courier.Config{Network: loopback})
	for range 3 {
		var sending sync.WaitGroup
		for range atOnce {
			sending.Go(func() {
				if a := c.Carry(t.Context(), webhook.Message{URL: server.URL}); a.Failure != "" {
					t.Errorf("got %+v", a)
				}
			})
		}
		for range atOnce {
			<-arrived
		}
		for range atOnce {
			answer <- struct{}{}
		}
		sending.Wait()
	}
	if n := opened.Load(); n != atOnce {
		t.Errorf("%d connections were opened", n)
	}
}

// A receiver that closes an idle connection just when a message is on its way there gets
// it by another one.
func TestCarryOutlivesIdleConnections(t *testing.T) {
	t.Parallel()
	served := make(map[string]bool) // by connection
	var keys atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, sent := r.Header["Idempotency-Key"]; sent {
			keys.Add(1)
		}
		if served[r.RemoteAddr] {
			tear(w, r)
			return
		}
		served[r.RemoteAddr] = true // One message comes at a time.
	}))
	t.Cleanup(server.Close)
	c := courier.New(courier.Config{Network: loopback})
	for i := range 3 {
		if a := c.Carry(t.Context(), webhook.Message{URL: server.URL, Body: []byte("x")}); a.Status != 200 || a.Failure != "" {
			t.Errorf("message %d: %+v", i, a)
		}
	}
	if keys.Load() != 0 {
		t.Error("a key was sent")
	}
}

// A line that has gone dead without a word, as after a failover, is left for another one
// soon, although HTTP/2 sends all messages by one.
func TestCarryLeavesDeadLines(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	line, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = line.Close() })
	var isDead [2]atomic.Bool // the first connection, the next one
	go func() {
		for i := range isDead {
			near, err := line.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			for from, to := range map[net.Conn]net.Conn{near: far, far: near} {
				go pass(from, to, &isDead[i])
			}
		}
	}()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	c := courier.New(courier.Config{Network: loopback, Roots: roots})
	carried := func() bool {
		return c.Carry(t.Context(), webhook.Message{URL: "https://" + line.Addr().String()}).Status == http.StatusOK
	}
	if !carried() {
		t.Fatal("nothing is carried")
	}
	isDead[0].Store(true)
	if carried() {
		t.Fatal("the line is not dead")
	}
	for began := time.Now(); !carried(); {
		if time.Since(began) > 5*time.Second {
			t.Fatal("messages still go by a dead line")
		}
	}
}

// pass passes on what comes, unless the line is dead.
func pass(from, to net.Conn, isDead *atomic.Bool) {
	defer to.Close()
	for buffer := make([]byte, 4096); ; {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if !isDead.Load() {
			_, _ = to.Write(buffer[:n])
		}
	}
}
