package lineage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

// MaxMerged is how many accounts are merged into one at a time.
const MaxMerged = 20

// MergeSource is an account to merge into another one.
type MergeSource struct {
	ID      int64
	IfMatch patch.Field[string] // as it was sent: Match is what it says
	Match   *account.Match      // nil: no condition
}

// MergeRequest makes one account of several.
type MergeRequest struct {
	ID    int64 // of the account that stays
	From  []MergeSource
	Take  map[string]int64 // by member, the account that it is taken from; others are the target's, or the first that is there
	Match *account.Match   // of the account that stays; nil: no condition
	fault.Findings
	Mode write.Mode[account.Account]
}

// ParseMerge reads the body of a merge, as it was decoded from JSON. What is wrong
// is among the findings.
func ParseMerge(body any) MergeRequest {
	r := patch.NewReader(body, "")
	req := MergeRequest{Take: make(map[string]int64)}
	req.From = patch.Each(r, "from", parseSource)
	r.Require("from")
	switch {
	case len(req.From) > MaxMerged:
		r.Refuse("from", fault.TooMany(MaxMerged, len(req.From)))
	case len(req.From) == 0 && r.Has("from"):
		r.Refuse("from", fault.TooFew(1))
	}
	takes := patch.NotNull(r, "take", patch.Member(r, "take", patch.Object))
	for _, name := range jsonvalue.Names(takes.Value) {
		if id, ok := patch.ID(r, []string{"take", name}, takes.Value[name]); ok {
			req.Take[name] = id
		}
	}
	req.Found = r.Offences
	return req
}

func parseSource(item any) (MergeSource, fault.Offences) {
	r := patch.NewReader(item, "")
	source := MergeSource{ID: patch.Value(r, "id", patch.ID), IfMatch: patch.Member(r, "ifMatch", patch.Text)}
	return source, r.Offences
}

// Merge makes one account of several in one transaction, and returns it as it then
// is: see merger. The others are deleted, and lead to it from then on. Errors:
// KindNotFound; KindPrecondition if a Match does not hold; KindInvalid or
// KindConflict with every offence.
func (s *Service) Merge(ctx context.Context, actor identity.Actor, req MergeRequest) (account.Account, error) {
	return account.Decide(ctx, s.accounts, actor.CompanyID, req.Mode, itself, func(ctx context.Context, tx account.Tx) (account.Account, error) {
		m := &merger{Service: s, tx: tx, actor: actor, req: req, offences: slices.Clip(req.Found)}
		if err := m.load(ctx); err != nil {
			return account.Account{}, err
		}
		return m.run(ctx)
	})
}

func itself(a *account.Account) []*account.Account { return []*account.Account{a} }

// merger is one Merge in its transaction.
type merger struct {
	*Service
	tx       account.Tx
	actor    identity.Actor
	req      MergeRequest
	parties  []account.Account // the target first, the others in their order
	offences fault.Offences
}

// load reads the accounts in the order of their ids, so that two merges of the same
// ones do not wait for each other in a circle.
func (m *merger) load(ctx context.Context) error {
	ids := []int64{m.req.ID}
	for _, source := range m.req.From {
		ids = append(ids, source.ID)
	}
	slices.Sort(ids)
	there, missing := make(map[int64]account.Account), make(map[int64]error)
	for _, id := range slices.Compact(ids) {
		a, err := m.tx.AccountForUpdate(ctx, m.actor.CompanyID, id)
		switch {
		case err == nil:
			there[id] = a
		case id != m.req.ID && fault.IsAbsent(err):
			missing[id] = err
		default:
			return err
		}
	}
	target := there[m.req.ID]
	if err := m.req.Match.Check(target); err != nil {
		return err
	}
	m.parties = []account.Account{target}
	for i, source := range m.req.From {
		m.add(i, source, there, missing)
	}
	return nil
}

// add adds the other account at a place of the request.
func (m *merger) add(place int, source MergeSource, there map[int64]account.Account, missing map[int64]error) {
	path := []string{"from", strconv.Itoa(place)}
	a, found := there[source.ID]
	switch {
	case source.ID == m.req.ID:
		m.offences.Add(append(path, "id"), "must be another account; %d is the one that stays", source.ID)
	case slices.ContainsFunc(m.parties, func(a account.Account) bool { return a.ID == source.ID }):
		m.offences.Add(append(path, "id"), "must be named once; got %d again", source.ID)
	case fault.MergedInto(missing[source.ID]) != 0:
		m.offences.Conflict(append(path, "id"), "is %d, which was merged into account %d", source.ID, fault.MergedInto(missing[source.ID]))
	case !found:
		if source.ID != 0 { // else it was not sent, or is not an id
			m.offences.Add(append(path, "id"), "must be the id of an account; got %d", source.ID)
		}
	default:
		if source.Match.Check(a) != nil {
			m.offences.Outdated(append(path, "ifMatch"), "is not the current version of the account; fetch it again")
		}
		m.parties = append(m.parties, a)
	}
}

