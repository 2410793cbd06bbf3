package follow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/custom"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
)

// batch is what was read in a round, to be written in one transaction.
type batch struct {
	entries    []account.HistoryEntry
	last       string // the last of them, as the source has it
	contacts   map[int64]client.Contact
	users      []client.User
	properties []client.Property // nil: as they were
}

func newBatch() *batch { return &batch{contacts: make(map[int64]client.Contact)} }

// settleTries is how often a round begins to read again because the properties have
// changed meanwhile.
const settleTries = 3

// round reads what has happened and writes it, and tells whether there is more.
//
// The order is what makes the parts fit, though they are read one after the other. A
// contact that a change links was there before the change, so it is read after it; or it
// is gone, and a change that is still to come unlinks it. Users are never removed, so
// they are read last. Properties are the same before and after changes were read, or
// else more changes are.
func (f *Follower) round(ctx context.Context) (more bool, err error) {
	b := newBatch()
	if b.properties, err = f.source.properties(ctx); err != nil {
		return false, err
	}
	for range settleTries {
		if more, err = f.readChanges(ctx, b); err != nil || more || len(b.entries) == 0 {
			break
		}
		before := b.properties
		if b.properties, err = f.source.properties(ctx); err != nil || custom.JSON(before) == custom.JSON(b.properties) {
			break
		}
	}
	if err != nil {
		return false, err
	}
	if err := f.readContacts(ctx, b); err != nil {
		return false, err
	}
	if err := f.findLinked(ctx, b); err != nil {
		return false, err
	}
	if err := f.readUsers(ctx, b); err != nil {
		return false, err
	}
	return more, f.apply(ctx, b)
}

// readChanges reads on in the feed.
func (f *Follower) readChanges(ctx context.Context, b *batch) (more bool, err error) {
	known, last := f.state.Sequence, f.last
	if n := len(b.entries); n > 0 {
		known, last = b.entries[n-1].Sequence, b.last
	}
	changes, more, err := f.source.changes(ctx, known, last, f.config.AtOnce-len(b.entries))
	if err != nil {
		return false, err
	}
	for _, c := range changes {
		e, err := fromAPIChange(f.state.CompanyID, c)
		if err != nil {
			return false, err
		}
		b.entries, b.last = append(b.entries, e), c.String()
	}
	return more, nil
}

// fromAPIChange converts a change of the feed.
func fromAPIChange(companyID int64, c client.Change) (account.HistoryEntry, error) {
	sequence, err := parseSequence(c.Sequence)
	if err != nil {
		return account.HistoryEntry{}, fmt.Errorf("a change has the sequence %q, which this program cannot keep", c.Sequence)
	}
	e := account.HistoryEntry{
		Sequence: sequence, CompanyID: companyID, AccountID: c.AccountID, Kind: account.ChangeKind(c.Kind),
		Version: c.Version, At: c.At.UTC(), Reason: reasonOf(c), Fields: make(patch.Changes, len(c.Fields)),
	}
	if actor, err := c.Actor.Get(); err == nil {
		e.UserID, e.KeyID, e.Email = client.Or(actor.UserID, 0), client.Or(actor.KeyID, 0), client.Or(actor.Email, "")
	}
	for name, change := range c.Fields {
		e.Fields[name] = patch.Change(change)
	}
	e.Cause, err = causeOf(c)
	return e, err
}

// causeOf is the cause of a change, all of it: the hash of the entry is over it too.
func causeOf(c client.Change) (*account.Cause, error) {
	if c.Cause == nil {
		return nil, nil
	}
	cause := &account.Cause{Kind: account.CauseKind(c.Cause.Kind), Merged: c.Cause.Merged}
	if sent := c.Cause.Sequence; sent != nil {
		sequence, err := parseSequence(*sent)
		if err != nil {
			return nil, fmt.Errorf("the cause of the change %s has the sequence %q, which this program cannot keep", c.Sequence, *sent)
		}
		cause.Sequence = sequence
	}
	if c.Cause.MergedInto != nil {
		cause.MergedInto = *c.Cause.MergedInto
	}
	if c.Cause.CreatedBy != nil {
		cause.CreatedBy = *c.Cause.CreatedBy
	}
	if c.Cause.CreatedAt != nil {
		cause.CreatedAt = new(c.Cause.CreatedAt.UTC())
	}
	return cause, nil
}

func reasonOf(c client.Change) string {
	if c.Reason == nil {
		return ""
	}
	return *c.Reason
}

// linked are the contacts that the changes of a batch link accounts to.
func (b *batch) linked() []int64 {
	ids := make(map[int64]bool)
	for _, e := range b.entries {
		for _, id := range linkedBy(e) {
			ids[id] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// linkedBy are the contacts that an account has after a change of them.
func linkedBy(e account.HistoryEntry) []int64 {
	items, _ := e.Fields[contactsMember].After.([]any)
	ids := make([]int64, 0, len(items))
	for _, item := range items {
		if id, err := jsonvalue.Integer(asNumber(item)); err == nil {
			ids = append(ids, id)
		}
	}
	return ids
}

const contactsMember = "contacts"

// readUsers reads those users who are not known as they are now.
func (f *Follower) readUsers(ctx context.Context, b *batch) error {
	users, err := f.source.users(ctx)
	if err != nil {
		return err
	}
	for _, u := range users {
		if f.users[u.ID] != u {
			b.users = append(b.users, u)
		}
	}
	return nil
}

// lastEntry is the last entry of history that is here, as the source must have it.
func (f *Follower) lastEntry(ctx context.Context) (string, error) {
	if f.state.Sequence == 0 {
		return "", nil
	}
	entries, err := f.store.Changes(ctx, f.state.CompanyID, f.state.Sequence-1, 1)
	if err != nil || len(entries) == 0 {
		return "", err
	}
	return server.ToAPIChange(entries[0]).String(), nil
}

func asNumber(value any) json.Number {
	number, _ := value.(json.Number)
	return number
}
