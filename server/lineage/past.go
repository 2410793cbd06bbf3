package lineage

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
)

// Moment is when an account is looked at: as it was in a version, or if that is 0, at a
// time.
type Moment struct {
	Time    time.Time
	Version int64
}

// Past is an account as it was at a time.
type Past struct {
	account.Account
	At time.Time
}

// ShowAt returns an account as it was at a moment, with the contacts that it was linked
// to then, as they are now: of one that is gone, the id is left. Errors: KindNotFound if
// it was not there at the moment, or archived and those were not asked for; KindConflict if
// it was merged by that time; KindInvalid if the moment is still to come.
func (s *Service) ShowAt(ctx context.Context, actor identity.Actor, id int64, m Moment, includeArchived bool) (Past, error) {
	if err := fault.Invalid(s.CheckPast(m.Time)); err != nil {
		return Past{}, err
	}
	var found Past
	err := s.store.Look(ctx, func(ctx context.Context, tx account.Tx) (err error) {
		p := past{reader: tx, companyID: actor.CompanyID}
		if p.at, err = p.timeOf(ctx, id, m); err != nil {
			return err
		}
		present, err := tx.Account(ctx, actor.CompanyID, id)
		if err != nil && !fault.IsAbsent(err) {
			return err
		}
		accounts, _, err := p.accounts(ctx, []account.Account{present}, id-1, id)
		switch {
		case err != nil:
			return err
		case len(accounts) == 0 && m.Version == 0:
			return p.absence(ctx, id)
		case len(accounts) == 0 || !accounts[0].Active && !includeArchived:
			return errNotThen
		}
		found = Past{accounts[0], p.at}
		return nil
	})
	return found, err
}

var errNotThen = fault.NotFound("account at that time")

// absence says of an account that was not there at the time whether it was merged by then,
// and into which one, which may have been merged itself.
func (p *past) absence(ctx context.Context, id int64) error {
	var since int64 // the first change after the time; 0: there is none
	err := p.reader.EachChangeSince(ctx, p.companyID, id-1, id, p.at, 1, func(e account.HistoryEntry) error {
		since = e.Sequence
		return nil
	})
	if err != nil {
		return fmt.Errorf("find what was done since: %w", err)
	}
	last, err := p.reader.History(ctx, p.companyID, id, since, 1)
	if err != nil {
		return fmt.Errorf("load the last change by then: %w", err)
	}
	if len(last) > 0 && last[0].Cause != nil && last[0].Cause.MergedInto != 0 {
		return fault.Merged(id, last[0].Cause.MergedInto)
	}
	return errNotThen
}

// CheckPast returns an offence of the parameter "at" if a time is still to come.
func (s *Service) CheckPast(at time.Time) fault.Offences {
	if now := s.clock.Now(); at.After(now) {
		return fault.Offences{fault.InParameter("at", "must not be in the future; it is %s now", now.Format(timestamp.Layout))}
	}
	return nil
}

// past reads accounts as they were at a time, by taking back what was done since.
type past struct {
	reader    account.Reader
	companyID int64
	at        time.Time
}

// timeOf is the time of a moment; of a version, when it came to be.
func (p *past) timeOf(ctx context.Context, id int64, m Moment) (time.Time, error) {
	if m.Version == 0 {
		return m.Time, nil
	}
	e, err := p.reader.ChangeOfVersion(ctx, p.companyID, id, m.Version)
	if !fault.IsNotFound(err) {
		return e.At, err
	}
	last, err := lastChange(ctx, p.reader, p.companyID, id)
	if err == nil && m.Version > last.Version {
		err = fault.Invalid([]fault.Offence{fault.InParameter("at", "must be a version that the account has had, up to %d; got %d", last.Version, m.Version)})
	}
	if err == nil {
		err = fault.NotFound("account in that version")
	}
	return time.Time{}, err
}

// pastChanges is how many changes are taken back at a time, unless they are of one
// account.
const pastChanges = 1000

