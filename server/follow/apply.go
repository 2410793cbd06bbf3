package follow

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/custom"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/records"
)

// apply writes a batch and how far it leads, in one transaction. What is here already
// is left out, so that nothing is written while nothing happens.
func (f *Follower) apply(ctx context.Context, b *batch) error {
	changed, err := f.changedContacts(ctx, b)
	if err != nil {
		return err
	}
	properties, err := f.changedProperties(ctx, b)
	if err != nil {
		return err
	}
	if len(b.users)+len(changed)+len(b.entries)+len(f.contacts.gone) == 0 && properties == nil {
		return nil
	}
	var after records.Followed
	var removed []int64
	err = f.write(ctx, func(ctx context.Context, tx Tx) error {
		w := writing{tx: tx, state: f.state, companyID: f.state.CompanyID}
		w.state.Lost = maps.Clone(f.state.Lost)
		removed, err = w.all(ctx, b, changed, properties, f.contacts.gone)
		after = w.state
		return err
	})
	if err != nil {
		return err
	}
	f.state = after
	if len(b.entries) > 0 {
		f.last = b.last
	}
	for _, u := range b.users {
		f.users[u.ID] = u
	}
	for _, id := range removed {
		delete(f.contacts.gone, id)
	}
	return nil
}

// changedContacts are those of a batch that are not here as they are.
func (f *Follower) changedContacts(ctx context.Context, b *batch) ([]account.Contact, error) {
	here, err := f.store.Contacts(ctx, f.state.CompanyID, slices.Collect(maps.Keys(b.contacts)))
	if err != nil {
		return nil, err
	}
	var changed []account.Contact
	for _, id := range slices.Sorted(maps.Keys(b.contacts)) {
		c := fromAPIContact(f.state.CompanyID, b.contacts[id])
		if known, ok := here[id]; !ok || !sameContact(known, c) {
			changed = append(changed, c)
		}
	}
	return changed, nil
}

func sameContact(a, b account.Contact) bool {
	a.Accounts = nil
	return custom.JSON(server.ToAPIContact(a)) == custom.JSON(server.ToAPIContact(b))
}

func fromAPIContact(companyID int64, c client.Contact) account.Contact {
	contact := account.Contact{
		ID: c.ID, CompanyID: companyID, Name: c.Name, Title: client.Or(c.Title, ""), Emails: c.Emails, Phones: c.Phones,
		CreatedAt: c.CreatedAt.UTC(), UpdatedAt: c.UpdatedAt.UTC(),
	}
	if creator, err := c.CreatedByUser.Get(); err == nil {
		contact.CreatedBy = creator.ID
	}
	return contact
}

// writing is a transaction that writes a batch.
type writing struct {
	tx        Tx
	state     records.Followed
	companyID int64
}

// all writes a batch, and returns the contacts that it has removed.
func (w *writing) all(ctx context.Context, b *batch, contacts []account.Contact, properties []client.Property, gone map[int64]bool) (removed []int64, err error) {
	from := w.state.Sequence
	for _, u := range b.users {
		if err := w.user(ctx, u); err != nil {
			return nil, fmt.Errorf("write user %d: %w", u.ID, err)
		}
	}
	for _, c := range contacts {
		if err := w.tx.PutContact(ctx, c); err != nil {
			return nil, fmt.Errorf("write contact %d: %w", c.ID, err)
		}
	}
	if properties != nil {
		if err := w.properties(ctx, properties); err != nil {
			return nil, err
		}
	}
	for _, e := range b.entries {
		if err := w.entry(ctx, e); err != nil {
			return nil, explainEntry(e, err)
		}
		w.state.Sequence = e.Sequence
	}
	if removed, err = w.remove(ctx, gone); err != nil {
		return nil, err
	}
	return removed, w.tx.SaveFollowed(ctx, from, w.state)
}

// explainEntry says of an entry that does not fit what that means.
func explainEntry(e account.HistoryEntry, err error) error {
	switch fault.KindOf(err) {
	case fault.KindNotFound, fault.KindConflict:
		return fault.Errorf(fault.KindConflict, "the change %d of account %d does not fit what came before it (%v); look at the source with accountsd verify", e.Sequence, e.AccountID, err)
	}
	return fmt.Errorf("write the change %d of account %d: %w", e.Sequence, e.AccountID, err)
}

