package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
)

// maxConflicts is how often UpdateFunc starts over because somebody else was
// quicker.
const maxConflicts = 10

// UpdateFunc reads an account with its contacts, archived or not, lets change
// edit it, and sends what differs, guarded by IfMatch. What others have written
// meanwhile stays: it is merged with (see [StrictMerge], and [NoMerge] for a change that
// depends on what it does not edit). If they have changed the same members, it
// starts over with the account as it is then, so change may run several times.
// Nothing is sent if nothing differs.
//
// An error of change is returned as it is, and nothing is written. ErrInvalid
// if change edits a member that the server owns, ErrPrecondition if others were
// quicker each time; its Conflicts are those of the last.
func (s *Accounts) UpdateFunc(ctx context.Context, id int64, change func(*Account) error, options ...UpdateOption) (*Account, error) {
	for attempt := 0; ; attempt++ {
		updated, err := s.updateOnce(ctx, id, change, options)
		if !errors.Is(err, ErrPrecondition) || attempt == maxConflicts || !sleep(ctx, s.c.policy.wait(attempt)) {
			return updated, err
		}
	}
}

func (s *Accounts) updateOnce(ctx context.Context, id int64, change func(*Account) error, options []UpdateOption) (*Account, error) {
	edited, err := s.Get(ctx, id, IncludeContacts(), IncludeArchived())
	if err != nil {
		return nil, err
	}
	before, err := edited.clone()
	if err != nil {
		return nil, err
	}
	if err := change(edited); err != nil {
		return nil, err
	}
	patch, err := Diff(before, edited)
	if err != nil {
		return nil, err
	}
	if reflect.ValueOf(patch).IsZero() {
		return edited, nil
	}
	return s.Update(ctx, id, patch, slices.Concat([]UpdateOption{IfMatch(before.ETag), StrictMerge()}, options)...)
}

func (a *Account) clone() (*Account, error) {
	copied := &Account{ETag: a.ETag}
	text, err := json.Marshal(a)
	if err == nil {
		err = json.Unmarshal(text, copied)
	}
	if err != nil {
		return nil, invalid("the account cannot be copied: %v", err)
	}
	return copied, nil
}

// Diff returns the patch that makes before what after is. ErrInvalid if they
// differ in a member that the server owns. Contacts are compared by their ids,
// and left alone where after has none; an empty list unlinks all.
func Diff(before, after *Account) (AccountPatch, error) {
	var patch AccountPatch
	from, to, into := reflect.ValueOf(before.Account), reflect.ValueOf(after.Account), reflect.ValueOf(&patch).Elem()
	for member := range from.Type().Fields() {
		old, now := from.FieldByIndex(member.Index), to.FieldByIndex(member.Index)
		target, sent := into.Type().FieldByName(member.Name)
		if sent && target.Tag.Get("echo") == "" {
			setChange(into.FieldByIndex(target.Index), old, now)
		} else if !same(old.Interface(), now.Interface()) {
			name, _, _ := strings.Cut(member.Tag.Get("json"), ",")
			return AccountPatch{}, invalid("%s cannot be changed", name)
		}
	}
	return patch, nil
}

// setChange sets a field of a patch if the account's member differs.
func setChange(field, before, after reflect.Value) {
	switch target := field.Addr().Interface().(type) {
	case *Values:
		*target = changedValues(before.Interface().(Values), after.Interface().(Values))
	case *Field[[]int64]:
		*target = changedContacts(before.Interface().(*[]AccountContact), after.Interface().(*[]AccountContact))
	default:
		old, had := valueOf(before)
		value, has := valueOf(after)
		if has == had && same(old.Interface(), value.Interface()) {
			return
		}
		field.Set(reflect.MakeMap(field.Type()))
		field.SetMapIndex(reflect.ValueOf(has), value)
	}
}

// valueOf returns a member's value; the zero value and false for one that is
// absent, which of an account is as good as null.
func valueOf(member reflect.Value) (value reflect.Value, ok bool) {
	if member.Kind() != reflect.Map {
		return member, true
	}
	if value = member.MapIndex(reflect.ValueOf(true)); value.IsValid() {
		return value, true
	}
	return reflect.Zero(member.Type().Elem()), false
}

func changedValues(before, after Values) Values {
	patch := Values{}
	for key, value := range after {
		if !same(before[key], value) {
			patch[key] = value
		}
	}
	for key := range before {
		if _, kept := after[key]; !kept {
			patch[key] = nil
		}
	}
	if len(patch) == 0 {
		return nil
	}
	return patch
}

func changedContacts(before, after *[]AccountContact) Field[[]int64] {
	if after == nil || before != nil && slices.Equal(contactIDs(before), contactIDs(after)) {
		return nil
	}
	return Set(contactIDs(after))
}

func contactIDs(contacts *[]AccountContact) []int64 {
	ids := make([]int64, len(*contacts))
	for i, contact := range *contacts {
		ids[i] = contact.ID
	}
	return ids
}

// same tells whether two values are sent alike: 5 and json.Number("5") are.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}
