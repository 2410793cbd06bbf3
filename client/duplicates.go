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
