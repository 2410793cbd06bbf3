package account

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
)

// Taken are the conflicts of what an account is to have by a patch with what others
// have.
func Taken(ctx context.Context, r Reader, before Account, p Patch, changes patch.Changes, properties schema.Schema) (fault.Offences, error) {
	offences, err := numberTaken(ctx, r, before, p.Number)
	if err != nil {
		return nil, err
	}
	values, err := valuesTaken(ctx, r, before.ID, changes, properties)
	for _, offence := range values {
		offences = append(offences, offence.Under(p.partOf(offence.Path[1])...))
	}
	return offences, err
}

func numberTaken(ctx context.Context, r Reader, before Account, number patch.Field[int64]) (fault.Offences, error) {
	if !number.IsSet() || number.Value == before.Number || number.Value < 1 {
		return nil, nil
	}
	owner, err := r.NumberOwner(ctx, before.CompanyID, number.Value)
	if err != nil {
		return nil, fmt.Errorf("find the number's owner: %w", err)
	}
	var taken fault.Offences
	if owner != 0 && owner != before.ID {
		taken.Conflict([]string{"number"}, "%d is taken by another account", number.Value)
	}
	return taken, nil
}

// valuesTaken are the unique values among changes of an account that others have.
func valuesTaken(ctx context.Context, r Reader, id int64, changes patch.Changes, properties schema.Schema) (fault.Offences, error) {
	var found fault.Offences
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		p, ok := propertyOf(name, properties)
		if !ok || !p.Unique {
			continue
		}
		key := p.UniqueKey(changes[name].After)
		if key == "" {
			continue
		}
		owner, err := OwnerOf(ctx, r, p, key)
		if err != nil {
			return nil, err
		}
		if owner != 0 && owner != id {
			found.Conflict([]string{memberCustom, p.Key}, "%s is the value of account %d already", fault.Show(changes[name].After), owner)
		}
	}
	return found, nil
}

// OwnerOf returns the id of the account that has the value with a key, or 0.
func OwnerOf(ctx context.Context, r Reader, p schema.Property, key string) (int64, error) {
	owners, err := r.Owners(ctx, p, []string{key})
	if err != nil {
		return 0, fmt.Errorf("find the owner of a value of %s: %w", p.Key, err)
	}
	return owners[key], nil
}
