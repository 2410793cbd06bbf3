package storetest

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
)

func (s *samples) query(r *rapid.T, all []account.Account) account.AccountQuery {
	q := account.AccountQuery{
		Filter: account.Filter{
			Conditions: rapid.SliceOfN(rapid.Custom(s.condition), 0, 3).Draw(r, "conditions"),
			Any:        rapid.Bool().Draw(r, "any"),
		},
		IncludeArchived: rapid.Bool().Draw(r, "archived"),
		Ascending:       rapid.Bool().Draw(r, "ascending"),
	}
	q.Page = drawPage(r, []int{1, 2, 7, 20, 200}, passing(all, q), func(a account.Account) account.Cursor {
		return account.Cursor{UpdatedAt: a.UpdatedAt, ID: a.ID}
	})
	return q
}

// drawPage draws a page of a list, by its place or by that of a record.
func drawPage[T any](r *rapid.T, limits []int, list []T, place func(T) account.Cursor) account.Page {
	p := account.Page{Limit: rapid.SampledFrom(limits).Draw(r, "limit")}
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
func (s *samples) condition(r *rapid.T) account.Condition {
	values := s.values()
	members := make([]account.Member, 0, len(values))
	for member := range values {
		members = append(members, member)
	}
	slices.Sort(members)
	c := account.Condition{
		Member: rapid.SampledFrom(members).Draw(r, "member"),
		Negate: rapid.IntRange(0, 2).Draw(r, "negate") == 0,
	}
	known := values[c.Member]
	if c.Member == account.MemberCustom {
		c.Property = rapid.SampledFrom(s.properties).Draw(r, "property")
		known = nil
		for _, key := range c.Property.Keys(sampleValues[c.Property.Type]) {
			known = append(known, key)
		}
	}
	_, isText := known[0].(string)
	switch rapid.IntRange(0, 7).Draw(r, "test") {
	case 0:
		if c.Member != account.MemberText {
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
	if c.Member == account.MemberText {
		c.Contains = part(r, c.Member, known)
		return c
	}
	c.Ranges = rapid.SliceOfN(rapid.Custom(func(r *rapid.T) account.Range { return between(r, known) }), 0, 3).Draw(r, "ranges")
	return c
}

// values are those to ask for, in the form in which they are compared.
func (s *samples) values() map[account.Member][]any {
	texts := append(anys(sampleTexts, account.Fold), "", "zz")
	emails := append(anys(sampleEmails, account.Fold), "zz")
	values := map[account.Member][]any{
		account.MemberTitle: texts, account.MemberDescription: texts, account.MemberAddress: texts, account.MemberPrimaryName: texts,
		account.MemberText:      slices.Concat(texts, emails, anys(samplePhones, account.Digits)),
		account.MemberEmail:     emails,
		account.MemberPhone:     anys(samplePhones, same),
		account.MemberType:      anys(account.Types, func(t account.Type) string { return string(t) }),
		account.MemberContacts:  append(anys(s.contacts, func(c account.Contact) int64 { return c.ID }), int64(0)),
		account.MemberCreatedBy: append(anys(s.users, func(u account.UserRef) int64 { return u.ID }), int64(0)),
		account.MemberValue:     anys(sampleFloats, same),
		account.MemberActive:    {true, false},
		account.MemberCustom:    nil,
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
func part(r *rapid.T, member account.Member, texts []any) string {
	text := rapid.SampledFrom(texts).Draw(r, "text").(string)
	if member == account.MemberPhone {
		text = account.Digits(text)
	}
	runes := []rune(text + "a")[:max(1, len([]rune(text)))]
	first := rapid.IntRange(0, len(runes)-1).Draw(r, "first")
	last := rapid.IntRange(first, len(runes)-1).Draw(r, "last")
	return string(runes[first : last+1])
}

func between(r *rapid.T, values []any) account.Range {
	value := func(label string) any { return rapid.SampledFrom(values).Draw(r, label) }
	if rapid.Bool().Draw(r, "single") {
		v := value("value")
		return account.Range{From: v, To: v}
	}
	var of account.Range
	if rapid.IntRange(0, 2).Draw(r, "no from") > 0 {
		of.From, of.FromOpen = value("from"), rapid.Bool().Draw(r, "from open")
	}
	if rapid.IntRange(0, 2).Draw(r, "no to") > 0 {
		of.To, of.ToOpen = value("to"), rapid.Bool().Draw(r, "to open")
	}
	return of
}
