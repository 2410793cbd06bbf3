package write

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/fault"
)

// answersKept is how long a repeated request is answered as it was at first.
const answersKept = 24 * time.Hour

// AnswerID identifies a request that must be carried out once.
type AnswerID struct {
	CompanyID int64
	KeyID     int64  // the API key that sent it
	Name      string // the caller's idempotency key
}

// Answer is what such a request was answered.
type Answer struct {
	ID          AnswerID
	Fingerprint [32]byte // of the whole request
	Status      int
	Header      map[string]string
	Body        []byte
	At          time.Time
}

// Claim is that a request must be carried out once.
type Claim struct {
	ID          AnswerID
	Fingerprint [32]byte
	At          time.Time
	Kept        *Answer // set when the request was carried out
}

// Replay is the error of a request that was carried out within the last day.
type Replay struct {
	Answer Answer // which it got
}

// Error makes a Replay an error, so that it can travel as one.
func (r *Replay) Error() string { return "the request was carried out before" }

// Check returns a *Replay if a request that must be carried out once was, and
// KindConflict if another one was under the same name.
func (m Mode[R]) Check(ctx context.Context, tx Tx) error {
	c := m.Claim
	if c == nil {
		return nil
	}
	answer, err := tx.Answer(ctx, c.ID, c.At.Add(-answersKept))
	switch {
	case fault.IsNotFound(err):
		return nil
	case err != nil:
		return err
	case answer.Fingerprint != c.Fingerprint:
		return Conflict("was already sent with another request; choose another key")
	}
	return &Replay{Answer: answer}
}

// Keep keeps what a request is answered that must be carried out once.
func (m Mode[R]) Keep(ctx context.Context, tx Tx, result R) error {
	if m.Claim == nil {
		return nil
	}
	answer, err := m.Answer(result)
	if err != nil {
		return err
	}
	answer.ID, answer.Fingerprint, answer.At = m.Claim.ID, m.Claim.Fingerprint, m.Claim.At
	m.Claim.Kept = &answer
	return tx.SaveAnswer(ctx, answer, answer.At.Add(-answersKept))
}

// Conflict is an offence of the request's idempotency key.
func Conflict(message string) error {
	return fault.Invalid([]fault.Offence{{
		In: fault.InHeader, Path: []string{"Idempotency-Key"}, Kind: fault.KindConflict, Message: "Idempotency-Key " + message,
	}})
}
