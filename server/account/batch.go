package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// BatchUpdate is one update of a batch.
type BatchUpdate struct {
	ID    int64
	Patch Patch
	Match *Match // nil: no condition
}

// BatchRequest is a list of updates. An account may be in it more than once.
type BatchRequest struct {
	Updates         []BatchUpdate
	AllowNewOptions bool
	DryRun          bool // check and answer, but write nothing
}

// UpdateBatch carries out updates in order, all of them or none, and returns
// for each the account as it is after all. Errors: KindInvalid, KindConflict or
// KindPrecondition with every offence of all updates; an unknown id is one.
func (s *Service) UpdateBatch(ctx context.Context, actor Actor, req BatchRequest) ([]Account, error) {
	updated := make([]Account, len(req.Updates))
	err := s.write(ctx, req.DryRun, func(ctx context.Context, tx Tx) error {
		b := &batch{Service: s, tx: &schemaTx{Tx: tx}, actor: actor, req: req, accounts: make(map[int64]Account)}
		if err := b.run(ctx); err != nil {
			return err
		}
		for i, update := range req.Updates {
			updated[i] = b.accounts[update.ID]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return updated, nil
}

// batch is one UpdateBatch in its transaction.
type batch struct {
	*Service
	tx       Tx
	actor    Actor
	req      BatchRequest
	accounts map[int64]Account // those of the batch, as they are so far
	offences []FieldError
}

func (b *batch) run(ctx context.Context) error {
	if err := b.load(ctx); err != nil {
		return err
	}
	for i, update := range b.req.Updates {
		if err := b.update(ctx, i, update); err != nil {
			return err
		}
	}
	return Invalid(b.offences)
}

// load reads the accounts in the order of their ids, so that two batches that
// name the same ones do not wait for each other in a circle.
func (b *batch) load(ctx context.Context) error {
	updates := slices.SortedFunc(slices.Values(b.req.Updates), func(x, y BatchUpdate) int { return cmp.Compare(x.ID, y.ID) })
	for _, update := range slices.CompactFunc(updates, func(x, y BatchUpdate) bool { return x.ID == y.ID }) {
		a, err := b.tx.AccountForUpdate(ctx, b.actor.CompanyID, update.ID)
		if err != nil && KindOf(err) != KindNotFound {
			return fmt.Errorf("load account: %w", err)
		}
		if err == nil {
			b.accounts[update.ID] = a
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
		b.offend(append(path, "id"), KindInvalid, "must be the id of an account; got %d", update.ID)
		return nil
	}
	if !update.Match.holds(before) {
		b.offend(append(path, "ifMatch"), KindPrecondition, "is not the current version of the account; fetch it again")
	}
	after, err := b.applyAndSave(ctx, b.tx, b.actor, before, update.Patch, b.req.AllowNewOptions)
	if e, ok := errors.AsType[*Error](err); ok && len(e.Fields) > 0 {
		for _, offence := range e.Fields {
			b.offences = append(b.offences, offence.under(append(path, "set")...))
		}
		return nil
	}
	if err != nil {
		return err
	}
	b.accounts[update.ID] = after
	return nil
}

func (b *batch) offend(path []string, kind Kind, format string, args ...any) {
	b.offences = append(b.offences, FieldError{
		In: InBody, Path: path, Kind: kind, Message: Label(path) + " " + fmt.Sprintf(format, args...),
	})
}

// schemaTx is a transaction that remembers the properties, which a batch reads
// for each of its updates.
type schemaTx struct {
	Tx
	properties []Property // of the one company that the transaction is about
}

// Properties returns the company's properties.
func (t *schemaTx) Properties(ctx context.Context, companyID int64) ([]Property, error) {
	if t.properties != nil {
		return t.properties, nil
	}
	properties, err := t.Tx.Properties(ctx, companyID)
	t.properties = properties
	return properties, err
}

// AddOption adds an option, and forgets the properties.
func (t *schemaTx) AddOption(ctx context.Context, companyID int64, option NewOption) error {
	t.properties = nil
	return t.Tx.AddOption(ctx, companyID, option)
}
