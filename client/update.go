package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"

	"github.com/accountsd/accountsd/gen/api"
)

// maxConflicts is how often UpdateFunc starts anew because somebody else was
// quicker.
const maxConflicts = 10

// UpdateFunc reads an account with its contacts, archived or not, lets change
// edit it, and sends what differs, guarded by IfMatch. If somebody else changed
// the account meanwhile, it starts anew with the account as it is then, so
// change may run several times. Nothing is sent if nothing differs.
//
// An error of change is returned as it is, and nothing is written. ErrInvalid
// if change edits a member that the server owns, ErrPrecondition if others were
// quicker each time.
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
	return s.Update(ctx, id, patch, slices.Concat([]UpdateOption{IfMatch(before.ETag)}, options)...)
}

func (a *Account) clone() (*Account, error) {
	text, err := json.Marshal(a)
	if err != nil {
		return nil, invalid("the account cannot be copied: %v", err)
	}
	copied := &Account{ETag: a.ETag}
	if err := json.Unmarshal(text, copied); err != nil {
		return nil, invalid("the account cannot be copied: %v", err)
	}
	return copied, nil
}

// Diff returns the patch that makes before what after is. ErrInvalid if they
// differ in a member that the server owns. Contacts are compared by their ids,
// and left alone where after has none; an empty list unlinks all.
func Diff(before, after *Account) (AccountPatch, error) {
	if name := ownedDifference(&before.Account, &after.Account); name != "" {
		return AccountPatch{}, invalid("%s cannot be changed", name)
	}
	return AccountPatch{
		Title:        changed(before.Title, after.Title),
		Address:      changed(before.Address, after.Address),
		Description:  changedField(before.Description, after.Description),
		IsActive:     changed(before.IsActive, after.IsActive),
		PrimaryEmail: changedField(before.PrimaryEmail, after.PrimaryEmail),
		PrimaryPhone: changedField(before.PrimaryPhone, after.PrimaryPhone),
		Number:       changed(before.Number, after.Number),
		AccountType:  changedField(before.AccountType, after.AccountType),
		Value:        changedField(before.Value, after.Value),
		Size:         changedField(before.Size, after.Size),
		Custom:       changedValues(before.Custom, after.Custom),
		Contacts:     changedContacts(before.Contacts, after.Contacts),
	}, nil
}

// ownedDifference names a member that differs although the server owns it.
func ownedDifference(before, after *api.Account) string {
	switch {
	case before.ID != after.ID:
		return "id"
	case !before.CreatedAt.Equal(after.CreatedAt.Time):
		return "createdAt"
	case !before.UpdatedAt.Equal(after.UpdatedAt.Time):
		return "updatedAt"
	case !same(before.CreatedBy, after.CreatedBy):
		return "createdBy"
	case !same(before.UpdatedBy, after.UpdatedBy):
		return "updatedBy"
	}
	return ""
}

func changed[T any](before, after T) Field[T] {
	if same(before, after) {
		return nil
	}
	return Set(after)
}

// changedField treats an absent member of an account as null, as the server does.
func changedField[T any](before, after Field[T]) Field[T] {
	value, has := after[true]
	old, had := before[true]
	switch {
	case !has && !had, has && had && same(old, value):
		return nil
	case !has:
		return Clear[T]()
	}
	return Set(value)
}

func changedValues(before, after Values) Values {
	patch := Values{}
	for key, value := range after {
		if !same(before[key], value) {
			patch[key] = value
		}
	}
	for key := range maps.Keys(before) {
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
