package account

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
)

// Replay returns what an entry of the history, other than of a deletion, makes of an
// account as it was before, which is the zero value if the entry creates it. Values are taken as they are: they
// were checked when they were written, by rules that may have been others. Of its
// contacts the account has the ids. KindInvalid if the entry is none of the account's
// present form.
func Replay(before Account, e HistoryEntry) (Account, error) {
	a := before
	a.Custom = maps.Clone(a.Custom)
	if e.Kind == ChangeCreated {
		a = Created(e)
	}
	a.Stamp(e)
	values := make(map[string]any, len(e.Fields))
	for name, change := range e.Fields {
		values[name] = change.After
	}
	if err := a.Take(values); err != nil {
		return a, fmt.Errorf("replay %s of account %d: %w", e.Kind, e.AccountID, err)
	}
	return a, nil
}

// Created is an account without any values, as it is by the entry that creates it or
// makes it be there again.
func Created(e HistoryEntry) Account {
	a := Account{ID: e.AccountID, CompanyID: e.CompanyID, Custom: Custom{}, CreatedAt: e.At, CreatedBy: refOf(e.UserID)}
	if e.Cause.revives() {
		a.CreatedAt, a.CreatedBy = e.Cause.CreatedAt.UTC(), refOf(e.Cause.CreatedBy)
	}
	return a
}

// Stamp gives the account the version, time and author of an entry. Whoever creates an
// account has not updated it.
func (a *Account) Stamp(e HistoryEntry) {
	a.Version, a.UpdatedAt, a.UpdatedBy = e.Version, e.At, nil
	if e.Kind != ChangeCreated || e.Cause.revives() {
		a.UpdatedBy = refOf(e.UserID)
	}
}

// Take gives the account values by the names that the history has for them, as they are;
// nil is none. Its custom values must be its own.
func (a *Account) Take(values map[string]any) error {
	r := &patch.Reader{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if key, ok := strings.CutPrefix(name, CustomPrefix); ok {
			a.Custom.put(key, values[name])
			continue
		}
		i := slices.IndexFunc(members, func(m member) bool { return m.name == name && m.set != nil })
		if i < 0 {
			return fault.Errorf(fault.KindInvalid, "the history has the member %s, which this program does not know", fault.Quote(name))
		}
		members[i].set(r, a, values[name])
	}
	return fault.Invalid(r.Offences)
}

// put sets or, with nil, clears a value.
func (c Custom) put(key string, value any) {
	if value == nil {
		delete(c, key)
	} else {
		c[key] = value
	}
}

func refOf(userID int64) *identity.UserRef {
	if userID == 0 {
		return nil
	}
	return &identity.UserRef{ID: userID}
}
