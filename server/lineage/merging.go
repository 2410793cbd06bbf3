package lineage

import (
	"maps"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
)

// notTaken are the members that a merge never takes from one account alone.
var notTaken = map[string]string{
	string(account.MemberNumber):   "stays that of the account that stays",
	string(account.MemberContacts): "are united",
}

// changes are what the target gets of the others. It notes what is wrong with the
// members to take.
func (m *merger) changes(properties schema.Schema) patch.Changes {
	changes := make(patch.Changes)
	set := func(name string, after any) {
		before := m.parties[0].RecordedValue(name)
		if account.Shown(before) != account.Shown(after) {
			changes[name] = patch.Change{Before: asUpdated(name, before), After: after}
		}
	}
	var known []string
	for _, name := range account.RecordedNames() {
		if name != string(query.MemberCustom) && notTaken[name] == "" {
			known = append(known, name)
			set(name, m.winner(name, account.IsOptional(name)))
		}
	}
	for _, key := range m.customKeys() {
		known = append(known, account.CustomPrefix+key)
		set(account.CustomPrefix+key, m.winnerOf(key, properties[key]))
	}
	if united := account.ContactIDs(m.contacts()); len(united) > account.MaxContacts {
		m.offences.Add([]string{"from"}, "have %d contacts together with the account; one can have %d", len(united), account.MaxContacts)
	} else if len(united) > 0 {
		set(string(account.MemberContacts), united)
	}
	for _, key := range jsonvalue.Names(properties) {
		known = append(known, account.CustomPrefix+key)
	}
	m.checkTake(known)
	return changes
}

// isNone tells whether a value is as good as none.
func isNone(value any) bool {
	text := account.Shown(value)
	return text == "null" || text == `""` || text == "[]"
}

// winner is the value that the target gets of a member: that of the account that it
// is to be taken from, or of the first that has one.
func (m *merger) winner(name string, optional bool) any {
	if from := m.taken(name); from != nil {
		value := from.RecordedValue(name)
		if isNone(value) && !optional {
			m.offences.Add([]string{"take", name}, "cannot be %d: that account has none", from.ID)
		}
		return value
	}
	for i := range m.parties {
		if value := m.parties[i].RecordedValue(name); !isNone(value) {
			return value
		}
	}
	return m.parties[0].RecordedValue(name)
}

// winnerOf is winner of a custom member. If it may have several values, the others' are
// added as to any list.
func (m *merger) winnerOf(key string, property schema.Property) any {
	name := account.CustomPrefix + key
	if !property.Multiple || m.taken(name) != nil {
		return m.winner(name, true)
	}
	united := m.winner(name, true)
	for i := range m.parties {
		values, _ := m.parties[i].Custom[key].([]any)
		united = property.With(united, values)
	}
	if list, _ := united.([]any); len(list) > schema.MaxValues {
		m.offences.Add([]string{"take", name}, "must be taken from one account: together they have %d values, and it takes %d", len(list), schema.MaxValues)
	}
	return united
}

// taken is the account that a member is to be taken from; nil if none is named.
func (m *merger) taken(name string) *account.Account {
	i := slices.IndexFunc(m.parties, func(a account.Account) bool { return a.ID == m.req.Take[name] })
	if i < 0 {
		return nil
	}
	return &m.parties[i]
}

// names tells whether an account is among the others of the request, where it is told
// what is wrong with it.
func (m *merger) names(id int64) bool {
	return slices.ContainsFunc(m.req.From, func(s MergeSource) bool { return s.ID == id })
}

// customKeys are those of the custom values that the accounts have, sorted.
func (m *merger) customKeys() []string {
	keys := make(map[string]bool)
	for _, a := range m.parties {
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
				if slices.Contains(known, account.CustomPrefix+name) {
					name = account.CustomPrefix + name
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

// clone is what an account has, to be changed.
func clone(c account.Custom) account.Custom {
	clone := make(account.Custom, len(c))
	maps.Copy(clone, c)
	return clone
}
