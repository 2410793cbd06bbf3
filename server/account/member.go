package account

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
)

// member is one entry of the table of members. A function that is nil has
// nothing to do.
type member struct {
	name    string
	former  string   // another name of it in bodies
	aliases []string // more names of it in searches

	read  func(r *patch.Reader, p *Patch)                   // from a body
	apply func(a *applier, p *Patch)                        // checks, compares and sets it; nil: it is never written
	reset func(p *Patch, matched *Account)                  // makes the patch clear it, unless it has it
	fill  func(from Patch, into *Patch, had *Account)       // takes it over if the account is without
	move  func(from, into *Patch, properties schema.Schema) // takes out of from what is not to be set by an addition, and into another what is to be added

	// Of what a part of a patch holds of it, they make into set what comes of that,
	// and tell whether from holds anything.
	add, remove func(a *applier, from, into *Patch) bool

	value func(a *Account) any                     // as the JSON form has it; nil: none
	set   func(r *patch.Reader, a *Account, v any) // what value returned once, decoded from JSON, as it is; nil: it is never written

	kind   query.Kind // how it is searched
	labels []string   // the values that there are, of query.Exact
	inText bool       // full text search looks into it

	list   bool // several values
	leads  bool // its column in files is one of the first ones
	column bool // it has one, though it is not written from there
}

// nullable is a member that null clears.
func nullable[T comparable](name string, convert patch.Converter[T], check patch.Checker[T],
	at func(*Account) **T, in func(*Patch) *patch.Field[T],
) member {
	check = clearable(check)
	return member{
		name:  name,
		kind:  kindOf[T](),
		read:  func(r *patch.Reader, p *Patch) { *in(p) = patch.Checked(r, name, convert, check) },
		apply: func(a *applier, p *Patch) { patch.SetPointer(&a.Applier, name, at(&a.after), *in(p), check) },
		reset: func(p *Patch, _ *Account) { *in(p) = in(p).OrNull() },
		move:  mover(in, false),
		fill: func(from Patch, into *Patch, had *Account) {
			if isEmpty(*at(had)) && in(&from).IsSet() {
				*in(into) = *in(&from)
			}
		},
		value: func(a *Account) any {
			if p := *at(a); p != nil {
				return *p
			}
			return nil
		},
		set: func(r *patch.Reader, a *Account, v any) {
			*at(a) = nil
			if v == nil {
				return
			}
			if value, ok := convert(r, []string{name}, v); ok {
				*at(a) = &value
			}
		},
	}
}

// setter is the set of a member that always has a value.
func setter[T any](name string, convert patch.Converter[T], at func(*Account) *T) func(*patch.Reader, *Account, any) {
	return func(r *patch.Reader, a *Account, v any) { *at(a), _ = convert(r, []string{name}, v) }
}

// clearable says of the empty text, if it is wrong, how to clear a member.
func clearable[T comparable](check patch.Checker[T]) patch.Checker[T] {
	return func(value T, region string) (T, string) {
		var empty T
		stored, wrong := check(value, region)
		if wrong != "" && value == empty {
			wrong += fault.SendNull
		}
		return stored, wrong
	}
}

func kindOf[T any]() query.Kind {
	switch any(*new(T)).(type) {
	case float64:
		return query.Amount
	case int64:
		return query.Integer
	case bool:
		return query.Bool
	}
	return query.Text
}

func isEmpty[T comparable](p *T) bool { return p == nil || any(*p) == any("") }

// texted makes full text search look into the member.
func (m member) texted() member {
	m.inText = true
	return m
}

// of makes the member be searched as values of another kind.
func (m member) of(kind query.Kind) member {
	m.kind = kind
	return m
}

func idMember() member {
	return member{
		name: "id", aliases: []string{"accountId", "clientId"}, kind: query.Integer, leads: true, column: true,
		read: func(r *patch.Reader, p *Patch) {
			p.ID = patch.NotNull(r, "id", patch.Member(r, "id", patch.ID))
		},
		value: func(a *Account) any { return a.ID },
	}
}

// typeMember is accountType with its former name, which must agree.
func typeMember() member {
	m := nullable("accountType", readType, checkType,
		func(a *Account) **Type { return &a.Type }, func(p *Patch) *patch.Field[Type] { return &p.Type })
	m.former, m.aliases = "type", []string{"type", "clientType"}
	m.kind, m.labels = query.Exact, labels(Types)
	read, apply, fill := m.read, m.apply, m.fill
	m.read = func(r *patch.Reader, p *Patch) {
		read(r, p)
		p.TypeAlias = patch.Checked(r, "type", readType, checkType)
	}
	m.apply = func(a *applier, p *Patch) { apply(a, &Patch{Type: a.mergeType(p)}) }
	m.reset = func(p *Patch, _ *Account) {
		if p.TypeAlias.IsAbsent() {
			p.Type = p.Type.OrNull()
		}
	}
	m.fill = func(from Patch, into *Patch, had *Account) {
		if from.Type.IsAbsent() {
			from.Type = from.TypeAlias
		}
		fill(from, into, had)
	}
	return m
}

