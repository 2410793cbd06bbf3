package client

import (
	"context"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
)

// Selection selects the accounts that [Accounts.UpdateWhere] is about; all that is
// set must hold, and something must be.
type Selection struct {
	Filter AccountFilter // what it says of order and pages plays no part
	Where  Condition
	And    *Condition // must hold too
	Or     *Condition // or this one; not together with And, nor with Filter

	// MaxAffected is how many accounts may be selected, up to 500. If there are
	// more, nothing is written.
	MaxAffected int
}

func (s Selection) params() api.UpdateAccountsParams {
	list := s.Filter.params()
	search := AccountSearch{Where: s.Where, And: s.And, Or: s.Or}.params()
	return api.UpdateAccountsParams{
		Q: list.Q, Title: list.Title, Address: list.Address, PrimaryName: list.PrimaryName,
		PrimaryEmail: list.PrimaryEmail, PrimaryPhone: list.PrimaryPhone,
		UpdatedAfter: list.UpdatedAfter, UpdatedBefore: list.UpdatedBefore, IncludeArchived: list.IncludeArchived,
		Prop1: optional(search.Prop1), Op1: optional(search.Op1), Value1: optional(search.Value1),
		Prop2: search.Prop2, Op2: search.Op2, Value2: search.Value2, Logic: search.Logic,
		MaxAffected:    s.MaxAffected,
		IdempotencyKey: newName(),
	}
}

// check refuses a selection that is none, before the request is sent.
func (s Selection) check(ctx context.Context, req *http.Request) error {
	if !s.Filter.At.IsZero() {
		return invalid("accounts are selected as they are, not as they were")
	}
	if s.Where == (Condition{}) && s.And == nil && s.Or == nil {
		return nil // The server says whether Filter is enough.
	}
	return AccountSearch{Where: s.Where, And: s.And, Or: s.Or}.check(ctx, req)
}

// SelectionUpdate is what an update of a selection has made of the accounts, or
// would make of them.
type SelectionUpdate struct {
	api.AccountSelectionResult

	// ETag stands for what a preview has shown: with IfMatch nothing else is
	// written. It is empty once that is done.
	ETag string `json:"-"`
}

// PreviewWhere tells what [Accounts.UpdateWhere] would do, and writes nothing.
func (s *Accounts) PreviewWhere(ctx context.Context, selection Selection, patch AccountPatch, options ...SelectionOption) (*SelectionUpdate, error) {
	return s.updateWhere(ctx, true, selection, patch, options)
}

// UpdateWhere carries out a patch on each of the accounts that are selected, on all
// of them or on none. ErrConflict if there are more than MaxAffected;
// ErrPrecondition with IfMatch, if what would change is not what
// [Accounts.PreviewWhere] has shown.
func (s *Accounts) UpdateWhere(ctx context.Context, selection Selection, patch AccountPatch, options ...SelectionOption) (*SelectionUpdate, error) {
	return s.updateWhere(ctx, false, selection, patch, options)
}

func (s *Accounts) updateWhere(ctx context.Context, dryRun bool, selection Selection, patch AccountPatch, options []SelectionOption) (*SelectionUpdate, error) {
	params := with(selection.params(), options, SelectionOption.selection)
	params.DryRun = &dryRun
	resp, err := s.c.raw.UpdateAccounts(ctx, params, patch, selection.check)
	result, err := answer[SelectionUpdate](resp, err)
	if err == nil {
		result.ETag = resp.Header.Get("ETag")
	}
	return result, err
}