// undone is what is known of an account whose changes since a time are taken back.
type undone struct {
	first  account.HistoryEntry // of the changes
	values map[string]any       // those before the first change of each
}

// accounts are those that were there of the ones with ids above after, in their order, up
// to an id that is last or, where too much has happened since, one before it. Present are
// those that are there now; one without an id is none.
func (p *past) accounts(ctx context.Context, present []account.Account, after, last int64) (were []account.Account, upTo int64, err error) {
	changed, upTo, err := p.changedSince(ctx, after, last)
	if err != nil {
		return nil, 0, err
	}
	byID := make(map[int64]account.Account, len(present)+len(changed))
	for _, a := range present {
		if a.ID > 0 && a.ID <= upTo && !a.CreatedAt.After(p.at) {
			byID[a.ID] = a
		}
	}
	var restored []int64
	for id, u := range changed {
		a, ok, err := p.undo(ctx, byID[id], u)
		if err != nil {
			return nil, 0, fmt.Errorf("take back the changes of account %d: %w", id, err)
		}
		delete(byID, id)
		if ok {
			byID[id], restored = a, append(restored, id)
		}
	}
	if err := p.fill(ctx, byID, restored); err != nil {
		return nil, 0, err
	}
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		were = append(were, byID[id])
	}
	return were, upTo, nil
}

// changedSince are the accounts that were changed since, by id, up to one.
func (p *past) changedSince(ctx context.Context, after, last int64) (changed map[int64]*undone, upTo int64, err error) {
	changed, n, id, err := p.undoneBetween(ctx, after, last, pastChanges)
	switch {
	case err != nil || n < pastChanges:
		return changed, last, err
	case len(changed) == 1:
		changed, _, _, err = p.undoneBetween(ctx, id-1, id, math.MaxInt64)
		return changed, id, err
	}
	delete(changed, id) // There may be more of it.
	return changed, id - 1, nil
}

// undoneBetween takes changes back in their order, and tells how many, and of which
// account the last one is.
func (p *past) undoneBetween(ctx context.Context, after, last, limit int64) (changed map[int64]*undone, n, id int64, err error) {
	changed = make(map[int64]*undone)
	err = p.reader.EachChangeSince(ctx, p.companyID, after, last, p.at, limit, func(e account.HistoryEntry) error {
		n, id = n+1, e.AccountID
		if changed[id] == nil {
			changed[id] = &undone{first: e, values: make(map[string]any)}
		}
		changed[id].take(e)
		return nil
	})
	if err != nil {
		err = fmt.Errorf("load what was done since: %w", err)
	}
	return changed, n, id, err
}

// take takes a change back that follows those before.
func (u *undone) take(e account.HistoryEntry) {
	for name, change := range e.Fields {
		if _, known := u.values[name]; !known {
			u.values[name] = change.Before
		}
	}
}

// undo returns an account as it was before changes, unless it was not there. It is the
// zero value if it is not there now.
func (p *past) undo(ctx context.Context, a account.Account, u *undone) (_ account.Account, wasThere bool, err error) {
	if u.first.Kind == account.ChangeCreated {
		return a, false, nil
	}
	if a.ID == 0 {
		first, err := p.reader.FirstChange(ctx, p.companyID, u.first.AccountID)
		if err != nil {
			return a, false, err
		}
		a = account.Created(first)
	}
	if err := a.Take(u.values); err != nil {
		return a, false, err
	}
	entries, err := p.reader.History(ctx, p.companyID, a.ID, u.first.Sequence, 1)
	if err != nil {
		return a, false, err
	}
	a.Version, a.UpdatedAt, a.UpdatedBy = u.first.Version-1, a.CreatedAt, nil
	if len(entries) > 0 {
		a.Stamp(entries[0])
	}
	return a, !a.CreatedAt.After(p.at), nil
}

