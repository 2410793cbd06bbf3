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
	a.Version, a.UpdatedAt, a.UpdatedBy = e.Version, e.At, refOf(e.UserID)
	if e.Kind == ChangeCreated {
		a = Account{ID: e.AccountID, CompanyID: e.CompanyID, Version: e.Version, Custom: Custom{}, CreatedAt: e.At, UpdatedAt: e.At, CreatedBy: refOf(e.UserID)}
	}
	r := &patch.Reader{}
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		after := e.Fields[name].After
		if key, ok := strings.CutPrefix(name, CustomPrefix); ok {
			a.Custom.put(key, after)
			continue
		}
		i := slices.IndexFunc(members, func(m member) bool { return m.name == name && m.set != nil })
		if i < 0 {
			return a, &fault.Error{Kind: fault.KindInvalid, Message: fmt.Sprintf("the history has the member %s, which this program does not know", fault.Quote(name))}
		}
		members[i].set(r, &a, after)
	}
	if err := fault.Invalid(r.Offences); err != nil {
		return a, fmt.Errorf("replay %s of account %d: %w", e.Kind, e.AccountID, err)
	}
	return a, nil
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
