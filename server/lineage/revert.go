package lineage

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/write"
)

// RevertRequest is one revert of a change of an account.
type RevertRequest struct {
	ID       int64
	Sequence int64          // of the change
	Match    *account.Match // nil: no condition
	Partial  bool           // leave out the members that cannot be taken back, instead of refusing
	Mode     write.Mode[Reverted]
}

// Reverted is what a revert or an undelete came to.
type Reverted struct {
	Account account.Account
	Members []string // those that got a value back, or lost it, as the history names them
	LeftOut []LeftOut
}

// LeftOut is a member that did not get its former value, or not all of it.
type LeftOut struct{ Member, Reason string }

func revertedAccounts(r *Reverted) []*account.Account { return []*account.Account{&r.Account} }

// Revert takes a change of an account back, member by member, in one transaction: each
// gets the value that it had before, unless it was changed since or that value cannot be
// any more. Of a deletion it is Undelete; of a merge, those that were merged are there
// again. Errors: KindNotFound if the account has no such change; KindPrecondition if Match
// does not hold; KindConflict with every member that cannot be taken back, or if it is the
// account's creation, which only a deletion undoes, or took a merge back.
func (s *Service) Revert(ctx context.Context, actor identity.Actor, req RevertRequest) (Reverted, error) {
	return account.Decide(ctx, s.accounts, actor.CompanyID, req.Mode, revertedAccounts, func(ctx context.Context, tx account.Tx) (Reverted, error) {
		before, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err != nil && !fault.IsNotFound(err) {
			return Reverted{}, err
		}
		there := err == nil
		e, err := changeAt(ctx, tx, actor.CompanyID, req)
		switch {
		case err != nil:
			return Reverted{}, err
		case there:
			if err := req.Match.Check(before); err != nil {
				return Reverted{}, err
			}
		case req.Match != nil:
			return Reverted{}, fault.Errorf(fault.KindPrecondition, "the account is deleted, so there is no version that If-Match could name")
		}
		if e.Kind == account.ChangeDeleted && !there {
			return s.undelete(ctx, tx, actor, req.ID, account.Cause{Kind: account.CauseRevert, Sequence: req.Sequence})
		}
		if err := checkRevertible(ctx, tx, e, there); err != nil {
			return Reverted{}, err
		}
		result, err := s.revert(ctx, tx, actor, before, e, req.Partial)
		if err != nil || !isMerge(e) {
			return result, err
		}
		return s.unmerge(ctx, tx, actor, e, result, req.Partial)
	})
}

// checkRevertible tells what keeps a change as a whole from being taken back.
func checkRevertible(ctx context.Context, r account.Reader, e account.HistoryEntry, there bool) error {
	switch {
	case e.Kind == account.ChangeCreated:
		return conflict(parameterSequence, "must not be of the change by which the account came to be there; delete the account instead")
	case e.Kind == account.ChangeDeleted:
		return conflict(parameterSequence, "must be of a change that can be taken back; this is a deletion, and the account is there again")
	case !there:
		return conflict(parameterAccount, "must be of an account that is there; undelete it first")
	case e.Cause == nil || e.Cause.Kind != account.CauseRevert:
		return nil
	}
	undone, err := changeAt(ctx, r, e.CompanyID, RevertRequest{ID: e.AccountID, Sequence: e.Cause.Sequence})
	if err == nil && isMerge(undone) { // The values alone would not be a merge.
		err = conflict(parameterSequence, "must not be of a change that took a merge back; merge the accounts again")
	}
	return err
}

// The parameters that name what is to be taken back.
const (
	parameterAccount  = "accountId"
	parameterSequence = "sequence"
)

// conflict is of a parameter that names what is not in the state for the request; the
// words go on from its name.
func conflict(parameter, words string) error {
	return fault.Invalid([]fault.Offence{conflictOf(parameter, words)})
}

func conflictOf(parameter, words string) fault.Offence {
	return fault.Offence{In: fault.InPath, Path: []string{parameter}, Kind: fault.KindConflict, Message: parameter + " " + words}
}

// changeAt returns the change that is to be taken back.
func changeAt(ctx context.Context, r account.Reader, companyID int64, req RevertRequest) (account.HistoryEntry, error) {
	if req.Sequence < 1 {
		return account.HistoryEntry{}, fault.NotFound("change of the account")
	}
	entries, err := r.History(ctx, companyID, req.ID, req.Sequence+1, 1)
	if err != nil {
		return account.HistoryEntry{}, fmt.Errorf("load the change: %w", err)
	}
	if len(entries) == 0 || entries[0].Sequence != req.Sequence {
		return account.HistoryEntry{}, fault.NotFound("change of the account")
	}
	return entries[0], nil
}

// revert takes an update back.
func (s *Service) revert(ctx context.Context, tx account.Tx, actor identity.Actor, before account.Account, e account.HistoryEntry, partial bool) (Reverted, error) {
	r := &reversal{Service: s, tx: tx, now: before.Recorded(), values: make(map[string]any)}
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		r.take(name, e.Fields[name])
	}
	if err := r.check(ctx, before); err != nil {
		return Reverted{}, err
	}
	if len(r.leftOut) > 0 && !partial && !isMerge(e) { // unmerge tells what is wrong with the others too.
		return Reverted{}, fault.Invalid(offencesOf(r.leftOut))
	}
	if len(r.values) == 0 && !isMerge(e) { // The history of a merge's target tells that others are there again.
		return r.result(before), nil
	}
	after, err := r.applied(before)
	if err != nil {
		return Reverted{}, err
	}
	after, err = s.accounts.Save(ctx, tx, actor, before, after, r.changes(), r.schema, &account.Cause{Kind: account.CauseRevert, Sequence: e.Sequence})
	return r.result(after), err
}