// entry writes what a change has made of an account, and the change.
func (w *writing) entry(ctx context.Context, e account.HistoryEntry) error {
	write := w.update
	switch e.Kind {
	case account.ChangeCreated:
		write = w.create
	case account.ChangeDeleted:
		write = w.delete
	}
	if err := write(ctx, e); err != nil {
		return err
	}
	return w.tx.PutHistory(ctx, e)
}

func (w *writing) create(ctx context.Context, e account.HistoryEntry) error {
	a, err := w.replay(ctx, account.Account{}, e)
	if err != nil {
		return err
	}
	return w.tx.PutAccount(ctx, a)
}

func (w *writing) update(ctx context.Context, e account.HistoryEntry) error {
	before, err := w.tx.AccountForUpdate(ctx, w.companyID, e.AccountID)
	if err != nil {
		return err
	}
	a, err := w.replay(ctx, before, e)
	if err != nil {
		return err
	}
	return w.tx.UpdateAccount(ctx, a, e.Fields)
}

func (w *writing) delete(ctx context.Context, e account.HistoryEntry) error {
	delete(w.state.Lost, lostKey(e.AccountID))
	return w.tx.DeleteAccount(ctx, w.companyID, e.AccountID)
}

// replay returns what a change makes of an account, with contacts that are here.
func (w *writing) replay(ctx context.Context, before account.Account, e account.HistoryEntry) (account.Account, error) {
	a, err := account.Replay(before, e)
	if _, relinked := e.Fields[contactsMember]; relinked && err == nil {
		err = w.keepLinked(ctx, &a)
	}
	return a, err
}

func lostKey(accountID int64) string { return fmt.Sprint(accountID) }

// keepLinked leaves an account those of its contacts that are here, and notes all that
// it should have if one is not.
func (w *writing) keepLinked(ctx context.Context, a *account.Account) error {
	ids := account.ContactIDs(a.Contacts)
	here, err := w.tx.Contacts(ctx, w.companyID, ids)
	if err != nil {
		return err
	}
	delete(w.state.Lost, lostKey(a.ID))
	a.Contacts = slices.DeleteFunc(a.Contacts, func(c account.Contact) bool {
		_, found := here[c.ID]
		return !found
	})
	if len(a.Contacts) < len(ids) {
		if w.state.Lost == nil {
			w.state.Lost = make(map[string][]int64)
		}
		w.state.Lost[lostKey(a.ID)] = ids
	}
	return nil
}

// remove removes the contacts that are gone, but for those that accounts have still:
// the changes that unlink them are to come.
func (w *writing) remove(ctx context.Context, gone map[int64]bool) (removed []int64, err error) {
	for _, id := range slices.Sorted(maps.Keys(gone)) {
		c, err := w.tx.Contact(ctx, w.companyID, id)
		if err != nil && !fault.IsNotFound(err) {
			return nil, err
		}
		if err == nil {
			if len(c.Accounts) > 0 {
				continue
			}
			if err := w.tx.DeleteContact(ctx, w.companyID, id); err != nil {
				return nil, err
			}
		}
		removed = append(removed, id)
	}
	return removed, nil
}

// user writes a user, without any password. Whoever was invited needs another
// invitation: nobody knows the token of this one.
func (w *writing) user(ctx context.Context, u client.User) error {
	user := identity.User{
		ID: u.ID, CompanyID: w.companyID, Email: u.Email, FirstName: u.FirstName, LastName: u.LastName,
		Admin: u.IsAdmin, CreatedAt: u.CreatedAt.UTC(),
	}
	if u.IsInvited {
		rand.Read(user.Invitation[:]) // It never fails: see crypto/rand.
		user.InvitedUntil = user.CreatedAt
	}
	if u.IsDisabled {
		user.DisabledAt = time.Now().UTC().Truncate(time.Millisecond)
	}
	return w.tx.PutUser(ctx, user)
}
