package follow

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/contact"
)

// Contacts are in no feed. Those that have changed are found by the time of that, those
// that are gone by their number, and by all ids where the numbers differ.

// The feed of contacts that there is not.
const (
	// overlap is how long a write may take to be seen behind others with a later time.
	overlap = 10 * time.Second
	// sweepPause is the least time between two sweeps, and sweepRest how many times as
	// long as a sweep takes it is: who writes all the time must not be swept all the time.
	sweepPause = time.Second
	sweepRest  = 10
	// sweepEvery is how often all contacts are read without any reason.
	sweepEvery = 10 * time.Minute
	// atOnceContacts are in memory at a time.
	atOnceContacts = 5000
)

// contacts is what a follower knows of the contacts of the source.
type contacts struct {
	latest time.Time          // of the last change that was seen
	seen   time.Time          // when that was, by the clock of this machine
	swept  time.Time          // when all were read; zero: not yet
	rest   time.Duration      // until they are again, at least
	gone   map[int64]bool     // those that are to be removed once no account has them
	lost   map[int64]struct{} // those that were looked for, and are gone
}

// since is from when on changes are to be read.
func (c *contacts) since() time.Time {
	if c.latest.IsZero() || time.Since(c.seen) > overlap {
		return c.latest
	}
	return c.latest.Add(-overlap)
}

// note notes the time of a change.
func (c *contacts) note(at time.Time) {
	if at.After(c.latest) {
		c.latest, c.seen = at, time.Now()
	}
}

// readContacts reads the contacts that have changed into a batch.
func (f *Follower) readContacts(ctx context.Context, b *batch) error {
	take := func(c client.Contact) error { return f.stage(ctx, b, c) }
	due, err := f.isSweepDue(ctx)
	if err != nil {
		return err
	}
	if due {
		return f.sweep(ctx, take)
	}
	return f.source.contactsSince(ctx, f.contacts.since(), take)
}

// stage adds a contact to a batch, and writes those before it if they are many.
func (f *Follower) stage(ctx context.Context, b *batch, c client.Contact) error {
	f.contacts.note(c.UpdatedAt.Time)
	b.contacts[c.ID] = c
	if len(b.contacts) < atOnceContacts {
		return nil
	}
	part := newBatch()
	part.contacts, b.contacts = b.contacts, part.contacts
	if err := f.readUsers(ctx, part); err != nil {
		return err
	}
	return f.apply(ctx, part)
}

// isSweepDue tells whether contacts seem to be gone, or missed.
func (f *Follower) isSweepDue(ctx context.Context) (bool, error) {
	c := &f.contacts
	since := time.Since(c.swept)
	switch {
	case c.swept.IsZero() || since > sweepEvery:
		return true, nil
	case since < c.rest:
		return false, nil
	}
	there, err := f.source.countContacts(ctx)
	if err != nil {
		return false, err
	}
	here, err := f.store.CountContacts(ctx, f.state.CompanyID, contact.Query{})
	return there != here-int64(len(c.gone)), err
}

// sweep reads all contacts, and finds those that are gone.
func (f *Follower) sweep(ctx context.Context, take func(client.Contact) error) error {
	began := time.Now()
	here, err := f.store.ContactIDs(ctx, f.state.CompanyID)
	if err != nil {
		return err
	}
	there := make(map[int64]bool)
	err = f.source.contactsSince(ctx, time.Time{}, func(c client.Contact) error {
		there[c.ID] = true
		return take(c)
	})
	if err != nil {
		return err
	}
	f.contacts.gone = make(map[int64]bool)
	for _, id := range here {
		if !there[id] {
			f.contacts.gone[id] = true
		}
	}
	f.contacts.swept = time.Now()
	f.contacts.rest = max(sweepPause, sweepRest*time.Since(began))
	return nil
}

// findLinked reads the contacts that accounts are linked to by changes, and that were
// not read yet. They were there when the changes were made, and may be gone.
func (f *Follower) findLinked(ctx context.Context, b *batch) error {
	ids := b.linked()
	here, err := f.store.Contacts(ctx, f.state.CompanyID, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		_, known := here[id]
		_, read := b.contacts[id]
		_, lost := f.contacts.lost[id]
		if known || read || lost {
			continue
		}
		c, found, err := f.source.contact(ctx, id)
		switch {
		case err != nil:
			return err
		case found:
			b.contacts[id] = c
		default:
			f.contacts.lost[id] = struct{}{}
		}
	}
	return nil
}
