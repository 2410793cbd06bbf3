package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client/webhook"
	"github.com/accountsd/accountsd/gen/signature"
)

const (
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	change = `{"sequence":"0000000000000000042","accountId":7,"kind":"updated","version":3,"at":"2026-11-24T16:05:12.345Z","actor":null,` +
		`"fields":{"custom.capacity":{"before":null,"after":12345678901234567890.123}}}`
)

// sent is a request as a server signs it.
func sent(t *testing.T, body string, at time.Time, secrets ...string) http.Header {
	t.Helper()
	signed, err := signature.Sign("wh5-42-1", signature.Timestamp(at), []byte(body), secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return http.Header{"Webhook-Id": {"wh5-42-1"}, "Webhook-Timestamp": {signature.Timestamp(at)}, "Webhook-Signature": {signed}}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Now()
	e, err := webhook.Verify(sent(t, change, now, signature.NewSecret(), secret), []byte(change), signature.NewSecret(), secret)
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != "wh5-42-1" || e.SentAt.Unix() != now.Unix() || e.AccountID != 7 || e.IsTest() || e.Fields["custom.capacity"].After != json.Number("12345678901234567890.123") {
		t.Errorf("got %+v", e)
	}
	missing := sent(t, change, now, secret)
	missing.Del("webhook-id")
	garbled := sent(t, change, now, secret)
	garbled.Set("webhook-timestamp", "now")
	for name, c := range map[string]struct {
		header  http.Header
		body    string
		secrets []string
		want    error
	}{
		"another secret": {sent(t, change, now, secret), change, []string{signature.NewSecret()}, webhook.ErrSignature},
		"no secret":      {sent(t, change, now, secret), change, nil, webhook.ErrSignature},
		"another body":   {sent(t, change, now, secret), strings.Replace(change, "7", "8", 1), []string{secret}, webhook.ErrSignature},
		"old":            {sent(t, change, now.Add(-6*time.Minute), secret), change, []string{secret}, webhook.ErrTime},
		"of the future":  {sent(t, change, now.Add(6*time.Minute), secret), change, []string{secret}, webhook.ErrTime},
		"no id":          {missing, change, []string{secret}, webhook.ErrHeader},
		"no time":        {garbled, change, []string{secret}, webhook.ErrHeader},
		"nothing at all": {http.Header{}, "", []string{secret}, webhook.ErrHeader},
		"no such secret": {sent(t, change, now, secret), change, []string{"s3cret"}, signature.ErrSecret},
	} {
		if _, err := webhook.Verify(c.header, []byte(c.body), c.secrets...); !errors.Is(err, c.want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	if _, err := webhook.Verify(sent(t, "[]", now, secret), []byte("[]"), secret); err == nil {
		t.Error("what is no change is taken for one")
	}
	later := webhook.Verifier{Secrets: []string{secret}, Tolerance: time.Hour, Now: func() time.Time { return now.Add(30 * time.Minute) }}
	if _, err := later.Verify(sent(t, change, now, secret), []byte(change)); err != nil {
		t.Error(err)
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	var taken []string
	handler := webhook.Handler(func(_ context.Context, e *webhook.Event) error {
		if e.AccountID == 8 {
			return errors.New("s3cret: the disk is full")
		}
		taken = append(taken, e.ID)
		return nil
	}, secret)
	test := strings.Replace(change, `"updated"`, `"test"`, 1)
	for _, c := range []struct {
		body   string
		secret string
		status int
	}{{change, secret, 204}, {test, secret, 204}, {strings.Replace(change, ":7", ":8", 1), secret, 500}, {change, signature.NewSecret(), 401}} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(c.body))
		req.Header = sent(t, c.body, time.Now(), c.secret)
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, req)
		if recorder.Code != c.status || strings.Contains(recorder.Body.String(), "s3cret") {
			t.Errorf("%s: %d %s, want %d", c.body, recorder.Code, recorder.Body, c.status)
		}
	}
	if len(taken) != 1 {
		t.Errorf("taken: %q", taken)
	}
}
