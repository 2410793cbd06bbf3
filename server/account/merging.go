package account

import (
	"maps"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
)

// notTaken are the members that a merge never takes from one account alone.
var notTaken = map[string]string{
	string(MemberNumber):   "stays that of the account that stays",
	string(MemberContacts): "are united",
}

// changes are what the target gets of the others. It notes what is wrong with the
// members to take.
func (m *merger) changes(properties schema.Schema) patch.Changes {
	changes := make(patch.Changes)
	set := func(name string, after any) {
		before := valueOf(&m.accounts[0], name)
		if shown(before) != shown(after) {
			changes[name] = patch.Change{Before: asUpdated(name, before), After: after}
		}
	}
	known := make([]string, 0, len(members))
	for i := range members {
		if name := members[i].name; members[i].apply != nil && name != memberCustom && notTaken[name] == "" {
			known = append(known, name)
			set(name, m.winner(name, members[i].fill != nil))
		}
	}
	for _, key := range m.customKeys() {
		known = append(known, CustomPrefix+key)
		set(CustomPrefix+key, m.winnerOf(key, properties[key]))
	}
	if united := ContactIDs(m.contacts()); len(united) > MaxContacts {
		m.offences.Add([]string{"from"}, "have %d contacts together with the account; one can have %d", len(united), MaxContacts)
	} else if len(united) > 0 {
		set(string(MemberContacts), united)
	}
	for _, key := range jsonvalue.Names(properties) {
		known = append(known, CustomPrefix+key)
	}
	m.checkTake(known)
	return changes
}

// valueOf is what an account has of a member, as the history has it; nil for none.
func valueOf(a *Account, name string) any {
	if key, ok := strings.CutPrefix(name, CustomPrefix); ok {
		return a.Custom[key]
	}
	return memberOf[query.Member(name)].value(a)
}

// isNone tells whether a value is as good as none.
func isNone(value any) bool {
	text := shown(value)
	return text == "null" || text == `""` || text == "[]"
}

// winner is the value that the target gets of a member: that of the account that it
// is to be taken from, or of the first that has one.
func (m *merger) winner(name string, optional bool) any {
	if from := m.taken(name); from != nil {
		value := valueOf(from, name)
		if isNone(value) && !optional {
			m.offences.Add([]string{"take", name}, "cannot be %d: that account has none", from.ID)
		}
		return value
	}
	for i := range m.accounts {
		if value := valueOf(&m.accounts[i], name); !isNone(value) {
			return value
		}
	}
	return valueOf(&m.accounts[0], name)
}

// winnerOf is winner of a custom member. If it may have several values, the others' are
// added as to any list.
func (m *merger) winnerOf(key string, property schema.Property) any {
	name := CustomPrefix + key
	if !property.Multiple || m.taken(name) != nil {
		return m.winner(name, true)
	}
	united := m.winner(name, true)
	for i := range m.accounts {
		values, _ := m.accounts[i].Custom[key].([]any)
		united = property.With(united, values)
	}
	if list, _ := united.([]any); len(list) > schema.MaxValues {
		m.offences.Add([]string{"take", name}, "must be taken from one account: together they have %d values, and it takes %d", len(list), schema.MaxValues)
	}
	return united
}

// taken is the account that a member is to be taken from; nil if none is named.
func (m *merger) taken(name string) *Account {
	i := slices.IndexFunc(m.accounts, func(a Account) bool { return a.ID == m.req.Take[name] })
	if i < 0 {
		return nil
	}
	return &m.accounts[i]
}

// names tells whether an account is among the others of the request, where it is told
// what is wrong with it.
func (m *merger) names(id int64) bool {
	return slices.ContainsFunc(m.req.From, func(s MergeSource) bool { return s.ID == id })
}

// customKeys are those of the custom values that the accounts have, sorted.
func (m *merger) customKeys() []string {
	keys := make(map[string]bool)
	for _, a := range m.accounts {
		for key := range a.Custom {
			keys[key] = true
		}
	}
	return jsonvalue.Names(keys)
}

// checkTake notes what is wrong with the members to take and their accounts.
func (m *merger) checkTake(known []string) {
	for _, name := range jsonvalue.Names(m.req.Take) {
		path := []string{"take", name}
		switch {
		case notTaken[name] != "":
			m.offences.Add(path, "cannot be taken from one account: %s %s", name, notTaken[name])
		case !slices.Contains(known, name):
			m.offences.Add(path, "is not a member that can be taken%s", fault.Lazily(func() string {
				if slices.Contains(known, CustomPrefix+name) {
					name = CustomPrefix + name
				}
				return fault.DidYouMean(name, known)
			}))
		case m.taken(name) == nil && !m.names(m.req.Take[name]):
			m.offences.Add(path, "must be the id of one of the accounts; got %d", m.req.Take[name])
		}
	}
}

// recorded is a value as it is read from the history.
func recorded(value any) (any, error) {
	text, err := jsonvalue.Append(nil, value)
	if err != nil {
		return nil, err
	}
	decoded, _, err := jsonvalue.Decode(text)
	return decoded, err
}

func (c Custom) clone() Custom {
	clone := make(Custom, len(c))
	maps.Copy(clone, c)
	return clone
}