// fill gives accounts of which only the ids of users and contacts are known the rest.
func (p *past) fill(ctx context.Context, accounts map[int64]account.Account, ids []int64) error {
	users, contacts := make(map[int64]bool), make(map[int64]bool)
	for _, id := range ids {
		for _, u := range []*identity.UserRef{accounts[id].CreatedBy, accounts[id].UpdatedBy} {
			if u != nil {
				users[u.ID] = true
			}
		}
		for _, c := range accounts[id].Contacts {
			contacts[c.ID] = true
		}
	}
	knownUsers, err := p.reader.UserRefs(ctx, p.companyID, slices.Collect(maps.Keys(users)))
	if err != nil {
		return fmt.Errorf("load users: %w", err)
	}
	knownContacts, err := p.reader.Contacts(ctx, p.companyID, slices.Collect(maps.Keys(contacts)))
	if err != nil {
		return fmt.Errorf("load contacts: %w", err)
	}
	for _, id := range ids {
		a := accounts[id]
		a.CreatedBy, a.UpdatedBy = known(a.CreatedBy, knownUsers), known(a.UpdatedBy, knownUsers)
		for i, c := range a.Contacts {
			if found, ok := knownContacts[c.ID]; ok {
				a.Contacts[i] = found
			}
		}
		accounts[id] = a
	}
	return nil
}

// known is a user with the name, if that is known.
func known(user *identity.UserRef, users map[int64]identity.UserRef) *identity.UserRef {
	if user == nil {
		return nil
	}
	if found, ok := users[user.ID]; ok {
		return &found
	}
	return user
}

// PastPage is a part of the accounts that there were at a time.
type PastPage struct {
	Accounts []account.Account
	Next     int64 // the id after which the next part begins; 0: there is none
}

// A page of the past looks at so many parts of so many accounts at the most. If it has
// not found enough in them, it ends early, and the next one goes on.
const (
	pastPart  = 100
	pastParts = 20
)

// ListAt returns accounts as they were at a time, in the order of their ids, as a query
// selects them by what they were: those with ids above that of its place, at most its
// limit. Its order does not matter. There may be fewer, and yet a next page. Errors:
// KindInvalid if the time is still to come.
func (s *Service) ListAt(ctx context.Context, actor identity.Actor, q account.Query, at time.Time) (PastPage, error) {
	if err := fault.Invalid(s.CheckPast(at)); err != nil {
		return PastPage{}, err
	}
	var page PastPage
	err := s.store.Look(ctx, func(ctx context.Context, tx account.Tx) (err error) {
		p := past{reader: tx, companyID: actor.CompanyID, at: at}
		page, err = p.page(ctx, q)
		return err
	})
	return page, err
}

func (p *past) page(ctx context.Context, q account.Query) (PastPage, error) {
	page, after := PastPage{}, int64(0)
	if q.Page.After != nil {
		after = q.Page.After.ID
	}
	for range pastParts {
		were, upTo, err := p.part(ctx, after)
		if err != nil {
			return PastPage{}, err
		}
		for i := range were {
			if !were[i].Active && !q.IncludeArchived || !q.Filter.Matches(&were[i]) {
				continue
			}
			if len(page.Accounts) == q.Page.Limit {
				page.Next = page.Accounts[q.Page.Limit-1].ID
				return page, nil
			}
			page.Accounts = append(page.Accounts, were[i])
		}
		if upTo == math.MaxInt64 {
			return page, nil
		}
		after = upTo
	}
	page.Next = after
	return page, nil
}

// part are some of the accounts that were there with ids above after, up to an id.
func (p *past) part(ctx context.Context, after int64) (were []account.Account, upTo int64, err error) {
	present, err := p.reader.AccountsByID(ctx, p.companyID, after, pastPart)
	if err != nil {
		return nil, 0, fmt.Errorf("load accounts: %w", err)
	}
	last := int64(math.MaxInt64)
	if len(present) == pastPart {
		last = present[pastPart-1].ID
	}
	return p.accounts(ctx, present, after, last)
}
