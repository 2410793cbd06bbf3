package client

import (
	"cmp"
	"context"
	"iter"

	"github.com/accountsd/accountsd/gen/api"
)

// DuplicateFilter selects groups of accounts that may be one. The zero value
// selects all, of active accounts.
type DuplicateFilter struct {
	Reason          DuplicateReason // the member that they have in common
	AccountID       int64           // only the groups that this account is in
	IncludeArchived bool
	PageSize        int // 0: 100, the most
}

// Duplicates iterates over groups of accounts that may be one, since they have a
// member in common: first a primary e-mail address, then a phone, a title, an
// address. An error is the last item.
func (s *Accounts) Duplicates(ctx context.Context, filter DuplicateFilter) iter.Seq2[DuplicateGroup, error] {
	params := &api.ListDuplicatesParams{
		Reason:          optional(filter.Reason),
		AccountID:       optional(filter.AccountID),
		IncludeArchived: optional(filter.IncludeArchived),
		PageSize:        new(cmp.Or(filter.PageSize, maxPageSize)),
	}
	groups := func(page *api.DuplicateList) []DuplicateGroup { return page.Groups }
	return list(s.c.raw.ListDuplicates, params, groups).all(ctx)
}

// Merge makes one account of the one with the id and of others, and returns it as it
// is then, with its contacts: what it has no value of it gets from the first of the
// others that has one, unless Take names another. Get of the others returns it from
// then on, and a write of one is ErrConflict with MergedInto. [Accounts.Revert] of its
// change takes all of that back. ErrInvalid or ErrConflict with all offences,
// ErrNotFound, ErrPrecondition with a tag that is not the account's any more.
func (s *Accounts) Merge(ctx context.Context, id int64, merge AccountMerge, options ...MergeOption) (*Account, error) {
	ids := []int64{id}
	for _, source := range merge.From {
		ids = append(ids, source.ID)
	}
	params := with(api.MergeAccountsParams{IdempotencyKey: newName()}, options, MergeOption.merge)
	return oneAccount(s.c.raw.MergeAccounts(ctx, id, params, merge, checkIDs("account", ids...)))
}
