package account

import (
	"context"
	"fmt"
	"slices"

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
	return Decide(ctx, s, actor.CompanyID, req.Mode, revertedAccounts, func(ctx context.Context, tx Tx) (Reverted, error) {
		_, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err == nil {
			return Reverted{}, conflict(parameterAccount, "must be of a deleted account; this one is there")
		}
		if !fault.IsNotFound(err) {
			return Reverted{}, err
		}
		return s.undelete(ctx, tx, actor, req.ID, Cause{Kind: CauseUndelete})
	})
}

// undelete is Undelete of an account that is not there. The cause may name the deletion,
// which must be the last.
func (s *Service) undelete(ctx context.Context, tx Tx, actor identity.Actor, id int64, cause Cause) (Reverted, error) {
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
	return r.result(a), addHistory(ctx, tx, actor, a, ChangeCreated, a.changes(made), &cause)
}

// lastChange is the last one of an account.
func lastChange(ctx context.Context, r Reader, companyID, id int64) (HistoryEntry, error) {
	entries, err := r.History(ctx, companyID, id, 0, 1)
	if err != nil {
		return HistoryEntry{}, fmt.Errorf("load the last change: %w", err)
	}
	if len(entries) == 0 {
		return HistoryEntry{}, fault.NotFound("account")
	}
	return entries[0], nil
}

// revived adds the account again that was deleted.
func (r *reversal) revived(ctx context.Context, actor identity.Actor, deletion HistoryEntry, cause Cause) (Account, error) {
	a := created(HistoryEntry{CompanyID: deletion.CompanyID, AccountID: deletion.AccountID, Cause: &cause})
	if err := r.checkRevived(ctx, a); err != nil {
		return Account{}, err
	}
	a, err := r.applied(a)
	if err != nil {
		return Account{}, err
	}
	by := actor.User
	a.Version, a.UpdatedAt, a.UpdatedBy = deletion.Version+1, r.clock.Since(deletion.At), &by
	users, err := r.tx.UserRefs(ctx, a.CompanyID, []int64{cause.CreatedBy})
	if err != nil {
		return Account{}, fmt.Errorf("load users: %w", err)
	}
	a.CreatedBy = known(a.CreatedBy, users)
	if err := r.tx.PutAccount(ctx, a); err != nil {
		return Account{}, fmt.Errorf("store account: %w", err)
	}
	return a, indexCustom(ctx, r.tx, a, a.changes(made), r.schema)
}

// checkRevived is check of an account that is not there: what only one account can have
// must be free, and of contacts only those are left out that are gone.
func (r *reversal) checkRevived(ctx context.Context, a Account) error {
	linked := r.values[string(MemberContacts)]
	if err := r.check(ctx, a); err != nil {
		return err
	}
	var taken fault.Offences
	for _, left := range r.leftOut {
		switch {
		case slices.Contains(r.taken, left.Member):
			taken.Append(left.offence())
		case left.Member == string(MemberContacts) && len(r.contacts) > 0:
			r.values[left.Member] = linked
		}
	}
	return fault.Invalid(taken)
}
