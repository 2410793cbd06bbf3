package account

import (
	"slices"

	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
)

// memberOf finds a member by its name.
var memberOf = func() map[query.Member]*member {
	found := make(map[query.Member]*member, len(members))
	for i := range members {
		found[query.Member(members[i].name)] = &members[i]
	}
	return found
}()

// subjects are the members that accounts are searched by, by all of their names.
var subjects = func() map[string]query.Subject {
	found := map[string]query.Subject{string(MemberPrimaryName): {Member: MemberPrimaryName, Kind: query.Text}}
	for _, m := range members {
		if m.name == memberCustom {
			continue
		}
		for _, name := range append([]string{m.name}, m.aliases...) {
			found[name] = query.Subject{Member: query.Member(m.name), Kind: m.kind, Labels: m.labels}
		}
	}
	return found
}()

// IsOptional tells whether an account need not have a value of one of RecordedNames.
func IsOptional(name string) bool { return memberOf[query.Member(name)].fill != nil }

// Subjects are what the accounts of a company with the properties are searched
// by.
func Subjects(properties schema.Schema) query.Subjects {
	return query.Subjects{Standard: subjects, Schema: properties}
}

// ReservedNames are the names that members of all accounts have in bodies and
// searches, and so no custom member must have.
func ReservedNames() []string {
	names := slices.Clone(bodyNames)
	for name := range subjects {
		names = append(names, name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Values returns the account's values of what a condition tests: see
// query.Record. Parts are looked for in texts without accents.
func (a *Account) Values(c query.Condition) []any {
	values := a.values(c)
	if c.Contains == "" {
		return values
	}
	for i, value := range values {
		if text, ok := value.(string); ok {
			values[i] = normal.Unaccented(text)
		}
	}
	return values
}

func (a *Account) values(c query.Condition) []any {
	switch c.Member {
	case query.MemberCustom:
		return each(c.Property.Keys(a.Custom[c.Property.Key]), func(key string) string { return key })
	case query.MemberText:
		return each(SearchText(a), func(text string) string { return text })
	case MemberPrimaryName:
		if len(a.Contacts) == 0 {
			return nil
		}
		return []any{normal.Fold(a.Contacts[0].Name)}
	}
	m := memberOf[c.Member]
	if c.Contains != "" && (m.kind == query.Phone || m.kind == query.Email) {
		return []any{m.text(a)}
	}
	return m.values(a)
}

// TextMembers are the members that full text search looks into.
var TextMembers = func() []query.Member {
	var names []query.Member
	for _, m := range members {
		if m.inText {
			names = append(names, query.Member(m.name))
		}
	}
	return names
}()

// SearchText returns the text of each of TextMembers to search in.
func SearchText(a *Account) []string {
	texts := make([]string, len(TextMembers))
	for i, name := range TextMembers {
		texts[i] = SearchTextOf(a, name)
	}
	return texts
}

// SearchTextOf returns the text of one of TextMembers to search in. Several values are
// joined by line feeds.
func SearchTextOf(a *Account, name query.Member) string { return memberOf[name].text(a) }

// Column is a column of a file of accounts.
type Column struct {
	Name     string
	Kind     query.Kind
	Custom   string // the key of the custom member
	List     bool   // several values
	Optional bool   // null clears it, so that an empty cell does
	Ignored  bool   // it is written, and passed over when it is read
	Value    func(a *Account) any
}

// Columns returns the columns of the accounts of a company with the properties.
func Columns(properties []schema.Property) []Column {
	var first, others []Column
	for _, m := range members {
		if m.name == memberCustom || m.apply == nil && !m.column {
			continue
		}
		c := Column{
			Name: m.name, Kind: m.kind, List: m.list, Value: m.value,
			Optional: m.fill != nil, Ignored: m.apply == nil && m.name != string(MemberID),
		}
		if m.leads {
			first = append(first, c)
		} else {
			others = append(others, c)
		}
	}
	columns := append(first, others...)
	for _, p := range properties {
		columns = append(columns, Column{
			Name: CustomPrefix + p.Key, Kind: query.KindOf(p.Type), Custom: p.Key, List: p.Multiple, Optional: true,
			Value: func(a *Account) any { return a.Custom[p.Key] },
		})
	}
	return columns
}
