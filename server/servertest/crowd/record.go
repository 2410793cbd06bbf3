package crowd

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server/servertest/history"
)

// record is what the clients did, and what they were told.
type record struct {
	began time.Time

	mu         sync.Mutex
	operations []history.Operation
	contacts   map[string]int64 // by name: the ids of those that clients have made; 0: nobody has been told
	wrong      error
}

func newRecord() *record { return &record{began: time.Now(), contacts: make(map[string]int64)} }

// now is the time since the crowd began.
func (r *record) now() time.Duration { return time.Since(r.began) }

func (r *record) add(operations ...history.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, o := range operations {
		if o.Kind != history.Read || o.Outcome == history.Done {
			r.operations = append(r.operations, o)
		}
	}
}

func (r *record) all() []history.Operation {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.operations)
}

func (r *record) addContact(name string, id int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.contacts[name] = id
}

// blame notes what no client should be told.
func (r *record) blame(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.wrong == nil {
		r.wrong = err
	}
}

func (r *record) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wrong
}

// outcomeOf is how a call ended. It is not ok if no client should be told that: the
// requests are all right.
func outcomeOf(err error) (outcome history.Outcome, ok bool) {
	var failure *client.Error
	switch {
	case err == nil:
		return history.Done, true
	case errors.Is(err, client.ErrPrecondition):
		return history.Refused, true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, client.ErrUnavailable):
		return history.Unknown, true
	case errors.As(err, &failure) && failure.Code == api.ProblemCodeIdempotencyInProgress:
		return history.Unknown, true
	}
	return history.Unknown, false
}

// seen is an account as an answer shows it.
func (c *Crowd) seen(a *client.Account) history.Account {
	shown := history.Account{ID: a.ID, Version: versionOf(a.ETag)}
	label, _ := a.Custom.Text(c.property)
	shown.Members[history.Note] = client.Or(a.Description, "")
	shown.Members[history.Value] = number(a.Value)
	shown.Members[history.Size] = number(a.Size)
	shown.Members[history.Label] = strings.ToLower(label) // An option is spelled as who was first has.
	shown.Members[history.Contacts] = history.Anything
	if a.Contacts != nil {
		ids := make([]int64, len(*a.Contacts))
		for i, contact := range *a.Contacts {
			ids[i] = contact.ID
		}
		shown.Members[history.Contacts] = listed(ids)
	}
	return shown
}

func number(value client.Field[float64]) string {
	if value.IsSpecified() && !value.IsNull() {
		return strconv.FormatFloat(value.MustGet(), 'f', -1, 64)
	}
	return ""
}

func listed(ids []int64) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.FormatInt(id, 10)
	}
	return strings.Join(texts, ",")
}

// versionOf is the version that a tag is of: the second of its parts.
func versionOf(etag string) int64 {
	parts := strings.Split(strings.Trim(etag, `"`), "-")
	if len(parts) < 2 {
		return 0
	}
	version, _ := strconv.ParseInt(parts[1], 10, 64)
	return version
}
