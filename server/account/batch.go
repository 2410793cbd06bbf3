package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/write"
)

// BatchUpdate is one update of a batch.
type BatchUpdate struct {
	ID      int64
	Patch   Patch
	IfMatch patch.Field[string] // as it was sent: Match is what it says
	Match   *Match              // nil: no condition
}

// BatchRequest is a list of updates. An account may be in it more than once.
type BatchRequest struct {
	Updates         []BatchUpdate
	Merge           Merge // as of an UpdateRequest
	AllowNewOptions bool
	fault.Findings
	Mode write.Mode[[]Account]
}

// ParseBatch reads the body of a batch of updates, as it was decoded from JSON. What is
// wrong is among the findings, with what is wrong with each update. The region is that
// of NewWriter.
func ParseBatch(body any, region string) BatchRequest {
	r := patch.NewReader(body, region)
	if object, isObject := body.(map[string]any); isObject {
		if _, hasUpdates := object["updates"]; !hasUpdates {
			r.Offences.Add([]string{"updates"}, "%s", "is required, or items")
		}
	}
	req := BatchRequest{Updates: patch.Each(r, "updates", func(item any) (BatchUpdate, fault.Offences) { return parseUpdate(item, region) })}
	req.Found = r.Offences
	return req
}

func parseUpdate(item any, region string) (BatchUpdate, fault.Offences) {
	r := patch.NewReader(item, region)
	u := BatchUpdate{
		ID:      patch.Value(r, "id", patch.ID),
		IfMatch: patch.Member(r, "ifMatch", patch.Text),
		Patch:   ParsePatch(patch.Value(r, "set", patch.Object), region),
	}
	for _, offence := range u.Patch.Found {
		r.Offences.Append(offence.Under("set"))
	}
	u.Patch.Found = nil // They are the batch's.
	return u, r.Offences
}

// Batch carries out updates in order, all of them or none, and returns for each
// the account as it is after all. Errors: KindInvalid, KindConflict or
// KindPrecondition with every offence of all updates; an unknown id is one.
func (s *Service) Batch(ctx context.Context, actor identity.Actor, req BatchRequest) ([]Account, error) {
	return Decide(ctx, s.writer, actor.CompanyID, req.Mode, all, func(ctx context.Context, tx Tx) ([]Account, error) {
		b := &batch{Service: s, tx: tx, actor: actor, req: req, accounts: make(map[int64]Account), merged: make(map[int64]int64), offences: slices.Clip(req.Found)}
		return b.run(ctx)
	})
}

// batch is one Batch in its transaction.
type batch struct {
	*Service
	tx       Tx
	actor    identity.Actor
	req      BatchRequest
	accounts map[int64]Account // those of the batch, as they are so far
	merged   map[int64]int64   // those that were merged, and into which
	past     int64             // versions that were looked back
	offences fault.Offences

	conflicts []fault.Conflict
}

func (b *batch) run(ctx context.Context) ([]Account, error) {
	if err := b.load(ctx); err != nil {
		return nil, err
	}
	for i, update := range b.req.Updates {
		if err := b.update(ctx, i, update); err != nil {
			return nil, err
		}
	}
	if err := b.refusal(); err != nil {
		return nil, err
	}
	updated := make([]Account, len(b.req.Updates))
	for i, update := range b.req.Updates {
		updated[i] = b.accounts[update.ID]
	}
	return updated, nil
}

// refusal is the error of what was found; nil if nothing was.
func (b *batch) refusal() error {
	err := fault.Invalid(b.offences)
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.KindPrecondition {
		e.Conflicts = b.conflicts
	}
	return err
}

// load reads the accounts in the order of their ids, so that two batches that
// name the same ones do not wait for each other in a circle.
func (b *batch) load(ctx context.Context) error {
	updates := slices.SortedFunc(slices.Values(b.req.Updates), func(x, y BatchUpdate) int { return cmp.Compare(x.ID, y.ID) })
	for _, update := range slices.CompactFunc(updates, func(x, y BatchUpdate) bool { return x.ID == y.ID }) {
		a, err := b.tx.AccountForUpdate(ctx, b.actor.CompanyID, update.ID)
		switch {
		case err == nil:
			b.accounts[update.ID] = a
		case fault.MergedInto(err) != 0:
			b.merged[update.ID] = fault.MergedInto(err)
		case !fault.IsNotFound(err):
			return fmt.Errorf("load account: %w", err)
		}
	}
	return nil
}

// update carries out the update with the index. After an offence the
// transaction will not be kept, and goes on only to find the others.
func (b *batch) update(ctx context.Context, index int, update BatchUpdate) error {
	path := []string{"updates", strconv.Itoa(index)}
	before, ok := b.accounts[update.ID]
	if !ok {
		if into := b.merged[update.ID]; into != 0 {
			b.offences.Conflict(append(path, "id"), "is %d, which was merged into account %d; use that one", update.ID, into)
		} else if update.ID != 0 { // else it was not sent, or is not an id
			b.offences.Add(append(path, "id"), "must be the id of an account; got %d", update.ID)
		}
		return nil
	}
	p, err := b.rebase(ctx, before, update)
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Kind == fault.KindPrecondition {
		b.outdated(path, e.Conflicts)
		p, err = update.Patch, nil
	}
	if err != nil {
		return err
	}
	after, err := b.writer.ApplyAndSave(ctx, b.tx, b.actor, before, p, b.req.AllowNewOptions)
	if e, ok := errors.AsType[*fault.Error](err); ok && len(e.Fields) > 0 {
		for _, offence := range e.Fields {
			b.offences = append(b.offences, offence.Under(append(path, "set")...))
		}
		return nil
	}
	b.accounts[update.ID] = after
	return err
}

// rebase is the service's, as far back as the batch may still look.
func (b *batch) rebase(ctx context.Context, before Account, update BatchUpdate) (Patch, error) {
	most := min(MaxPast, MaxBatchPast-b.past)
	if !update.Match.holds(before) {
		if earlier := update.Match.before(before.Version, most); earlier > 0 {
			b.past += before.Version - earlier
		}
	}
	req := UpdateRequest{Patch: update.Patch, Match: update.Match, Merge: b.req.Merge, AllowNewOptions: b.req.AllowNewOptions}
	return b.writer.rebase(ctx, b.tx, before, req, most)
}

// outdated notes that the update at the path was made for an earlier version.
func (b *batch) outdated(path []string, conflicts []fault.Conflict) {
	words := "is not the current version of the account; fetch it again"
	if names := inTheWay(conflicts, b.req.Merge); names != "" {
		words = "is an earlier version of the account; changed since: " + names + "; conflicts has the values"
	}
	b.offences.Outdated(append(path, "ifMatch"), "%s", words)
	for _, c := range conflicts[:min(len(conflicts), MaxConflicts-len(b.conflicts))] {
		b.conflicts = append(b.conflicts, c.Under(append(path, "set")...))
	}
}
