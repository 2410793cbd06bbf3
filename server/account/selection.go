package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/write"
)

// SelectionRequest is one patch of all accounts that a filter selects.
type SelectionRequest struct {
	Filter          query.Filter
	IncludeArchived bool
	MaxAffected     int // how many accounts the filter may select
	Patch           Patch
	AllowNewOptions bool

	// Expects tells whether that is what may be written; nil: all is.
	Expects func(SelectionResult) bool

	Mode write.Mode[SelectionResult]
}

// SelectionResult is what a patch has made of the accounts of a selection.
type SelectionResult struct {
	Matched int // accounts that the filter selects
	Changed []Difference
}

// Difference is what a patch has made of one account.
type Difference struct {
	Account Account // as it is afterwards
	Changes patch.Changes
}

// ParseForMany reads the body of an update of all accounts that a filter selects:
// see ParsePatch.
func (s *Service) ParseForMany(body any) Patch {
	p := s.Parse(body)
	if !p.Number.IsAbsent() {
		p.Found.Add([]string{"number"}, "cannot be set by a filter: no two accounts have the same")
	}
	return p
}

// CheckForMany returns what is wrong with a patch for many, whatever accounts are
// selected: KindInvalid.
func (s *Service) CheckForMany(ctx context.Context, actor identity.Actor, p Patch, newOptions bool) error {
	return s.checkForMany(ctx, s.reader, actor, p, newOptions)
}

// checkForMany applies the patch to a blank account. What it fills is only looked at
// where there is no value, and what it says of the id, only with an account.
func (s *Service) checkForMany(ctx context.Context, r Reader, actor identity.Actor, p Patch, newOptions bool) error {
	p.Fill, p.ID = nil, patch.Field[int64]{}
	blank := Account{CompanyID: actor.CompanyID}
	env, err := s.writer.envFor(ctx, r, blank, p, newOptions)
	if err != nil {
		return err
	}
	return fault.Invalid(Apply(blank, p, env).Errors)
}

// UpdateSelection applies a patch to each account that a filter selects, in one
// transaction. Errors: KindInvalid if the patch is wrong for every account;
// KindConflict if there are more than MaxAffected; KindPrecondition if the outcome is
// not what the request expects; KindInvalid or KindConflict with the offences of the
// first account that has any.
func (s *Service) UpdateSelection(ctx context.Context, actor identity.Actor, req SelectionRequest) (SelectionResult, error) {
	return Decide(ctx, s.writer, actor.CompanyID, req.Mode, changedAccounts, func(ctx context.Context, tx Tx) (SelectionResult, error) {
		u := &selection{Service: s, tx: tx, actor: actor, req: req}
		return u.run(ctx)
	})
}

// changedAccounts are those that a result holds.
func changedAccounts(r *SelectionResult) []*Account {
	accounts := make([]*Account, len(r.Changed))
	for i := range accounts {
		accounts[i] = &r.Changed[i].Account
	}
	return accounts
}

// selection is one UpdateSelection in its transaction.
type selection struct {
	*Service
	tx     Tx
	actor  identity.Actor
	req    SelectionRequest
	result SelectionResult
}

func (u *selection) run(ctx context.Context) (SelectionResult, error) {
	if err := u.checkForMany(ctx, u.tx, u.actor, u.req.Patch, u.req.AllowNewOptions); err != nil {
		return SelectionResult{}, err
	}
	found, err := u.find(ctx)
	if err != nil {
		return SelectionResult{}, err
	}
	for _, id := range found {
		if err := u.update(ctx, id); err != nil {
			return SelectionResult{}, err
		}
	}
	if u.req.Expects != nil && !u.req.Expects(u.result) {
		return SelectionResult{}, fault.Errorf(fault.KindPrecondition, "what would change is not what the dry run with the tag of If-Match has shown; look again")
	}
	return u.result, nil
}

// find returns the ids of the accounts that the filter selects, in the order in
// which they are locked, so that two selections do not wait for each other in a
// circle.
func (u *selection) find(ctx context.Context) ([]int64, error) {
	q := Query{Filter: u.req.Filter, IncludeArchived: u.req.IncludeArchived, Page: query.Page{Limit: u.req.MaxAffected + 1}}
	found, err := u.tx.StoredAccounts(ctx, u.actor.CompanyID, q, false)
	if err != nil {
		return nil, fmt.Errorf("find accounts: %w", err)
	}
	if len(found) > u.req.MaxAffected {
		total, err := u.tx.CountAccounts(ctx, u.actor.CompanyID, q)
		if err != nil {
			return nil, fmt.Errorf("count accounts: %w", err)
		}
		tooMany := fault.InParameter("max_affected", "is %d, and %d accounts match; nothing is written", u.req.MaxAffected, total)
		tooMany.Kind = fault.KindConflict
		return nil, fault.Invalid(fault.Offences{tooMany})
	}
	slices.SortFunc(found, func(a, b Stored) int { return cmp.Compare(a.ID, b.ID) })
	ids := make([]int64, len(found))
	for i, a := range found {
		ids[i] = a.ID
	}
	return ids, nil
}

// update changes one account, unless it no longer matches: until it was locked,
// others may have written, deleted or merged it.
func (u *selection) update(ctx context.Context, id int64) error {
	before, err := u.tx.AccountForUpdate(ctx, u.actor.CompanyID, id)
	switch {
	case fault.IsNotFound(err), fault.MergedInto(err) != 0:
		return nil
	case err != nil:
		return fmt.Errorf("load account: %w", err)
	case !before.Active && !u.req.IncludeArchived || !u.req.Filter.Matches(&before):
		return nil
	}
	u.result.Matched++
	after, changes, err := u.writer.change(ctx, u.tx, u.actor, before, u.req.Patch, u.req.AllowNewOptions)
	if err != nil {
		return ofAccount(id, err)
	}
	if len(changes) > 0 {
		u.result.Changed = append(u.result.Changed, Difference{after, changes})
	}
	return nil
}

// ofAccount names the account that offences are of.
func ofAccount(id int64, err error) error {
	e, ok := errors.AsType[*fault.Error](err)
	if !ok || len(e.Fields) == 0 {
		return err
	}
	var named fault.Offences
	for _, offence := range e.Fields {
		offence.Message += fmt.Sprintf(" (account %d)", id)
		named = append(named, offence)
	}
	return fault.Invalid(named)
}
