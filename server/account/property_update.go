package account

import (
	"context"
	"fmt"
	"maps"
)

// propertyChunk is how many accounts are read at once on the way through those
// that have a value.
const propertyChunk = 500

// UpdateProperty applies a patch in one transaction, accounts' values included,
// and returns the property as it then is. With force the values of removed
// options are cleared. A patch that changes nothing writes nothing. Errors:
// KindNotFound; KindInvalid with every offence; KindConflict if accounts have
// values that the patch would make wrong.
func (s *Service) UpdateProperty(ctx context.Context, actor Actor, key string, p PropertyPatch, force bool) (Property, error) {
	var updated Property
	err := s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		before, err := findProperty(ctx, tx, actor.CompanyID, key)
		if err != nil {
			return err
		}
		e := editProperty(before, p)
		inUse, err := e.inUse(ctx, tx, force)
		if err != nil {
			return err
		}
		if err := Invalid(append(e.offences, inUse...)); err != nil {
			return err
		}
		updated = e.after
		if e.changesNothing() {
			return nil
		}
		return s.saveProperty(ctx, tx, actor, e)
	})
	if err != nil {
		return Property{}, err
	}
	if updated.Index == IndexBuilding {
		s.wakeBuilder()
	}
	return updated, nil
}

// DeleteProperty removes a property, and with force also the values that
// accounts have of it. KindNotFound; KindConflict if there are any, without
// force.
func (s *Service) DeleteProperty(ctx context.Context, actor Actor, key string, force bool) error {
	return s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		p, err := findProperty(ctx, tx, actor.CompanyID, key)
		if err != nil {
			return err
		}
		if !force {
			err = checkUnused(ctx, tx, p)
		} else {
			err = s.rewriteValues(ctx, tx, actor, p, func(any) any { return nil })
		}
		if err != nil {
			return err
		}
		return tx.DeleteProperty(ctx, p)
	})
}

// checkUnused returns a conflict if accounts have values of the property.
func checkUnused(ctx context.Context, tx Tx, p Property) error {
	used, err := isUsed(ctx, tx, p)
	if err != nil || !used {
		return err
	}
	return Invalid([]FieldError{{
		In: InQuery, Path: []string{"force"}, Kind: KindConflict,
		Message: "accounts have values of " + Quote(p.Key) + "; with force=true they are cleared",
	}})
}

func findProperty(ctx context.Context, tx Tx, companyID int64, key string) (Property, error) {
	schema, err := loadSchema(ctx, tx, companyID)
	if err != nil {
		return Property{}, err
	}
	p, ok := schema[key]
	if !ok {
		return Property{}, NotFound("property")
	}
	return p, nil
}

func isUsed(ctx context.Context, tx Tx, p Property) (bool, error) {
	accounts, err := tx.AccountsWith(ctx, p, 0, 1)
	if err != nil {
		return false, fmt.Errorf("find values: %w", err)
	}
	return len(accounts) > 0, nil
}

// eachWith calls fn with every account that has a value of the property.
func eachWith(ctx context.Context, tx Tx, p Property, fn func(Account) error) error {
	after := int64(0)
	for {
		accounts, err := tx.AccountsWith(ctx, p, after, propertyChunk)
		if err != nil {
			return fmt.Errorf("find values: %w", err)
		}
		for _, a := range accounts {
			after = a.ID
			if err := fn(a); err != nil {
				return err
			}
		}
		if len(accounts) < propertyChunk {
			return nil
		}
	}
}

// rewriteValues writes what rewrite makes of every value of the property; nil
// clears it.
func (s *Service) rewriteValues(ctx context.Context, tx Tx, actor Actor, p Property, rewrite func(any) any) error {
	schema := Schema{p.Key: p}
	return eachWith(ctx, tx, p, func(before Account) error {
		value := rewrite(before.Custom[p.Key])
		if equalValues(before.Custom[p.Key], value) {
			return nil
		}
		after := before
		after.Custom = maps.Clone(before.Custom)
		if value == nil {
			delete(after.Custom, p.Key)
		} else {
			after.Custom[p.Key] = value
		}
		changes := Changes{"custom." + p.Key: {Before: before.Custom[p.Key], After: value}}
		_, err := s.save(ctx, tx, actor, before, after, changes, schema)
		return err
	})
}

// inUse returns the conflicts of the edit with values that accounts have.
func (e *propertyEdit) inUse(ctx context.Context, tx Tx, force bool) (fieldErrors, error) {
	var found fieldErrors
	conflict := func(path []string, format string, args ...any) {
		found = append(found, FieldError{In: InBody, Path: path, Kind: KindConflict, Message: fmt.Sprintf(format, args...)})
	}
	if e.changesForm() {
		used, err := isUsed(ctx, tx, e.before)
		if used && e.before.Type != e.after.Type {
			conflict([]string{"type"}, "type cannot change from %s while accounts have values", e.before.Type)
		}
		if used && e.before.Multiple != e.after.Multiple {
			conflict([]string{"isMultiple"}, "isMultiple cannot change while accounts have values")
		}
		if err != nil || e.after.Type != PropertyDropdown {
			return found, err
		}
	}
	if force {
		return found, nil
	}
	uses, err := e.countRemoved(ctx, tx)
	for _, o := range e.options {
		switch n := uses[o.stored]; {
		case n == 1:
			conflict(o.removed, "option %s is used by 1 account; with force=true its value is cleared", Quote(o.stored))
		case n > 1:
			conflict(o.removed, "option %s is used by %d accounts; with force=true their values are cleared", Quote(o.stored), n)
		}
	}
	return found, err
}

// countRemoved counts the accounts that have each option that is removed.
func (e *propertyEdit) countRemoved(ctx context.Context, tx Tx) (map[string]int, error) {
	uses := make(map[string]int)
	for _, o := range e.options {
		if o.removed != nil && o.stored != "" {
			uses[o.stored] = 0
		}
	}
	if len(uses) == 0 {
		return nil, nil
	}
	return uses, eachWith(ctx, tx, e.before, func(a Account) error {
		items, ok := a.Custom[e.before.Key].([]any)
		if !ok {
			items = []any{a.Custom[e.before.Key]}
		}
		for _, item := range items {
			label, _ := item.(string)
			if _, removed := uses[label]; removed {
				uses[label]++
			}
		}
		return nil
	})
}

// saveProperty writes the property, and what becomes of accounts' values.
func (s *Service) saveProperty(ctx context.Context, tx Tx, actor Actor, e *propertyEdit) error {
	if err := tx.UpdateProperty(ctx, e.after); err != nil {
		return fmt.Errorf("store property: %w", err)
	}
	if err := tx.SetOptions(ctx, e.after, e.after.Options); err != nil {
		return fmt.Errorf("store options: %w", err)
	}
	if !e.touches() {
		return nil
	}
	return s.rewriteValues(ctx, tx, actor, e.after, e.followValue)
}
