package lineage

import (
	"context"
	"fmt"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/write"
)

// UndeleteRequest makes a deleted account be there again.
type UndeleteRequest struct {
	ID   int64
	Mode write.Mode[Reverted]
}

// Undelete makes a deleted account be there again as it was, with its id, its number and
// the time of its creation. What is gone since is left out: links to contacts, and values
// of properties that do not take them any more. Errors: KindNotFound if the company never
// had the account; KindConflict if it is there, or its number or a unique value is taken.
func (s *Service) Undelete(ctx context.Context, actor identity.Actor, req UndeleteRequest) (Reverted, error) {
	return account.Decide(ctx, s.accounts, actor.CompanyID, req.Mode, revertedAccounts, func(ctx context.Context, tx account.Tx) (Reverted, error) {
		_, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err == nil {
			return Reverted{}, conflict(parameterAccount, "must be of a deleted account; this one is there")
		}
		if !fault.IsNotFound(err) {
			return Reverted{}, err
		}
		return s.undelete(ctx, tx, actor, req.ID, account.Cause{Kind: account.CauseUndelete})
	})
}

// undelete is Undelete of an account that is not there. The cause may name the deletion,
// which must be the last.
func (s *Service) undelete(ctx context.Context, tx account.Tx, actor identity.Actor, id int64, cause account.Cause) (Reverted, error) {
	deletion, err := lastChange(ctx, tx, actor.CompanyID, id)
	if err != nil {
		return Reverted{}, err
	}
	if cause.Sequence != 0 && cause.Sequence != deletion.Sequence {
		return Reverted{}, conflict(parameterSequence, "must be of the last deletion of the account; it was there again after this one")
	}
	first, err := tx.FirstChange(ctx, actor.CompanyID, id)
	if err != nil {
		return Reverted{}, fmt.Errorf("load the first change: %w", err)
	}
	cause.Sequence, cause.CreatedAt, cause.CreatedBy = deletion.Sequence, &first.At, first.UserID
	r := &reversal{Service: s, tx: tx, values: make(map[string]any, len(deletion.Fields))}
	for name, change := range deletion.Fields {
		r.values[name] = change.Before
	}
	a, err := r.revived(ctx, actor, deletion, cause)
	if err != nil {
		return Reverted{}, err
	}
	return r.result(a), nil
}

// lastChange is the last one of an account.
func lastChange(ctx context.Context, r account.Reader, companyID, id int64) (account.HistoryEntry, error) {
	entries, err := r.History(ctx, companyID, id, 0, 1)
	if err != nil {
		return account.HistoryEntry{}, fmt.Errorf("load the last change: %w", err)
	}
	if len(entries) == 0 {
		return account.HistoryEntry{}, fault.NotFound("account")
	}
	return entries[0], nil
}

// revived adds the account again that was deleted.
func (r *reversal) revived(ctx context.Context, actor identity.Actor, deletion account.HistoryEntry, cause account.Cause) (account.Account, error) {
	a := account.Created(account.HistoryEntry{CompanyID: deletion.CompanyID, AccountID: deletion.AccountID, Cause: &cause})
	if err := r.checkRevived(ctx, a); err != nil {
		return account.Account{}, err
	}
	a, err := r.applied(a)
	if err != nil {
		return account.Account{}, err
	}
	a.Version, a.UpdatedAt, a.UpdatedBy = deletion.Version+1, r.clock.Since(deletion.At), new(actor.User)
	users, err := r.tx.UserRefs(ctx, a.CompanyID, []int64{cause.CreatedBy})
	if err != nil {
		return account.Account{}, fmt.Errorf("load users: %w", err)
	}
	a.CreatedBy = known(a.CreatedBy, users)
	return a, r.accounts.PutBack(ctx, r.tx, actor, a, r.schema, &cause)
}

// checkRevived is check of an account that is not there: what only one account can have
// must be free, and of contacts only those are left out that are gone.
func (r *reversal) checkRevived(ctx context.Context, a account.Account) error {
	linked := r.values[string(account.MemberContacts)]
	if err := r.check(ctx, a); err != nil {
		return err
	}
	var taken fault.Offences
	for _, left := range r.leftOut {
		switch {
		case slices.Contains(r.taken, left.Member):
			taken.Append(left.offence())
		case left.Member == string(account.MemberContacts) && len(r.contacts) > 0:
			r.values[left.Member] = linked
		}
	}
	return fault.Invalid(taken)
}
