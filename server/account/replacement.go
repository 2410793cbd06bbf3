package account

import (
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// Replacement is the patch that makes the body the record: what is not sent is
// cleared, but for the number.
func Replacement(p Patch, matched Account) Patch {
	for _, m := range members {
		if m.reset != nil {
			m.reset(&p, &matched)
		}
	}
	return p
}

// Enrichment is the patch that fills what the record is without.
func Enrichment(p Patch, matched Account) Patch {
	var filled Patch
	for _, m := range members {
		if m.fill != nil {
			m.fill(p, &filled, &matched)
		}
	}
	return filled
}

// Addition is the patch that adds what a body has, where something can be added,
// and sets the other members. Null sets nothing: nothing is lost by adding.
func Addition(p Patch, properties schema.Schema) Patch {
	added := new(Patch)
	for i := range members {
		if m := &members[i]; m.move != nil {
			m.move(&p, added, properties)
		}
	}
	p.Add = added
	return p
}

// mover moves a member into another patch if something can be added to it, and
// drops it if it is null.
func mover[T any](in func(*Patch) *patch.Field[T], adds bool) func(from, into *Patch, _ schema.Schema) {
	return func(from, into *Patch, _ schema.Schema) {
		f := in(from)
		if adds && f.IsSet() {
			*in(into) = *f
		}
		if adds || f.IsNull() {
			*f = patch.Field[T]{}
		}
	}
}

// moveCustom is mover of custom members, each by its property.
func moveCustom(from, into *Patch, properties schema.Schema) {
	set, added := make(map[string]any), make(map[string]any)
	for key, value := range from.Custom.Value {
		switch {
		case value == nil:
		case properties[key].TakesMore():
			added[key] = value
		default:
			set[key] = value
		}
	}
	from.Custom, into.Custom = patch.Set(set), patch.Set(added)
}
