package account

import (
	"maps"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// acting is what the strategy of a request makes of its body: a patch of the account
// that matches.
func acting(req CreateRequest, properties schema.Schema) Patch {
	switch req.Strategy {
	case StrategyAdd:
		return addition(withoutKey(req), properties)
	case StrategyRemove:
		p := withoutKey(req)
		return Patch{Remove: &p}
	}
	return req.Patch
}

// withoutKey is the body without the key that accounts are matched by: that says which
// account is meant. A number would else be added to itself, and the account would have
// another key than its row.
func withoutKey(req CreateRequest) Patch {
	p := req.Patch
	if key, ok := req.MatchBy.Key(); ok {
		others := maps.Clone(p.Custom.Value)
		delete(others, key)
		p.Custom = patch.Set(others)
	}
	return p
}

// addition is the patch that adds what a body has, where something can be added,
// and sets the other members. Null sets nothing: nothing is lost by adding.
func addition(p Patch, properties schema.Schema) Patch {
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

// unfit notes the parts of a body that a strategy has no use for: it would pass
// them over.
func unfit(req CreateRequest) fault.Offences {
	var offences fault.Offences
	if req.Strategy == StrategyUpdate {
		return nil
	}
	for _, q := range parts {
		if *q.in(&req.Patch) != nil {
			offences.Add([]string{q.name}, "can only be in a row of an import with the strategy %s", StrategyUpdate)
		}
	}
	return offences
}
