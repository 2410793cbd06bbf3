package contact

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

// links are the accounts whose links to a contact change, and what is wrong with
// those that were asked for.
type links struct {
	accounts []account.Account
	offences fault.Offences
}

// findLinks loads the accounts that a contact is linked to and is not to be, and
// those that it is to be linked to and is not.
func findLinks(ctx context.Context, tx Tx, contact account.Contact, wanted patch.Field[[]int64]) (links, error) {
	var found links
	if wanted.IsAbsent() {
		return found, nil
	}
	if len(wanted.Value) > maxLinks {
		found.offences.Add([]string{"accountIds"}, "%s", fault.TooMany(maxLinks, len(wanted.Value)))
		return found, nil
	}
	linked, err := tx.LinkedAccounts(ctx, contact.CompanyID, contact.ID, 2*maxLinks+1)
	if err != nil {
		return links{}, fmt.Errorf("find linked accounts: %w", err)
	}
	has := asSet(linked)
	off := slices.DeleteFunc(linked, isIn(asSet(wanted.Value)))
	if len(off) > maxLinks {
		found.offences.Conflict([]string{"accountIds"}, "would unlink the contact from more than %d accounts, the most of a request; it has %d",
			maxLinks, contact.AccountCount)
		return found, nil
	}
	if err := found.load(ctx, tx, contact.CompanyID, off); err != nil {
		return links{}, err
	}
	for i, id := range wanted.Value {
		if has[id] {
			continue
		}
		has[id] = true
		if err := found.add(ctx, tx, contact.CompanyID, id, i); err != nil {
			return links{}, err
		}
	}
	return found, nil
}

func asSet(ids []int64) map[int64]bool {
	set := make(map[int64]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func isIn(set map[int64]bool) func(int64) bool { return func(id int64) bool { return set[id] } }

// load loads accounts that the contact is linked to.
func (l *links) load(ctx context.Context, tx Tx, companyID int64, ids []int64) error {
	for _, id := range ids {
		a, err := tx.AccountForUpdate(ctx, companyID, id)
		if err != nil {
			return fmt.Errorf("load linked account: %w", err)
		}
		l.accounts = append(l.accounts, a)
	}
	return nil
}

// add loads the account with the id at a place of the request.
func (l *links) add(ctx context.Context, tx Tx, companyID, id int64, place int) error {
	path := []string{"accountIds", strconv.Itoa(place)}
	a, err := tx.AccountForUpdate(ctx, companyID, id)
	switch {
	case fault.IsNotFound(err):
		l.offences.Add(path, "must be the id of an account of this company; got %d", id)
	case fault.MergedInto(err) != 0:
		l.offences.Conflict(path, "is %d, which was merged into account %d; use that one", id, fault.MergedInto(err))
	case err != nil:
		return fmt.Errorf("load account: %w", err)
	case len(a.Contacts) >= account.MaxContacts:
		l.offences.Add(path, "cannot be %d: that account has %d contacts, the most allowed", id, len(a.Contacts))
	default:
		l.accounts = append(l.accounts, a)
	}
	return nil
}

// relink turns the link of each account to the contact: off where there is one,
// and on, behind the others, where there is none. The accounts change by it.
func (s *Service) relink(ctx context.Context, tx Tx, actor identity.Actor, contactID int64, l links) error {
	for _, a := range l.accounts {
		ids := account.ContactIDs(a.Contacts)
		if place := slices.Index(ids, contactID); place >= 0 {
			ids = slices.Delete(ids, place, place+1)
		} else {
			ids = append(ids, contactID)
		}
		if err := s.accounts.SetContacts(ctx, tx, actor, a, ids); err != nil {
			return fmt.Errorf("link account %d: %w", a.ID, err)
		}
	}
	return nil
}

// unlinkedAtOnce are the accounts that a deletion unlinks in one transaction, as many as
// a batch may update.
const unlinkedAtOnce = 500

// Delete removes a contact, and unlinks it from every account. If these are many, it
// unlinks them in parts, so that other writes need not wait for all; one that is broken
// off can be sent again. Errors: KindNotFound if the actor's company has none with the
// id; KindUnavailable if there was no time for all parts.
func (s *Service) Delete(ctx context.Context, actor identity.Actor, id int64) error {
	for begun := false; ; begun = true {
		more, err := s.deletePart(ctx, actor, id)
		switch {
		case err != nil && begun && ctx.Err() != nil:
			return &fault.Error{
				Kind: fault.KindUnavailable, Err: err,
				Message: "the contact is unlinked from some of its accounts, and there was no time for the others; delete it again to go on",
			}
		case err != nil || !more:
			return err
		}
	}
}

// deletePart unlinks a contact from some accounts, and removes it if these are all.
func (s *Service) deletePart(ctx context.Context, actor identity.Actor, id int64) (more bool, err error) {
	err = write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
		contact, err := tx.Contact(ctx, actor.CompanyID, id)
		if err != nil {
			return err
		}
		linked, err := tx.LinkedAccounts(ctx, actor.CompanyID, id, unlinkedAtOnce)
		if err != nil {
			return err
		}
		var off links
		if err := off.load(ctx, tx, actor.CompanyID, linked); err != nil {
			return err
		}
		if err := s.relink(ctx, tx, actor, id, off); err != nil {
			return err
		}
		if more = contact.AccountCount > int64(len(linked)); more {
			return nil
		}
		return tx.DeleteContact(ctx, actor.CompanyID, id)
	})
	return more, err
}
