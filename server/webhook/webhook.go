// Package webhook sends the changes of accounts to URLs. A webhook is a cursor on the
// feed of its company: what cannot be delivered is not lost but later, and the changes
// of one account keep their order.
package webhook

import (
	"slices"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

// State says whether changes are sent.
type State string

// The states.
const (
	StateActive State = "active"
	StatePaused State = "paused"
)

// States lists every state.
var States = []State{StateActive, StatePaused}

// PauseReason is why a webhook is paused; empty: it is not.
type PauseReason string

// The reasons.
const (
	PauseRequested PauseReason = "requested"
	PauseFailing   PauseReason = "failing" // nothing was delivered for GiveUp
	PauseGone      PauseReason = "gone"    // the receiver has answered 410
)

// GiveUp is for how long the next change is tried, before the webhook is paused.
const GiveUp = 72 * time.Hour

// Webhook is where changes are sent.
type Webhook struct {
	ID          int64
	CompanyID   int64
	URL         string
	Description string
	Kinds       []account.ChangeKind // which are sent
	Members     []string             // of which one must have changed; none: any

	Secret       string
	FormerSecret string // signs as well until FormerUntil
	FormerUntil  time.Time

	PauseReason PauseReason
	PausedAt    time.Time // zero: it is not paused
	Progress
	CreatedAt, UpdatedAt time.Time

	// Behind is how many changes follow its position. A store knows nothing of it.
	Behind int64
}

// Progress is how far a webhook has come.
type Progress struct {
	Position     int64     // all up to this sequence is delivered, or not to be sent
	Ahead        []int64   // the sequences behind the position that are delivered, too
	Failures     int       // rounds in a row in which nothing was delivered
	FailingSince time.Time // of the change behind the position; zero: it has not failed
	NextAttempt  time.Time // zero: at once
}

// State says whether changes are sent.
func (w *Webhook) State() State {
	if w.PauseReason == "" {
		return StateActive
	}
	return StatePaused
}

// pause stops a webhook for a reason. It is not tried again until it is resumed.
func (w *Webhook) pause(reason PauseReason, at time.Time) {
	w.PauseReason, w.PausedAt, w.NextAttempt = reason, at, time.Time{}
}

// retry has a webhook that has failed be tried again at once.
func (w *Webhook) retry() { w.Failures, w.FailingSince, w.NextAttempt = 0, time.Time{}, time.Time{} }

// setState pauses a webhook or has it go on at once, and notes that unless it was so.
func (w *Webhook) setState(state State, now time.Time, changes map[string]any) {
	before := w.State()
	if state == before && (state == StatePaused || w.Failures == 0) {
		return
	}
	changes["state"] = map[string]any{"before": string(before), "after": string(state)}
	if state == StatePaused {
		w.pause(PauseRequested, now)
		return
	}
	w.PauseReason, w.PausedAt = "", time.Time{}
	w.retry()
}

// secrets are what requests are signed with at a time.
func (w *Webhook) secrets(at time.Time) []string {
	if w.FormerUntil.After(at) {
		return []string{w.Secret, w.FormerSecret}
	}
	return []string{w.Secret}
}

// sends tells whether a change is to be sent.
func (w *Webhook) sends(e *account.HistoryEntry) bool {
	if !slices.Contains(w.Kinds, e.Kind) {
		return false
	}
	return len(w.Members) == 0 || slices.ContainsFunc(w.Members, func(member string) bool { return hasChanged(e, member) })
}

// hasChanged tells whether a member is among the fields of a change. All custom members
// together have a name, too.
func hasChanged(e *account.HistoryEntry, member string) bool {
	if _, changed := e.Fields[member]; changed || member+"." != account.CustomPrefix {
		return changed
	}
	for name := range e.Fields {
		if strings.HasPrefix(name, account.CustomPrefix) {
			return true
		}
	}
	return false
}

// Failure is why a request does not count as delivered; empty: it does.
type Failure string

// The failures.
const (
	FailedStatus     Failure = "status" // of the answer is not 2xx
	FailedTimeout    Failure = "timeout"
	FailedConnection Failure = "connection"
	FailedTLS        Failure = "tls"
	FailedAddress    Failure = "address" // must not be reached
)

// Delivery is one request to a webhook.
type Delivery struct {
	Number    int64  // grows with each request of the webhook
	MessageID string // as the receiver knows it
	Sequence  int64  // of the change; 0 of a test
	AccountID int64  // 0 of a test
	At        time.Time
	Took      time.Duration
	Answer
}

// Answer is what came of a request.
type Answer struct {
	Status  int // 0: there was none
	Failure Failure
	Text    string // the beginning of the body, or what went wrong

	RetryAfter time.Duration // after which the receiver wants to be asked again; 0: not said
}

// KeptDeliveries is how many deliveries of a webhook are kept, and MaxAnswer how many
// bytes of an answer.
const (
	KeptDeliveries = 100
	MaxAnswer      = 1024
)
