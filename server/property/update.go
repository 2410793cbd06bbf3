package property

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// readChunk is how many accounts are read at once on the way through those
// that have a value.
const readChunk = 500

// UpdateRequest is one update of a property.
type UpdateRequest struct {
	Key   string
	Patch Patch
	Force bool // the values of removed options are cleared
	Mode  write.Mode[schema.Property]
}

// Update applies a patch in one transaction, accounts' values included, and
// returns the property as it then is. A patch that changes nothing writes
// nothing. Errors: KindNotFound; KindInvalid with every offence; KindConflict if
// accounts have values that the patch would make wrong.
func (s *Service) Update(ctx context.Context, actor identity.Actor, req UpdateRequest) (schema.Property, error) {
	mode := req.Mode
	mode.Unsound = len(req.Patch.Found) > 0
	updated, err := write.Run(ctx, s.store, mode, func(ctx context.Context, tx Tx) (schema.Property, error) {
		before, err := find(ctx, tx, actor.CompanyID, req.Key)
		if err != nil {
			return schema.Property{}, err
		}
		e := editProperty(before, req.Patch)
		inUse, err := e.inUse(ctx, tx, req.Force)
		if err != nil {
			return schema.Property{}, err
		}
		if err := fault.Invalid(append(e.offences, inUse...)); err != nil || e.changesNothing() {
			return e.after, err
		}
		if err := s.save(ctx, tx, actor, e); err != nil {
			return e.after, err
		}
		return e.after, s.note(ctx, tx, actor, audit.PropertyUpdated, e.after, e.details())
	})
	if updated.Index == schema.IndexBuilding {
		s.wakeBuilder()
	}
	return updated, err
}

// Delete removes a property, and with force also the values that accounts have
// of it. KindNotFound; KindConflict if there are any, without force.
func (s *Service) Delete(ctx context.Context, actor identity.Actor, key string, force bool) error {
	return write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
		p, err := find(ctx, tx, actor.CompanyID, key)
		if err != nil {
			return err
		}
		if !force {
			err = checkUnused(ctx, tx, p)
		} else {
			err = eachWith(ctx, tx, p, s.rewriter(ctx, tx, actor, p, func(any) any { return nil }))
		}
		if err != nil {
			return err
		}
		if err := tx.DeleteProperty(ctx, p); err != nil {
			return err
		}
		return s.note(ctx, tx, actor, audit.PropertyDeleted, p, map[string]any{"name": p.Name, "type": string(p.Type)})
	})
}

// checkUnused returns a conflict if accounts have values of the property.
func checkUnused(ctx context.Context, r Reader, p schema.Property) error {
	used, err := isUsed(ctx, r, p)
	if err != nil || !used {
		return err
	}
	return fault.Invalid([]fault.Offence{{
		In: fault.InQuery, Path: []string{"force"}, Kind: fault.KindConflict,
		Message: "accounts have values of " + fault.Quote(p.Key) + "; with force=true they are cleared",
	}})
}

func find(ctx context.Context, r Reader, companyID int64, key string) (schema.Property, error) {
	properties, err := account.LoadSchema(ctx, r, companyID)
	if err != nil {
		return schema.Property{}, err
	}
	p, ok := properties[key]
	if !ok {
		return schema.Property{}, fault.NotFound("property")
	}
	return p, nil
}

func isUsed(ctx context.Context, r Reader, p schema.Property) (bool, error) {
	accounts, err := r.Accounts(ctx, p.CompanyID, having(p, query.Condition{Exists: true}))
	if err != nil {
		return false, fmt.Errorf("find values: %w", err)
	}
	return len(accounts) > 0, nil
}

// having selects an account whose value of the property passes a test.
func having(p schema.Property, test query.Condition) account.Query {
	test.Member, test.Property = query.MemberCustom, p
	return account.Query{
		Filter: query.Filter{Conditions: []query.Condition{test}}, IncludeArchived: true, Page: query.Page{Limit: 1},
	}
}

