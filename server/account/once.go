package account

import (
	"context"
	"errors"
	"time"
)

// answersKept is how long a repeated request is answered as it was at first.
const answersKept = 24 * time.Hour

// AnswerID identifies a request that must be carried out once.
type AnswerID struct {
	KeyID int64  // the API key that sent it
	Name  string // the caller's idempotency key
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

// Once carries a request out, unless it was within the last day: then it returns
// the answer of that time, and true. do is called in the transaction that also
// keeps its answer; the writes of its context join that. An error of do is
// returned, and nothing is kept. Errors: KindConflict if the same name was used
// for another request, or if the request is under way.
func (s *Service) Once(ctx context.Context, id AnswerID, fingerprint [32]byte, do func(context.Context) (Answer, error)) (answer Answer, replayed bool, err error) {
	if _, underWay := s.underWay.LoadOrStore(id, struct{}{}); underWay {
		return Answer{}, false, onceConflict("belongs to a request that is still under way; wait for its answer")
	}
	defer s.underWay.Delete(id)
	err = s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		since := s.now().Add(-answersKept)
		answer, err = tx.Answer(ctx, id, since)
		if err == nil {
			replayed = true
			if answer.Fingerprint != fingerprint {
				return onceConflict("was already sent with another request; choose another key")
			}
			return nil
		}
		if KindOf(err) != KindNotFound {
			return err
		}
		replayed = false
		if answer, err = do(context.WithValue(ctx, txKey{}, tx)); err != nil {
			return err
		}
		answer.ID, answer.Fingerprint, answer.At = id, fingerprint, s.now()
		return tx.SaveAnswer(ctx, answer, since)
	})
	if err != nil {
		return Answer{}, false, err
	}
	return answer, replayed, nil
}

func onceConflict(message string) error {
	return Invalid([]FieldError{{In: InHeader, Path: []string{"Idempotency-Key"}, Kind: KindConflict, Message: "Idempotency-Key " + message}})
}

// txKey is where the context of Once's do holds the transaction.
type txKey struct{}

var errNestedDryRun = errors.New("a dry run cannot be part of a transaction")

// write runs fn in a transaction, which on a dry run leaves nothing behind. It
// joins the transaction of Once.
func (s *Service) write(ctx context.Context, dryRun bool, fn func(context.Context, Tx) error) error {
	if tx, ok := ctx.Value(txKey{}).(Tx); ok {
		if dryRun || s.dryRun {
			return errNestedDryRun
		}
		return fn(ctx, tx)
	}
	err := s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if dryRun || s.dryRun {
			return errDryRun
		}
		return nil
	})
	if errors.Is(err, errDryRun) {
		return nil
	}
	return err
}

// errDryRun rolls a transaction back that has done all that it should.
var errDryRun = errors.New("dry run")
