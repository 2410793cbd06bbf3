package follow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/fault"
)

// source is the installation that is followed.
type source struct {
	url    string
	client *client.Client
}

// self tells whose the key is. KindUnauthorized or KindForbidden, with what to do, for
// one that will not do.
func (s *source) self(ctx context.Context) (client.Self, error) {
	self, err := s.client.Users.Self(ctx)
	if err != nil {
		return client.Self{}, s.explain(err)
	}
	if !slices.Contains(self.Key.Scopes, client.ScopeAdmin) {
		return client.Self{}, fault.Errorf(fault.KindForbidden, "the key of %s has not the scope admin, which it takes to follow; make one with accountsd key create --scopes admin at the source", s.url)
	}
	return *self, nil
}

// explain says of a key that is refused what to do about it.
func (s *source) explain(err error) error {
	switch {
	case errors.Is(err, client.ErrUnauthorized):
		return fault.Errorf(fault.KindUnauthorized, "%s does not know the key, or it was revoked or has expired; make one with accountsd key create --scopes admin at the source", s.url)
	case errors.Is(err, client.ErrForbidden):
		return fault.Errorf(fault.KindForbidden, "%s does not let the key read what is to be followed: %v", s.url, err)
	}
	return err
}

// errAhead is of a source whose history is not the one that the copy has.
func (s *source) errAhead(sequence int64) error {
	return fault.Errorf(fault.KindConflict, "the history at %s does not have the change %d as this copy does: the source was restored from a backup, or is another one; give --restart to make the copy anew, or accountsd promote to keep it", s.url, sequence)
}

// formatSequence writes a sequence as the feed has it.
func formatSequence(n int64) string { return fmt.Sprintf("%019d", n) }

func parseSequence(text string) (int64, error) { return strconv.ParseInt(text, 10, 64) }

// changes returns the changes behind a sequence, at most limit, and whether there are
// more. The last one that is known comes first, to be compared: behind it is the same
// history only if it is there as it was.
func (s *source) changes(ctx context.Context, known int64, last string, limit int) (changes []client.Change, more bool, err error) {
	after := ""
	if known > 0 {
		after = formatSequence(known - 1)
	}
	same := known == 0
	for change, err := range s.client.Accounts.Changes(ctx, after) {
		switch {
		case isBeyond(err):
			return nil, false, s.errAhead(known)
		case err != nil:
			return nil, false, s.explain(err)
		case !same && change.String() != last:
			return nil, false, s.errAhead(known)
		case !same:
			same = true
			continue
		case len(changes) == limit:
			return changes, true, nil
		}
		changes = append(changes, change)
	}
	if !same {
		return nil, false, s.errAhead(known)
	}
	return changes, false, nil
}

// isBeyond tells whether a position in the feed is refused.
func isBeyond(err error) bool {
	refused, ok := errors.AsType[*client.Error](err)
	return ok && (refused.Status == http.StatusGone || refused.Status == http.StatusBadRequest) // as the first release says it
}

// await waits for a change behind a sequence, for a time at the most. What keeps it from
// that is told when the changes are read.
func (s *source) await(ctx context.Context, sequence int64, wait time.Duration) {
	began := time.Now()
	if wait >= time.Second {
		changes, err := s.client.Accounts.AwaitChanges(ctx, formatSequence(sequence), wait)
		if err == nil && len(changes) > 0 {
			return // A source that is stopping answers at once, with none.
		}
	}
	select {
	case <-ctx.Done():
	case <-time.After(wait - time.Since(began)):
	}
}

// users returns all users.
func (s *source) users(ctx context.Context) (users []client.User, err error) {
	for user, err := range s.client.Users.List(ctx) {
		if err != nil {
			return nil, s.explain(err)
		}
		users = append(users, user)
	}
	return users, nil
}

// properties returns all properties, in the order of their creation.
func (s *source) properties(ctx context.Context) ([]client.Property, error) {
	properties, err := s.client.Properties.List(ctx)
	return properties, s.explain(err)
}

// contactsSince calls take with the contacts that have changed since a time, the
// earliest change first, so that one that changes meanwhile is not passed over.
func (s *source) contactsSince(ctx context.Context, since time.Time, take func(client.Contact) error) error {
	filter := client.ContactFilter{UpdatedAfter: since, Order: client.EarliestFirst}
	for contact, err := range s.client.Contacts.List(ctx, filter) {
		if err == nil {
			err = take(contact)
		}
		if err != nil {
			return s.explain(err)
		}
	}
	return nil
}

// contact returns a contact; false if it is gone.
func (s *source) contact(ctx context.Context, id int64) (client.Contact, bool, error) {
	contact, err := s.client.Contacts.Get(ctx, id)
	switch {
	case errors.Is(err, client.ErrNotFound):
		return client.Contact{}, false, nil
	case err != nil:
		return client.Contact{}, false, s.explain(err)
	}
	return *contact, true, nil
}

// countContacts returns how many contacts there are.
func (s *source) countContacts(ctx context.Context) (int64, error) {
	page, err := s.client.Contacts.Page(ctx, client.ContactFilter{IncludeTotal: true, PageSize: 1})
	if err != nil {
		return 0, s.explain(err)
	}
	return page.Total, nil
}