func readType(r *patch.Reader, path []string, value any) (Type, bool) {
	text, ok := patch.Text(r, path, value)
	return Type(text), ok
}

func checkType(t Type, _ string) (Type, string) {
	if !slices.Contains(Types, t) {
		return t, fmt.Sprintf("must be one of %s; got %s", fault.Join(Types), fault.Quote(string(t)))
	}
	return t, ""
}

func labels[T ~string](values []T) []string {
	list := make([]string, len(values))
	for i, value := range values {
		list[i] = string(value)
	}
	return list
}

// readNumber takes the number of an account.
var readNumber = patch.IntegerWithin(1, MaxNumber)

func checkNumber(n int64, _ string) (int64, string) {
	if n < 1 || n > MaxNumber {
		return n, fmt.Sprintf("must be an integer from 1 to %d; got %d", int64(MaxNumber), n)
	}
	return n, ""
}

// checkAmount makes a zero below zero 0: not every store has the two.
func checkAmount(x float64, _ string) (float64, string) {
	if math.IsNaN(x) || math.Abs(x) > MaxAmount {
		return x, fmt.Sprintf("must be a number from %.16g to %.16g; got %g", -MaxAmount, MaxAmount, x)
	}
	return x + 0, "" // which makes 0 of -0
}

func customMember() member {
	return member{
		name:   memberCustom,
		add:    (*applier).addCustom,
		remove: (*applier).removeCustom,
		move:   moveCustom,
		read:   func(r *patch.Reader, p *Patch) { p.Custom = patch.Member(r, memberCustom, patch.Object) },
		apply:  func(a *applier, p *Patch) { a.setCustom(p.Custom) },
		reset: func(p *Patch, matched *Account) {
			custom := make(map[string]any, len(matched.Custom))
			for key := range matched.Custom {
				custom[key] = nil
			}
			maps.Copy(custom, p.Custom.Value)
			p.Custom = patch.Set(custom)
		},
		fill: func(from Patch, into *Patch, had *Account) {
			custom := make(map[string]any)
			for key, value := range from.Custom.Value {
				if value != nil && had.Custom[key] == nil {
					custom[key] = value
				}
			}
			into.Custom = patch.Set(custom)
		},
		value: func(*Account) any { return nil }, // Its values are members of their own.
	}
}

// timeMember is the echo of a time, which the server owns.
func timeMember(name string, value func(*Account) any) member {
	return member{
		name: name, kind: query.Time, value: value, column: true,
		read: func(r *patch.Reader, _ *Patch) { patch.NotNull(r, name, patch.Member(r, name, patch.Time)) },
	}
}

// userMember is the echo of a user, which the server owns.
func userMember(name string, value func(*Account) any) member {
	return member{
		name: name, kind: query.Reference, value: value,
		read: func(r *patch.Reader, _ *Patch) { patch.Member(r, name, patch.Object) },
	}
}

func userID(u *identity.UserRef) any {
	if u == nil {
		return nil
	}
	return u.ID
}

// values are the member's values in the form in which searches compare them.
func (m *member) values(a *Account) []any {
	switch v := m.value(a).(type) {
	case nil:
		return nil
	case string:
		switch m.kind {
		case query.Text:
			return []any{normal.Fold(v)}
		case query.Email:
			return []any{normal.EmailKey(v)}
		}
		return []any{v}
	case []string:
		return each(v, normal.Fold)
	case []int64:
		return each(v, func(id int64) int64 { return id })
	case Type:
		return []any{string(v)}
	default:
		return []any{v}
	}
}

func each[T, V any](items []T, convert func(T) V) []any {
	values := make([]any, len(items))
	for i, item := range items {
		values[i] = convert(item)
	}
	return values
}

// text is what full text and substring searches look into, as
// normal.SearchFold: of phone numbers the digits, of contacts their names, and
// of lists all items, each on a line.
func (m *member) text(a *Account) string {
	if m.kind == query.Reference {
		names := make([]string, len(a.Contacts))
		for i, c := range a.Contacts {
			names[i] = c.Name
		}
		return normal.SearchFoldLines(names)
	}
	switch v := m.value(a).(type) {
	case string:
		if m.kind == query.Phone {
			return normal.Digits(v)
		}
		return normal.SearchFold(v)
	case []string:
		return normal.SearchFoldLines(v)
	}
	return ""
}
