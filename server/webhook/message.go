package webhook

import (
	"context"
	"fmt"
	"time"

	"github.com/accountsd/accountsd/gen/signature"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/write"
)

// Message is one request to a receiver.
type Message struct {
	URL       string
	ID        string // the same each time that a change is sent
	Timestamp string
	Signature string
	Body      []byte
}

// Courier carries messages.
type Courier interface {
	// Carry sends a message, and returns what came of it. It takes no longer than
	// the courier gives an answer time for.
	Carry(ctx context.Context, m Message) Answer

	// Network tells where messages may go.
	Network() Network

	// Encode writes a change as the feed does, and nil as one for a test at a time.
	Encode(e *account.HistoryEntry, at time.Time) ([]byte, error)
}

// idOf is what a receiver knows a change by. The time of the change is in it, since after
// a backup was restored another change may get the sequence.
func idOf(w *Webhook, e *account.HistoryEntry) string {
	return fmt.Sprintf("wh%d-%d-%d", w.ID, e.Sequence, e.At.UnixMilli())
}

// send sends a change, or a test if e is nil.
func send(ctx context.Context, courier Courier, clock write.Clock, w *Webhook, e *account.HistoryEntry) Delivery {
	began := time.Now()
	d := Delivery{At: clock.Now()}
	if e == nil {
		d.MessageID = fmt.Sprintf("wh%d-test-%d", w.ID, d.At.UnixMilli())
	} else {
		d.MessageID, d.Sequence, d.AccountID = idOf(w, e), e.Sequence, e.AccountID
	}
	m, err := messageOf(courier, w, e, d)
	if err == nil {
		d.Answer = courier.Carry(ctx, m)
	} else {
		d.Answer = Answer{Failure: FailedConnection, Text: err.Error()}
	}
	d.Took = time.Since(began)
	return d
}

func messageOf(courier Courier, w *Webhook, e *account.HistoryEntry, d Delivery) (Message, error) {
	body, err := courier.Encode(e, d.At)
	if err != nil {
		return Message{}, fmt.Errorf("write the change: %w", err)
	}
	m := Message{URL: w.URL, ID: d.MessageID, Timestamp: signature.Timestamp(d.At), Body: body}
	m.Signature, err = signature.Sign(m.ID, m.Timestamp, body, w.secrets(d.At)...)
	return m, err
}

// Test sends a request to a webhook now, and returns what came of it. KindNotFound.
func (s *Service) Test(ctx context.Context, actor identity.Actor, id int64) (Delivery, error) {
	w, err := s.store.Webhook(ctx, actor.CompanyID, id)
	if err != nil {
		return Delivery{}, err
	}
	sent := []Delivery{send(ctx, s.courier, s.clock, &w, nil)}
	err = write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
		return tx.AddDeliveries(ctx, Ref{w.CompanyID, w.ID}, sent)
	})
	return sent[0], err
}
