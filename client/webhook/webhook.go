// Package webhook receives what an accountsd server sends to webhooks: it verifies the
// signatures of Standard Webhooks 1.0, and reads the changes.
//
//	http.Handle("/accounts", webhook.Handler(func(ctx context.Context, e *webhook.Event) error {
//		return mirror.Apply(ctx, e.Change) // nil: it is kept for good
//	}, os.Getenv("WEBHOOK_SECRET")))
//
// A change comes again until it was answered 2xx, each time with the same ID, and those of
// one account come in order. A receiver that keeps the Sequence of the last change of each
// account drops what it has seen, and misses nothing.
//
// The package links nothing but the standard library and the types of the API.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/signature"
)

// Change is what one write did to one account: see client.Change.
type Change = api.Change

// KindTest is the kind of what POST /webhooks/{webhookId}/test sends, which is about no
// account.
const KindTest = api.ChangeKind("test")

// Event is one request of a webhook.
type Event struct {
	ID     string    // the same each time that the change is sent
	SentAt time.Time // to the second
	Change
}

// IsTest tells whether somebody only wants to know whether requests arrive.
func (e *Event) IsTest() bool { return e.Kind == KindTest }

// Why a request is not taken. errors.Is tells them apart.
var (
	ErrHeader    = errors.New("webhook: a header of Standard Webhooks is missing or malformed")
	ErrTime      = errors.New("webhook: the request is too old, or of the future")
	ErrSignature = errors.New("webhook: the request is not signed with one of the secrets")
)

// Tolerance is how far the time of a request may be from that of the receiver, unless a
// Verifier has another one. Requests that somebody has recorded are refused after it.
const Tolerance = 5 * time.Minute

// Verifier verifies requests. The zero value of each of its members but Secrets is what
// most receivers want.
type Verifier struct {
	Secrets   []string         // one, or two while it is rotated
	Tolerance time.Duration    // 0: Tolerance
	Now       func() time.Time // nil: time.Now
}

// Verify returns the change of a request that one of the secrets has signed. The body must
// be what came, byte for byte.
func Verify(header http.Header, body []byte, secrets ...string) (*Event, error) {
	return Verifier{Secrets: secrets}.Verify(header, body)
}

// Verify is the function of that name, with other settings.
func (v Verifier) Verify(header http.Header, body []byte) (*Event, error) {
	id, timestamp := header.Get(signature.HeaderID), header.Get(signature.HeaderTimestamp)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil {
		return nil, ErrHeader
	}
	signed, err := signature.IsSigned(header.Get(signature.HeaderSignature), id, timestamp, body, v.Secrets...)
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	if !signed {
		return nil, ErrSignature
	}
	e := &Event{ID: id, SentAt: time.Unix(seconds, 0).UTC()}
	if v.now().Sub(e.SentAt).Abs() > v.tolerance() {
		return nil, ErrTime
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber() // so that digits are kept
	if err := decoder.Decode(&e.Change); err != nil {
		return nil, fmt.Errorf("webhook: read the change: %w", err)
	}
	return e, nil
}

func (v Verifier) now() time.Time {
	if v.Now == nil {
		return time.Now()
	}
	return v.Now()
}

func (v Verifier) tolerance() time.Duration {
	if v.Tolerance == 0 {
		return Tolerance
	}
	return v.Tolerance
}

// maxBody is more than a change can take.
const maxBody = 64 << 20

// Handler answers the requests of a webhook: 401 unless they are signed, 204 once take has
// returned nil, and else 500, after which the change comes again. Tests are answered 204
// without asking take. How a change failed is not told to the sender.
func Handler(take func(ctx context.Context, e *Event) error, secrets ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			http.Error(w, "the body did not arrive", http.StatusBadRequest)
			return
		}
		e, err := Verify(r.Header, body, secrets...)
		if err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		if !e.IsTest() {
			if err := take(r.Context(), e); err != nil {
				http.Error(w, "the change was not taken", http.StatusInternalServerError)
				return
			}
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
