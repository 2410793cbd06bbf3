package account

import "time"

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
