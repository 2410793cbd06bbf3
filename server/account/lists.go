package account

import (
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
)

func addressMember() member {
	in := func(p *Patch) *patch.Field[[]string] { return &p.Address }
	add, remove := listParts(in, func(a *Account) []string { return a.Address }, normal.Fold)
	return member{
		name: "address", kind: query.Text, inText: true, list: true,
		add: add, remove: remove, move: mover(in, true),
		read: func(r *patch.Reader, p *Patch) { p.Address = patch.CheckedList(r, "address", addressLines) },
		apply: func(a *applier, p *Patch) {
			patch.SetList(&a.Applier, "address", &a.after.Address, p.Address, addressLines)
		},
		value: func(a *Account) any { return a.Address },
		set:   setter("address", patch.Texts, func(a *Account) *[]string { return &a.Address }),
	}
}

func contactsMember() member {
	in := func(p *Patch) *patch.Field[[]int64] { return &p.Contacts }
	add, remove := listParts(in, func(a *Account) []int64 { return ContactIDs(a.Contacts) }, func(id int64) int64 { return id })
	return member{
		name: "contacts", kind: query.Reference, list: true, inText: true,
		add: func(a *applier, from, into *Patch) bool {
			known := Patch{Contacts: from.Contacts}
			known.Contacts.Value = a.known(from.Contacts.Value)
			return add(a, &known, into)
		},
		remove: remove,
		move:   mover(in, true),
		read: func(r *patch.Reader, p *Patch) {
			p.Contacts = patch.Checked(r, "contacts", contactIDs, checkLinks)
		},
		apply: func(a *applier, p *Patch) { a.setContacts(p.Contacts) },
		reset: func(p *Patch, _ *Account) { p.Contacts = p.Contacts.OrNull() },
		fill: func(from Patch, into *Patch, had *Account) {
			if len(had.Contacts) == 0 && from.Contacts.IsSet() {
				into.Contacts = from.Contacts
			}
		},
		value: func(a *Account) any {
			if len(a.Contacts) == 0 {
				return nil
			}
			return ContactIDs(a.Contacts)
		},
		set: func(r *patch.Reader, a *Account, v any) {
			a.Contacts = nil
			if v == nil {
				return
			}
			ids, _ := patch.IDs(r, []string{"contacts"}, v)
			for _, id := range ids {
				a.Contacts = append(a.Contacts, Contact{ID: id, CompanyID: a.CompanyID})
			}
		},
	}
}

func checkLinks(ids []int64, _ string) ([]int64, string) {
	if len(ids) > MaxContacts {
		return nil, fault.TooMany(MaxContacts, len(ids))
	}
	return ids, ""
}

// contactIDs takes a list of contacts. An item that is none is noted, and is 0 in the
// list, so that it is told which of the others there are not.
func contactIDs(r *patch.Reader, path []string, value any) ([]int64, bool) {
	ids, _ := patch.ListOf(contactID)(r, path, value)
	return ids, ids != nil
}

// contactID takes an id, or a contact as it is shown.
func contactID(r *patch.Reader, path []string, value any) (int64, bool) {
	if contact, ok := value.(map[string]any); ok {
		path, value = append(slices.Clip(path), "id"), contact["id"]
	}
	id, ok := patch.ID(r, path, value)
	if ok && id < 1 {
		r.Offences.Add(path, "must be an integer of at least 1; got %d", id)
		return 0, false
	}
	return id, ok
}

// listParts are what adds items to a list, and removes them. Items of one key are
// the same. From a list of none nothing is removed, so that what a body removes is no
// fault of the blank account that it is checked on.
func listParts[T any, K comparable](in func(*Patch) *patch.Field[[]T], had func(*Account) []T, key func(T) K) (add, remove func(*applier, *Patch, *Patch) bool) {
	holds := func(items []T, item T) bool {
		return slices.ContainsFunc(items, func(other T) bool { return key(other) == key(item) })
	}
	current := func(a *applier, into *Patch) []T {
		if f := in(into); f.IsSet() {
			return f.Value
		}
		return had(&a.after)
	}
	add = func(a *applier, from, into *Patch) bool {
		items := slices.Clone(current(a, into))
		for _, item := range in(from).Value {
			if !holds(items, item) {
				items = append(items, item)
			}
		}
		return put(in, from, into, items)
	}
	remove = func(a *applier, from, into *Patch) bool {
		items, gone := slices.Clone(current(a, into)), in(from).Value
		return len(items) > 0 && put(in, from, into, slices.DeleteFunc(items, func(item T) bool { return holds(gone, item) }))
	}
	return add, remove
}

// put sets a list if from has it, and tells whether that is so.
func put[T any](in func(*Patch) *patch.Field[[]T], from, into *Patch, items []T) bool {
	if !in(from).IsSet() {
		return false
	}
	*in(into) = patch.Set(items)
	return true
}