// eachWith calls fn with every account that has a value of the property.
func eachWith(ctx context.Context, r Reader, p schema.Property, fn func(account.Account) error) error {
	return eachChunkWith(ctx, r, p, func(_ context.Context, accounts []account.Account) error { return each(accounts, fn) })
}

// each calls fn with accounts until it fails.
func each(accounts []account.Account, fn func(account.Account) error) error {
	for _, a := range accounts {
		if err := fn(a); err != nil {
			return err
		}
	}
	return nil
}

// eachChunkWith is eachWith of some accounts at a time.
func eachChunkWith(ctx context.Context, r Reader, p schema.Property, fn func(context.Context, []account.Account) error) error {
	after := int64(0)
	for {
		accounts, err := r.AccountsWith(ctx, p, after, readChunk)
		if err != nil {
			return fmt.Errorf("find values: %w", err)
		}
		if err := fn(ctx, accounts); err != nil {
			return err
		}
		if len(accounts) < readChunk {
			return nil
		}
		after = accounts[len(accounts)-1].ID
	}
}

// rewriter returns what writes, of the value of the property that an account has, what
// rewrite makes of it; nil clears it.
func (s *Service) rewriter(ctx context.Context, tx Tx, actor identity.Actor, p schema.Property, rewrite func(any) any) func(account.Account) error {
	properties := schema.Schema{p.Key: p}
	return func(before account.Account) error {
		value := rewrite(before.Custom[p.Key])
		if schema.EqualValues(before.Custom[p.Key], value) {
			return nil
		}
		after := before
		after.Custom = maps.Clone(before.Custom)
		if value == nil {
			delete(after.Custom, p.Key)
		} else {
			after.Custom[p.Key] = value
		}
		changes := patch.Changes{account.CustomPrefix + p.Key: {Before: before.Custom[p.Key], After: value}}
		_, err := s.accounts.Save(ctx, tx, actor, before, after, changes, properties, nil)
		return err
	}
}

// save writes the property, and what becomes of accounts' values.
func (s *Service) save(ctx context.Context, tx Tx, actor identity.Actor, e *edit) error {
	if err := tx.UpdateProperty(ctx, e.after); err != nil {
		return fmt.Errorf("store property: %w", err)
	}
	if err := tx.SetOptions(ctx, e.after, e.after.Options); err != nil {
		return fmt.Errorf("store options: %w", err)
	}
	if e.after.Unique && !e.before.Unique {
		return TakeKeys(ctx, tx, e.after)
	}
	return e.eachTouched(ctx, tx, s.rewriter(ctx, tx, actor, e.after, e.followValue))
}

// details are what the edit changes, as the audit log has them.
func (e *edit) details() map[string]any {
	before, after := e.before, e.after
	details := make(map[string]any)
	for name, values := range map[string][2]any{
		"name": {before.Name, after.Name}, "type": {string(before.Type), string(after.Type)}, "isMultiple": {before.Multiple, after.Multiple},
		"indexed": {before.Index != schema.IndexNone, after.Index != schema.IndexNone}, "unique": {before.Unique, after.Unique},
	} {
		if values[0] != values[1] {
			details[name] = map[string]any{"before": values[0], "after": values[1]}
		}
	}
	if !schema.EqualValues(before.Default, after.Default) {
		details["defaultValue"] = map[string]any{"before": before.Default, "after": after.Default}
	}
	for name, labels := range map[string][]string{"optionsAdded": without(after.Options, before.Options), "optionsRemoved": without(before.Options, after.Options)} {
		if len(labels) > 0 {
			details[name] = labels
		}
	}
	return details
}

// without returns the labels that others are not.
func without(labels, others []string) []string {
	return slices.DeleteFunc(slices.Clone(labels), func(label string) bool { return slices.Contains(others, label) })
}
