package follow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/write"
)

// IDMargin is how many ids are left out at a promotion: those that the source may have
// given out last, of which the copy does not know.
const IDMargin = 1000

// IDs are the last ids that a copy must take for given out, by table.
func IDs(known map[string]int64) map[string]int64 {
	ids := maps.Clone(known)
	for table := range ids {
		if table != "companies" {
			ids[table] += IDMargin
		}
	}
	return ids
}

// Promoted is what became of a copy.
type Promoted struct {
	CompanyID int64
	Sequence  int64 // of the last change of the source that is here
	Settled   int   // accounts that had a contact which was gone
	// Common are the properties that are not unique any more, since what made their
	// values so at the source has not come here.
	Common []string
}

// Promote makes a store that follows one of its own. What it gives out no ids by must
// have been told to it before: see IDs.
func Promote(ctx context.Context, s Store, clock write.Clock) (Promoted, error) {
	if err := Promotable(ctx, s); err != nil {
		return Promoted{}, err
	}
	state, err := s.Followed(ctx)
	if err != nil {
		return Promoted{}, err
	}
	number, err := lastNumber(ctx, s, state.CompanyID)
	if err != nil {
		return Promoted{}, err
	}
	promoted := Promoted{CompanyID: state.CompanyID, Sequence: state.Sequence, Settled: len(state.Lost)}
	err = writeTo(ctx, s, func(ctx context.Context, tx Tx) error {
		if err := settle(ctx, tx, state, clock); err != nil {
			return err
		}
		if promoted.Common, err = takeKeys(ctx, tx, state.CompanyID); err != nil {
			return err
		}
		return tx.EndFollowing(ctx, state.CompanyID, number)
	})
	return promoted, err
}

// takeKeys gives accounts the keys of their unique values, and returns the properties
// that cannot be unique.
func takeKeys(ctx context.Context, tx Tx, companyID int64) (common []string, err error) {
	properties, err := tx.Properties(ctx, companyID)
	if err != nil {
		return nil, err
	}
	for _, p := range properties {
		if !p.Unique {
			continue
		}
		err := tx.Isolate(ctx, func(ctx context.Context) error { return property.TakeKeys(ctx, tx, p) })
		if fault.KindOf(err) == fault.KindConflict {
			p.Unique, common = false, append(common, p.Key)
			err = tx.UpdateProperty(ctx, p)
		}
		if err != nil {
			return nil, fmt.Errorf("make %s unique: %w", p.Key, err)
		}
	}
	return common, nil
}

// Promotable returns an error unless a store follows.
func Promotable(ctx context.Context, s Store) error {
	follows, err := s.Follows(ctx)
	if err == nil && !follows {
		err = fault.Errorf(fault.KindConflict, "the database does not follow another installation: there is nothing to promote")
	}
	return err
}

// settle unlinks accounts from the contacts that were gone before they could be read,
// as the source has done by changes that have not come here any more.
func settle(ctx context.Context, tx Tx, state records.Followed, clock write.Clock) error {
	for _, key := range slices.Sorted(maps.Keys(state.Lost)) {
		id, err := strconv.ParseInt(key, 10, 64)
		if err != nil {
			return err
		}
		a, err := tx.AccountForUpdate(ctx, state.CompanyID, id)
		if err != nil {
			return fmt.Errorf("load account %d: %w", id, err)
		}
		a.Version, a.UpdatedAt, a.UpdatedBy = a.Version+1, clock.Since(a.UpdatedAt), nil
		changes := patch.Changes{contactsMember: {Before: state.Lost[key], After: account.ContactIDs(a.Contacts)}}
		if err := tx.UpdateAccount(ctx, a, changes); err != nil {
			return fmt.Errorf("unlink account %d: %w", id, err)
		}
		err = tx.AddHistory(ctx, &account.HistoryEntry{
			CompanyID: state.CompanyID, AccountID: id, Kind: account.ChangeUpdated, Version: a.Version, At: a.UpdatedAt, Fields: changes,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// lastNumber is the last number that was assigned to an account and not taken by hand,
// as far as the history tells: each time, it is the next one that is free.
func lastNumber(ctx context.Context, s Store, companyID int64) (int64, error) {
	n := numbers{of: make(map[int64]int64), taken: make(map[int64]bool)}
	for after, more := int64(0), true; more; {
		entries, err := s.Changes(ctx, companyID, after, readAtOnce)
		if err != nil {
			return 0, err
		}
		for _, e := range entries {
			after = e.Sequence
			n.take(e)
		}
		more = len(entries) == readAtOnce
	}
	return n.last, nil
}

// numbers are those of accounts at a moment of the history.
type numbers struct {
	of    map[int64]int64 // by account
	taken map[int64]bool
	last  int64 // that was assigned
}

func (n *numbers) take(e account.HistoryEntry) {
	change, changed := e.Fields[string(account.MemberNumber)]
	if !changed {
		return
	}
	number, _ := change.After.(json.Number)
	value, err := jsonvalue.Integer(number)
	if err != nil {
		value = 0 // The account is deleted.
	}
	next := n.last + 1
	for n.taken[next] {
		next++
	}
	if e.Kind == account.ChangeCreated && value == next {
		n.last = next
	}
	delete(n.taken, n.of[e.AccountID])
	delete(n.of, e.AccountID)
	if value > 0 {
		n.of[e.AccountID], n.taken[value] = value, true
	}
}

// FirstAdmin returns the admin of a store that follows who was there first, of those who
// can act.
func FirstAdmin(ctx context.Context, s Store) (identity.User, error) {
	state, err := s.Followed(ctx)
	if err != nil {
		return identity.User{}, err
	}
	for after, more := int64(0), true; more; {
		users, err := s.Users(ctx, state.CompanyID, identity.UserFilter{}, after, readAtOnce)
		if err != nil {
			return identity.User{}, err
		}
		for _, u := range users {
			if u.Admin && !u.Disabled() && !u.Invited() {
				return u, nil
			}
			after = u.ID
		}
		more = len(users) == readAtOnce
	}
	return identity.User{}, fault.Errorf(fault.KindNotFound, "the company has no admin who can act; name a user with --email")
}
