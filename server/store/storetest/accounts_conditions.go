package storetest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
)

func (s *samples) query(r *rapid.T, all []account.Account) account.Query {
	q := account.Query{
		Filter: query.Filter{
			Conditions: rapid.SliceOfN(rapid.Custom(s.condition), 0, 3).Draw(r, "conditions"),
			Any:        rapid.Bool().Draw(r, "any"),
		},
		IncludeArchived: rapid.Bool().Draw(r, "archived"),
		Ascending:       rapid.Bool().Draw(r, "ascending"),
	}
	q.Page = drawPage(r, []int{1, 2, 7, 20, 200}, passing(all, q), func(a account.Account) query.Cursor {
		return query.Cursor{UpdatedAt: a.UpdatedAt, ID: a.ID}
	})
	return q
}

// drawPage draws a page of a list, by its place or by that of a record.
func drawPage[T any](r *rapid.T, limits []int, list []T, place func(T) query.Cursor) query.Page {
	p := query.Page{Limit: rapid.SampledFrom(limits).Draw(r, "limit")}
	way := rapid.SampledFrom([]string{"offset", "after", "before"}).Draw(r, "way")
	if way == "offset" || len(list) == 0 {
		p.Offset = rapid.Int64Range(0, int64(len(list))+2).Draw(r, "offset")
		return p
	}
	cursor := place(rapid.SampledFrom(list).Draw(r, "from"))
	if way == "after" {
		p.After = &cursor
	} else {
		p.Before = &cursor
	}
	return p
}

// condition draws a test of any kind that the domain makes of any member.
func (s *samples) condition(r *rapid.T) query.Condition {
	values := s.values()
	members := make([]query.Member, 0, len(values))
	for member := range values {
		members = append(members, member)
	}
	slices.Sort(members)
	c := query.Condition{
		Member: rapid.SampledFrom(members).Draw(r, "member"),
		Negate: rapid.IntRange(0, 2).Draw(r, "negate") == 0,
	}
	known := values[c.Member]
	if c.Member == query.MemberCustom {
		c.Property = rapid.SampledFrom(s.properties).Draw(r, "property")
		known = nil
		for _, key := range c.Property.Keys(sampleValues[c.Property.Type]) {
			known = append(known, key)
		}
	}
	_, isText := known[0].(string)
	switch rapid.IntRange(0, 7).Draw(r, "test") {
	case 0:
		if c.Member != query.MemberText {
			c.Exists = true
			return c
		}
		fallthrough
	case 1, 2:
		if isText {
			c.Contains = part(r, c.Member, known)
			return c
		}
	}
	if c.Member == query.MemberText {
		c.Contains = part(r, c.Member, known)
		return c
	}
	c.Ranges = query.Union(rapid.SliceOfN(rapid.Custom(func(r *rapid.T) query.Range { return between(r, known) }), 0, 3).Draw(r, "ranges"))
	return c
}

// values are those to ask for, in the form in which they are compared.
func (s *samples) values() map[query.Member][]any {
	texts := append(anys(sampleTexts, normal.Fold), "", "zz")
	emails := append(anys(sampleEmails, normal.EmailKey), "zz")
	values := map[query.Member][]any{
		account.MemberTitle: texts, account.MemberDescription: texts, account.MemberAddress: texts, account.MemberPrimaryName: texts,
		query.MemberText:        slices.Concat(texts, emails, anys(samplePhones, normal.Digits)),
		account.MemberEmail:     emails,
		account.MemberPhone:     anys(samplePhones, same),
		account.MemberType:      anys(account.Types, func(t account.Type) string { return string(t) }),
		account.MemberContacts:  append(anys(s.contacts, func(c account.Contact) int64 { return c.ID }), int64(0)),
		account.MemberCreatedBy: append(anys(s.users, func(u identity.UserRef) int64 { return u.ID }), int64(0)),
		account.MemberValue:     anys(sampleFloats, same),
		account.MemberActive:    {true, false},
		query.MemberCustom:      nil,
	}
	values[account.MemberUpdatedBy], values[account.MemberSize] = values[account.MemberCreatedBy], values[account.MemberValue]
	for i := range int64(12) {
		values[account.MemberID] = append(values[account.MemberID], 20*i)
		values[account.MemberNumber] = append(values[account.MemberNumber], 10*i)
	}
	for _, at := range sampleTimes {
		values[account.MemberUpdatedAt] = append(values[account.MemberUpdatedAt], at, at.Add(time.Microsecond))
	}
	values[account.MemberCreatedAt] = values[account.MemberUpdatedAt]
	return values
}

func same[T any](v T) T { return v }

func anys[T, V any](items []T, value func(T) V) []any {
	values := make([]any, len(items))
	for i, item := range items {
		values[i] = value(item)
	}
	return values
}

// part is a text that some of the texts contain, never an empty one.
func part(r *rapid.T, member query.Member, texts []any) string {
	text := rapid.SampledFrom(texts).Draw(r, "text").(string)
	if member == account.MemberPhone {
		text = normal.Digits(text)
	}
	text = normal.Unaccented(text)
	runes := []rune(text + "a")[:max(1, len([]rune(text)))]
	first := rapid.IntRange(0, len(runes)-1).Draw(r, "first")
	last := rapid.IntRange(first, len(runes)-1).Draw(r, "last")
	return string(runes[first : last+1])
}

func between(r *rapid.T, values []any) query.Range {
	value := func(label string) any { return rapid.SampledFrom(values).Draw(r, label) }
	if rapid.Bool().Draw(r, "single") {
		v := value("value")
		return query.Range{From: v, To: v}
	}
	var of query.Range
	if rapid.IntRange(0, 2).Draw(r, "no from") > 0 {
		of.From, of.FromOpen = value("from"), rapid.Bool().Draw(r, "from open")
	}
	if rapid.IntRange(0, 2).Draw(r, "no to") > 0 {
		of.To, of.ToOpen = value("to"), rapid.Bool().Draw(r, "to open")
	}
	return of
}