// run deletes the others before it writes what the target has of them, so that what
// only one account may have is free by then.
func (m *merger) run(ctx context.Context) (account.Account, error) {
	properties, err := m.accounts.Schema(ctx, m.tx, m.actor.CompanyID)
	if err != nil {
		return account.Account{}, err
	}
	target := m.parties[0]
	changes := m.changes(properties)
	if err := fault.Invalid(m.offences); err != nil {
		return account.Account{}, err
	}
	cause := &account.Cause{Kind: account.CauseMerge}
	for _, other := range m.parties[1:] {
		cause.Merged = append(cause.Merged, other.ID)
		if err := m.accounts.Remove(ctx, m.tx, m.actor, other, &account.Cause{Kind: account.CauseMerge, MergedInto: target.ID}); err != nil {
			return account.Account{}, err
		}
	}
	after, err := m.merged(changes)
	if err != nil {
		return account.Account{}, fmt.Errorf("merge accounts: %w", err)
	}
	return m.accounts.Save(ctx, m.tx, m.actor, target, after, changes, properties, cause)
}

// merged is the target with what is changed of it.
func (m *merger) merged(changes patch.Changes) (account.Account, error) {
	after := m.parties[0]
	values := make(map[string]any, len(changes))
	for name, change := range changes {
		value, err := recorded(change.After)
		if err != nil {
			return account.Account{}, err
		}
		values[name] = value
	}
	after.Custom = clone(after.Custom)
	if err := after.Take(values); err != nil {
		return account.Account{}, err
	}
	if _, united := changes[string(account.MemberContacts)]; united {
		after.Contacts = m.contacts()
	}
	return after, nil
}

// contacts are those of all accounts, each once.
func (m *merger) contacts() []account.Contact {
	var united []account.Contact
	for _, a := range m.parties {
		for _, c := range a.Contacts {
			if !slices.ContainsFunc(united, func(u account.Contact) bool { return u.ID == c.ID }) {
				united = append(united, c)
			}
		}
	}
	return united
}

// unmerge makes the accounts be there again that a change of their target merged into
// it, once the target has given back what was theirs. What one of them cannot have any
// more is left out if the revert is partial, and else refused.
func (s *Service) unmerge(ctx context.Context, tx account.Tx, actor identity.Actor, e account.HistoryEntry, result Reverted, partial bool) (Reverted, error) {
	var refused fault.Offences
	for _, id := range e.Cause.Merged {
		deletion, err := lastChange(ctx, tx, e.CompanyID, id)
		if err != nil {
			return Reverted{}, err
		}
		if !merges(deletion, e) {
			return Reverted{}, conflict(parameterSequence, fmt.Sprintf("is of a merge of account %d, which is taken back already", id))
		}
		revived, err := s.undelete(ctx, tx, actor, id, account.Cause{Kind: account.CauseRevert, Sequence: deletion.Sequence})
		if taken, ok := errors.AsType[*fault.Error](err); ok && taken.Kind == fault.KindConflict {
			for _, field := range taken.Fields {
				refused.Append(conflictOf(parameterSequence, fmt.Sprintf("is of a merge of account %d, which cannot be there again: %s", id, field.Message)))
			}
			continue
		}
		if err != nil {
			return Reverted{}, err
		}
		for _, left := range revived.LeftOut {
			result.LeftOut = append(result.LeftOut, left.of(id))
		}
	}
	if !partial {
		refused = append(offencesOf(result.LeftOut), refused...)
	}
	return result, fault.Invalid(refused)
}

// merges tells whether a deletion is of the same merge as a change of the target, in
// whose transaction it came just before.
func merges(e, target account.HistoryEntry) bool {
	return e.Cause != nil && e.Cause.MergedInto == target.AccountID &&
		e.Sequence < target.Sequence && e.Sequence >= target.Sequence-int64(len(target.Cause.Merged))
}

// isMerge tells whether the change merged accounts into its own.
func isMerge(e account.HistoryEntry) bool { return e.Cause != nil && len(e.Cause.Merged) > 0 }
