package account

import (
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
)

// part is a member of a patch that is a patch itself: of the members that it can
// act on, by what they hold.
type part struct {
	name string
	way  string // how it changes a member, which no other way may then do too
	in   func(p *Patch) **Patch
	acts func(m *member) bool
}

var parts = []part{
	{"add", "in add or remove", func(p *Patch) **Patch { return &p.Add }, func(m *member) bool { return m.add != nil }},
	{"remove", "in add or remove", func(p *Patch) **Patch { return &p.Remove }, func(m *member) bool { return m.remove != nil }},
	{"fill", "in fill", func(p *Patch) **Patch { return &p.Fill }, func(m *member) bool { return m.fill != nil }},
}

// PartNames returns, by the names of the parts, the names of the members that
// each of them may have.
func PartNames() map[string][]string {
	names := make(map[string][]string, len(parts))
	for _, q := range parts {
		names[q.name] = q.names()
	}
	return names
}

// names are those of the members that the part may have.
func (q part) names() []string {
	var names []string
	for i := range members {
		if q.acts(&members[i]) {
			names = append(names, members[i].name)
		}
	}
	slices.Sort(names)
	return names
}

// readParts reads the parts of a body into the patch.
func readParts(r *patch.Reader, body any, p *Patch) {
	sent := false
	for _, q := range parts {
		if r.Has(q.name) {
			sent = true
			q.read(r, p)
		}
	}
	if object, ok := body.(map[string]any); ok && sent {
		checkWays(object, &r.Offences)
	}
}

func (q part) read(r *patch.Reader, p *Patch) {
	object := patch.NotNull(r, q.name, patch.Member(r, q.name, patch.Object))
	if !object.IsSet() {
		return
	}
	inner := patch.NewReader(object.Value, r.Region)
	read := new(Patch)
	for i := range members {
		if m := &members[i]; q.acts(m) && inner.Has(m.name) {
			m.read(inner, read)
		}
	}
	inner.Unknown(q.names())
	refuseNulls(object.Value, nil, &inner.Offences)
	for _, offence := range inner.Offences {
		r.Offences.Append(offence.Under(q.name))
	}
	*q.in(p) = read
}

// refuseNulls notes what is null in an object: nothing comes of it in a part.
func refuseNulls(object map[string]any, path []string, offences *fault.Offences) {
	for _, name := range jsonvalue.Names(object) {
		at := append(slices.Clip(path), name)
		switch value := object[name].(type) {
		case nil:
			offences.Add(at, "%s", fault.MustNotBeNull)
		case map[string]any:
			refuseNulls(value, at, offences)
		}
	}
}

// checkWays refuses a member that is to be changed in two ways, of which it would
// depend on their order what comes of it.
func checkWays(body map[string]any, offences *fault.Offences) {
	ways := make(map[string]string)
	for _, path := range targets(body) {
		ways[fault.Label(path)] = "set"
	}
	for _, q := range parts {
		object, _ := body[q.name].(map[string]any)
		for _, path := range targets(object) {
			label := fault.Label(path)
			if way := ways[label]; way != "" && way != q.way {
				offences.Add(append([]string{q.name}, path...), "must not be sent: %s is also %s", label, way)
			}
			ways[label] = q.way
		}
	}
}

// targets are the paths of what an object of a body is about: its members, by the
// names that they have now, and of the custom ones each.
func targets(object map[string]any) [][]string {
	var paths [][]string
	for _, name := range jsonvalue.Names(object) {
		custom, ok := object[name].(map[string]any)
		if name != memberCustom || !ok {
			paths = append(paths, []string{presentName(name)})
			continue
		}
		for _, key := range jsonvalue.Names(custom) {
			paths = append(paths, []string{memberCustom, key})
		}
	}
	return paths
}

// presentName is the name of a member that a body may call otherwise.
func presentName(name string) string {
	for i := range members {
		if members[i].former == name {
			return members[i].name
		}
	}
	return name
}

// applyParts applies to a member what the parts of a patch hold of it. What is to
// be removed makes room for what is to be added, so the two are one change.
func (a *applier) applyParts(m *member, p *Patch) {
	if p.Fill != nil && m.fill != nil {
		var filled Patch
		m.fill(*p.Fill, &filled, &a.after)
		a.under("fill", func() { m.apply(a, &filled) })
	}
	if p.Remove == nil && p.Add == nil {
		return // before there is a patch more
	}
	var changed Patch
	last := ""
	if p.Remove != nil && m.remove != nil {
		a.under("remove", func() {
			if m.remove(a, p.Remove, &changed) {
				last = "remove"
			}
		})
	}
	if p.Add != nil && m.add != nil {
		a.under("add", func() {
			if m.add(a, p.Add, &changed) {
				last = "add"
			}
		})
	}
	if last != "" {
		a.under(last, func() { a.applyResult(m, &changed) })
	}
}

// applyResult sets what comes of items and amounts. What is wrong with it need not be
// seen in what was sent, and is told as what it would be.
func (a *applier) applyResult(m *member, result *Patch) {
	m.apply(a, result)
	for i := range a.Offences {
		a.Offences[i].Message += " when that is done"
	}
}

// under makes what is found to be wrong an offence of a part.
func (a *applier) under(name string, apply func()) {
	found := a.Offences
	a.Offences = nil
	apply()
	for _, offence := range a.Offences {
		found.Append(offence.Under(name))
	}
	a.Offences = found
}

// all are the patch and its parts.
func (p *Patch) all() []*Patch {
	all := []*Patch{p}
	for _, q := range parts {
		if of := *q.in(p); of != nil {
			all = append(all, of)
		}
	}
	return all
}

// Parts are the names of the parts that the patch has.
func (p *Patch) Parts() []string {
	var names []string
	for _, q := range parts {
		if *q.in(p) != nil {
			names = append(names, q.name)
		}
	}
	return names
}

// hasCustom tells whether the patch names custom members.
func (p *Patch) hasCustom() bool {
	return slices.ContainsFunc(p.all(), func(q *Patch) bool { return len(q.Custom.Value) > 0 })
}

// partOf is where the patch has what it makes of a custom member, if not beside those
// to set.
func (p *Patch) partOf(key string) []string {
	for _, q := range parts {
		if of := *q.in(p); of != nil && of.Custom.Value[key] != nil {
			return []string{q.name}
		}
	}
	return nil
}

// contacts are the ids of the contacts that the patch names, and whether it is about
// contacts at all.
func (p *Patch) contacts() (ids []int64, named bool) {
	for _, q := range p.all() {
		ids = append(ids, q.Contacts.Value...)
		named = named || q.Contacts.IsSet()
	}
	return ids, named
}
