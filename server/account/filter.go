package account

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Matches tells whether an account passes the filter. Stores that can select by
// a condition do; this is what the others are held to.
func (f Filter) Matches(a Account) bool {
	for _, c := range f.Conditions {
		if c.Matches(a) == f.Any {
			return f.Any
		}
	}
	return !f.Any || len(f.Conditions) == 0
}

// Matches tells whether an account passes the test.
func (c Condition) Matches(a Account) bool {
	return slices.ContainsFunc(c.values(a), c.passes) != c.Negate
}

func (c Condition) passes(value any) bool {
	if c.Contains != "" {
		text, _ := value.(string)
		if c.Member == MemberPhone {
			text = Digits(text)
		}
		return strings.Contains(text, c.Contains)
	}
	return c.Exists || slices.ContainsFunc(c.Ranges, func(r Range) bool { return r.holds(value) })
}

func (r Range) holds(value any) bool {
	if r.From != nil {
		if order := compare(value, r.From); order < 0 || order == 0 && r.FromOpen {
			return false
		}
	}
	if r.To != nil {
		if order := compare(value, r.To); order > 0 || order == 0 && r.ToOpen {
			return false
		}
	}
	return true
}

// compare orders two values of one of the types of Member.
func compare(a, b any) int {
	switch x := a.(type) {
	case string:
		return strings.Compare(x, b.(string))
	case int64:
		return cmp.Compare(x, b.(int64))
	case float64:
		return cmp.Compare(x, b.(float64))
	case time.Time:
		return x.Compare(b.(time.Time))
	}
	return cmp.Compare(rank(a.(bool)), rank(b.(bool)))
}

func rank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// values are the account's values of the member, in the form in which they are
// compared.
func (c Condition) values(a Account) []any {
	switch c.Member {
	case MemberTitle:
		return []any{Fold(a.Title)}
	case MemberDescription:
		return folded(a.Description)
	case MemberAddress:
		return anys(a.Address, Fold)
	case MemberEmail:
		return folded(a.PrimaryEmail)
	case MemberPhone:
		return ifSet(a.PrimaryPhone)
	case MemberType:
		if a.Type == nil {
			return nil
		}
		return []any{string(*a.Type)}
	case MemberPrimaryName:
		return anys(a.Contacts[:min(1, len(a.Contacts))], foldedName)
	case MemberText:
		return SearchText(a).values()
	case MemberID:
		return []any{a.ID}
	case MemberNumber:
		return []any{a.Number}
	case MemberContacts:
		return anys(a.Contacts, func(c Contact) int64 { return c.ID })
	case MemberCreatedBy:
		return userID(a.CreatedBy)
	case MemberUpdatedBy:
		return userID(a.UpdatedBy)
	case MemberValue:
		return ifSet(a.Value)
	case MemberSize:
		return ifSet(a.Size)
	case MemberActive:
		return []any{a.Active}
	case MemberCreatedAt:
		return []any{a.CreatedAt}
	case MemberUpdatedAt:
		return []any{a.UpdatedAt}
	}
	// MemberCustom
	return anys(c.Property.Keys(a.Custom[c.Property.Key]), func(key string) string { return key })
}

func anys[T, V any](items []T, value func(T) V) []any {
	values := make([]any, len(items))
	for i, item := range items {
		values[i] = value(item)
	}
	return values
}

func ifSet[T any](p *T) []any {
	if p == nil {
		return nil
	}
	return []any{*p}
}

func folded(s *string) []any {
	if s == nil {
		return nil
	}
	return []any{Fold(*s)}
}

func foldedName(c Contact) string { return Fold(c.Name) }

func userID(u *UserRef) []any {
	if u == nil {
		return nil
	}
	return []any{u.ID}
}

// Text is what full text search and substring filters look at, folded.
type Text struct {
	Title, Description, Address, Email, Phone string   // address lines are joined by line feeds; of the phone number the digits
	Contacts                                  []string // their names, in order
}

// SearchText returns the text of an account to search in.
func SearchText(a Account) Text {
	t := Text{
		Title:       Fold(a.Title),
		Description: Fold(textOf(a.Description)),
		Address:     FoldAddress(a.Address),
		Email:       Fold(textOf(a.PrimaryEmail)),
		Phone:       Digits(textOf(a.PrimaryPhone)),
		Contacts:    make([]string, len(a.Contacts)),
	}
	for i, c := range a.Contacts {
		t.Contacts[i] = foldedName(c)
	}
	return t
}

func (t Text) values() []any {
	return anys(append([]string{t.Title, t.Description, t.Address, t.Email, t.Phone}, t.Contacts...), func(s string) string { return s })
}

// ContactText returns the text of a contact to search in: name, emails, and the
// digits of the phones.
func ContactText(c Contact) []string {
	text := []string{foldedName(c)}
	for _, email := range c.Emails {
		text = append(text, Fold(email))
	}
	for _, phone := range c.Phones {
		text = append(text, Digits(phone))
	}
	return text
}

// Digits returns the decimal digits of a phone number.
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}
