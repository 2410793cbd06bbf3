package intake

import (
	"context"
	"errors"
	"fmt"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
)

// mergedOwner returns the id of an account that was merged into another and had a trait,
// or 0.
func mergedOwner(ctx context.Context, r account.Reader, companyID int64, t trait) (int64, error) {
	owners, err := r.MergedOwners(ctx, companyID, t.by, []string{t.value})
	if err != nil {
		return 0, fmt.Errorf("find the merged account with a value of %s: %w", t.by, err)
	}
	return owners[t.value], nil
}

// successor returns the account that has taken the place of one that had a trait, which
// no account has now. Whoever would write it is told instead: the body is of two
// accounts that are one, and would make its key that of the first.
func (c *creation) successor(ctx context.Context, t trait) (account.Account, error) {
	id, err := mergedOwner(ctx, c.tx, c.actor.CompanyID, t)
	if err != nil {
		return account.Account{}, err
	}
	if id == 0 {
		return account.Account{}, fault.NotFound("account")
	}
	a, err := c.tx.AccountForUpdate(ctx, c.actor.CompanyID, id)
	into := fault.MergedInto(err)
	switch {
	case into == 0:
		return a, err
	case c.req.Strategy == StrategySkip:
		return c.tx.AccountForUpdate(ctx, c.actor.CompanyID, into)
	}
	return account.Account{}, keyOfMerged(t, id, into)
}

// keyOfMerged is the error of a body that names by its key an account that was merged.
func keyOfMerged(t trait, id, into int64) error {
	var found fault.Offences
	found.Conflict(account.PathOf(string(t.by)), "is that of account %d, which was merged into account %d; use that one", id, into)
	err := fault.Invalid(found)
	if e, ok := errors.AsType[*fault.Error](err); ok {
		e.MergedInto = into
	}
	return err
}
