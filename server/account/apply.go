package account

import (
	"maps"
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// Env is what a patch is applied under.
type Env struct {
	Schema          schema.Schema
	Contacts        map[int64]Contact // the company's contacts that the patch may link
	AllowNewOptions bool              // whether an unknown dropdown label becomes an option
	Region          string            // of phone numbers without a country code, ISO 3166
}

// Outcome is what Apply made. With Errors, Account is the one before, and there
// are no Changes and no NewOptions.
type Outcome struct {
	Account    Account
	Changes    patch.Changes // empty: the patch changes nothing
	NewOptions []schema.NewOption
	Errors     fault.Offences // every offence of the patch, in the order of the members
}

// Apply returns what the patch makes of an account. It is a pure function: it
// changes neither argument, and shares no memory that it writes. Version and
// UpdatedAt are left to who stores the outcome.
func Apply(before Account, p Patch, env Env) Outcome {
	a := &applier{Applier: patch.Applier{Region: env.Region, Offences: slices.Clip(p.Found)}, env: env, after: before}
	a.values = schema.Values{AllowNewOptions: env.AllowNewOptions, Offences: &a.Offences}
	a.CheckID("account", p.ID, before.ID)
	for i := range members {
		if m := &members[i]; m.apply != nil {
			m.apply(a, &p)
			a.applyParts(m, &p)
		}
	}
	if len(a.Offences) > 0 {
		return Outcome{Account: before, Errors: a.Offences}
	}
	return Outcome{Account: a.after, Changes: a.Changes, NewOptions: a.values.NewOptions}
}

// applier is one run of Apply.
type applier struct {
	patch.Applier
	env    Env
	values schema.Values
	after  Account
}

// mergeType reads accountType and its former name, which must agree.
func (a *applier) mergeType(p *Patch) patch.Field[Type] {
	if p.Type.IsAbsent() {
		return p.TypeAlias
	}
	if !p.TypeAlias.IsAbsent() && p.TypeAlias != p.Type {
		a.Offences.Add([]string{"type"}, "is the former name of accountType, and must have the same value; send only one")
	}
	return p.Type
}

func (a *applier) setContacts(f patch.Field[[]int64]) {
	if f.IsAbsent() {
		return
	}
	if len(f.Value) > MaxContacts {
		a.Offences.Add([]string{"contacts"}, "%s", fault.TooMany(MaxContacts, len(f.Value)))
		return
	}
	found := len(a.Offences)
	ids := a.known(f.Value)
	before := ContactIDs(a.after.Contacts)
	if len(a.Offences) > found || slices.Equal(before, ids) {
		return
	}
	linked := make([]Contact, len(ids))
	for i, id := range ids {
		linked[i] = a.env.Contacts[id]
	}
	a.Note("contacts", before, ids)
	a.after.Contacts = linked
}

// known returns the ids of contacts that there are, each once, and notes the
// others.
func (a *applier) known(ids []int64) []int64 {
	known := make([]int64, 0, len(ids))
	for i, id := range ids {
		switch _, ok := a.env.Contacts[id]; {
		case id == 0: // noted when it was read
		case !ok:
			a.Offences.Add([]string{"contacts", strconv.Itoa(i)}, "must be the id of a contact of this company; got %d", id)
		case !slices.Contains(known, id):
			known = append(known, id)
		}
	}
	return known
}

// ContactIDs returns the ids of contacts.
func ContactIDs(contacts []Contact) []int64 {
	ids := make([]int64, len(contacts))
	for i, c := range contacts {
		ids[i] = c.ID
	}
	return ids
}

func (a *applier) setCustom(f patch.Field[map[string]any]) {
	if f.IsNull() {
		a.Offences.Add([]string{memberCustom}, "%s", fault.MustNotBeNull)
	}
	if len(f.Value) == 0 {
		return
	}
	custom := maps.Clone(a.after.Custom)
	if custom == nil {
		custom = make(Custom)
	}
	for _, key := range jsonvalue.Names(f.Value) {
		path := []string{memberCustom, key}
		property, ok := a.property(key)
		if !ok {
			continue
		}
		before := custom[key]
		after := a.values.Check(path, property, f.Value[key])
		switch {
		case schema.EqualValues(before, after):
			continue
		case after == nil:
			delete(custom, key)
		default:
			custom[key] = after
		}
		a.Note(CustomPrefix+key, before, after)
		a.after.Custom = custom
	}
}

// property returns the property with the key, or notes that there is none.
func (a *applier) property(key string) (schema.Property, bool) {
	p, ok := a.env.Schema[key]
	if !ok {
		a.Offences.Add([]string{memberCustom, key}, "is not a property of this company%s", fault.Lazily(func() string {
			return fault.DidYouMean(key, jsonvalue.Names(a.env.Schema))
		}))
	}
	return p, ok
}
