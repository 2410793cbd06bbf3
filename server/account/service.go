package account

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/write"
)

// Service does what users do with a company's accounts: it applies the rules of
// this package to the records of a store.
type Service struct {
	*Records
	store Store
	clock write.Clock
}

// NewService returns a service over the store, which stays the caller's to
// close. The region (ISO 3166) is that of phone numbers without a country code;
// empty: only numbers with one are read.
func NewService(store Store, clock write.Clock, region string) *Service {
	return &Service{Records: &Records{reader: store, region: region, schemas: &schemas{}}, store: store, clock: clock}
}

// Parse reads a body: see ParsePatch.
func (s *Service) Parse(body any) Patch { return ParsePatch(body, s.region) }

// Match is a condition on the version of an account.
type Match struct {
	Any      bool // every version
	Versions []int64
}

// holds tells whether the condition holds of an account; nil always does.
func (m *Match) holds(a Account) bool {
	return m == nil || m.Any || slices.Contains(m.Versions, a.Version)
}

func (m *Match) check(a Account) error {
	if m.holds(a) {
		return nil
	}
	return errOtherVersion
}

// UpdateRequest is one update of an account.
type UpdateRequest struct {
	ID              int64
	Patch           Patch
	Match           *Match // nil: no condition
	Merge           Merge  // if Match names an earlier version
	AllowNewOptions bool
	Mode            write.Mode[Account]
}

// Update applies a patch in one transaction, and returns the account as it then
// is. A patch that changes nothing writes nothing. Errors: KindNotFound;
// KindPrecondition if Match does not hold, with what others have changed of what
// the patch changes; KindInvalid or KindConflict with every offence of the patch.
func (s *Service) Update(ctx context.Context, actor identity.Actor, req UpdateRequest) (Account, error) {
	return decide(ctx, s, actor.CompanyID, req.Mode, one, func(ctx context.Context, tx Tx) (Account, error) {
		before, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err != nil {
			return Account{}, err
		}
		p, err := s.rebase(ctx, tx, before, req, MaxPast)
		if err != nil {
			return Account{}, err
		}
		return s.applyAndSave(ctx, tx, actor, before, p, req.AllowNewOptions)
	})
}

// applyAndSave applies a patch to a stored account, and writes what changed.
func (s *Service) applyAndSave(ctx context.Context, tx Tx, actor identity.Actor, before Account, p Patch, newOptions bool) (Account, error) {
	after, _, err := s.change(ctx, tx, actor, before, p, newOptions)
	return after, err
}

// change is applyAndSave, and tells what changed.
func (s *Service) change(ctx context.Context, tx Tx, actor identity.Actor, before Account, p Patch, newOptions bool) (Account, patch.Changes, error) {
	outcome, properties, err := s.apply(ctx, tx, before, p, newOptions)
	if err != nil {
		return Account{}, nil, err
	}
	if len(outcome.Changes) == 0 {
		return before, nil, nil
	}
	if err := addOptions(ctx, tx, before.CompanyID, outcome.NewOptions); err != nil {
		return Account{}, nil, err
	}
	after, err := s.Save(ctx, tx, actor, before, outcome.Account, outcome.Changes, properties)
	return after, outcome.Changes, err
}

// SetContacts links an account to contacts, in order, in a transaction.
func (s *Service) SetContacts(ctx context.Context, tx Tx, actor identity.Actor, a Account, ids []int64) error {
	_, err := s.applyAndSave(ctx, tx, actor, a, Patch{Contacts: patch.Set(ids)}, false)
	return err
}

// Save writes what changes have made of an account, in a transaction, with all
// that goes with a write: version, time and author, the index of custom values,
// the history. The schema must have the properties whose values changed.
func (s *Service) Save(ctx context.Context, tx Tx, actor identity.Actor, before, after Account, changes patch.Changes, properties schema.Schema) (Account, error) {
	return s.save(ctx, tx, actor, before, after, changes, properties, nil)
}

// save is Save with a cause.
func (s *Service) save(ctx context.Context, tx Tx, actor identity.Actor, before, after Account, changes patch.Changes, properties schema.Schema, cause *Cause) (Account, error) {
	after.Version = before.Version + 1
	after.UpdatedAt = s.clock.Since(before.UpdatedAt)
	by := actor.User
	after.UpdatedBy = &by
	if err := tx.UpdateAccount(ctx, after, changes); err != nil {
		return Account{}, fmt.Errorf("store account: %w", err)
	}
	if err := indexCustom(ctx, tx, after, changes, properties); err != nil {
		return Account{}, err
	}
	return after, addHistory(ctx, tx, actor, after, ChangeUpdated, changes, cause)
}

// apply runs Apply with what it needs of the store, and adds what only the
// store knows: whether the number is taken. It returns the schema as well if it
// had to be loaded.
func (s *Service) apply(ctx context.Context, r Reader, before Account, p Patch, newOptions bool) (Outcome, schema.Schema, error) {
	env, err := s.envFor(ctx, r, before, p, newOptions)
	if err != nil {
		return Outcome{}, nil, err
	}
	outcome := Apply(before, p, env)
	taken, err := taken(ctx, r, before, p, outcome.Changes, env.Schema)
	if err != nil {
		return Outcome{}, nil, err
	}
	return outcome, env.Schema, fault.Invalid(append(outcome.Errors, taken...))
}

// envFor is what a patch needs of the store.
func (s *Service) envFor(ctx context.Context, r Reader, before Account, p Patch, newOptions bool) (Env, error) {
	env := Env{AllowNewOptions: newOptions, Region: s.region}
	if p.hasCustom() {
		properties, err := s.schemas.current(ctx, r, before.CompanyID)
		if err != nil {
			return Env{}, err
		}
		env.Schema = properties
	}
	var err error
	env.Contacts, err = contactsFor(ctx, r, before, p)
	return env, err
}

// taken are the conflicts of what an account is to have by a patch with what others
// have.
func taken(ctx context.Context, r Reader, before Account, p Patch, changes patch.Changes, properties schema.Schema) (fault.Offences, error) {
	offences, err := numberTaken(ctx, r, before, p.Number)
	if err != nil {
		return nil, err
	}
	values, err := valuesTaken(ctx, r, before.ID, changes, properties)
	for _, offence := range values {
		offences = append(offences, offence.Under(p.partOf(offence.Path[1])...))
	}
	return offences, err
}

// contactsFor returns the contacts that a patch may link an account to. Those that
// it is linked to are at hand, and stay linked though the patch may name none.
func contactsFor(ctx context.Context, r Reader, a Account, p Patch) (map[int64]Contact, error) {
	ids, named := p.contacts()
	if !named {
		return nil, nil
	}
	linked := make(map[int64]Contact, len(a.Contacts))
	for _, c := range a.Contacts {
		linked[c.ID] = c
	}
	unlinked := slices.DeleteFunc(ids, func(id int64) bool { _, ok := linked[id]; return ok })
	if len(unlinked) == 0 {
		return linked, nil
	}
	contacts, err := r.Contacts(ctx, a.CompanyID, unlinked)
	if err != nil {
		return nil, fmt.Errorf("load contacts: %w", err)
	}
	maps.Copy(linked, contacts)
	return linked, nil
}

func numberTaken(ctx context.Context, r Reader, before Account, number patch.Field[int64]) (fault.Offences, error) {
	if !number.IsSet() || number.Value == before.Number || number.Value < 1 {
		return nil, nil
	}
	owner, err := r.NumberOwner(ctx, before.CompanyID, number.Value)
	if err != nil {
		return nil, fmt.Errorf("find the number's owner: %w", err)
	}
	var taken fault.Offences
	if owner != 0 && owner != before.ID {
		taken.Conflict([]string{"number"}, "%d is taken by another account", number.Value)
	}
	return taken, nil
}

// LoadSchema returns a company's schema.
func LoadSchema(ctx context.Context, r Reader, companyID int64) (schema.Schema, error) {
	list, err := r.Properties(ctx, companyID)
	if err != nil {
		return nil, fmt.Errorf("load properties: %w", err)
	}
	properties := make(schema.Schema, len(list))
	for _, p := range list {
		properties[p.Key] = p
	}
	return properties, nil
}

// addOptions is where an option is created on demand.
func addOptions(ctx context.Context, tx Tx, companyID int64, options []schema.NewOption) error {
	for _, option := range options {
		if err := tx.AddOption(ctx, companyID, option); err != nil {
			return fmt.Errorf("add option: %w", err)
		}
	}
	return nil
}

// indexCustom keeps the index of the values that changed, and the keys of unique
// ones. Every write of an account goes through it.
func indexCustom(ctx context.Context, tx Tx, a Account, changes patch.Changes, properties schema.Schema) error {
	for name, change := range changes {
		p, ok := propertyOf(name, properties)
		if !ok {
			continue
		}
		if err := indexChange(ctx, tx, a.ID, p, change); err != nil {
			return fmt.Errorf("index %s: %w", name, err)
		}
	}
	return nil
}

// propertyOf is the property that a change is of.
func propertyOf(name string, properties schema.Schema) (schema.Property, bool) {
	key, ok := strings.CutPrefix(name, CustomPrefix)
	if !ok {
		return schema.Property{}, false
	}
	p, ok := properties[key]
	return p, ok
}

func indexChange(ctx context.Context, tx Tx, id int64, p schema.Property, change patch.Change) error {
	if p.Index != schema.IndexNone {
		before, after := p.Keys(change.Before), p.Keys(change.After)
		if !slices.Equal(before, after) { // as those of 1.0 and 1.00 are
			if err := tx.ReplaceKeys(ctx, p, id, before, after); err != nil {
				return err
			}
		}
	}
	if !p.Unique {
		return nil
	}
	before, after := p.UniqueKey(change.Before), p.UniqueKey(change.After)
	if before == after {
		return nil
	}
	return tx.Own(ctx, p, Owner{id, after}, before)
}

// DeleteRequest is one deletion of an account.
type DeleteRequest struct {
	ID    int64
	Match *Match // nil: no condition
	Mode  write.Mode[struct{}]
}

// Delete removes an account for good. Its history stays, and ends with the
// values that it had. Errors: KindNotFound; KindPrecondition if Match does not
// hold.
func (s *Service) Delete(ctx context.Context, actor identity.Actor, req DeleteRequest) error {
	_, err := decide(ctx, s, actor.CompanyID, req.Mode, none, func(ctx context.Context, tx Tx) (done struct{}, err error) {
		a, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err != nil {
			return done, err
		}
		if err := req.Match.check(a); err != nil {
			return done, err
		}
		return done, s.remove(ctx, tx, actor, a, nil)
	})
	return err
}

// remove deletes an account in a transaction. Its history ends with what it had.
func (s *Service) remove(ctx context.Context, tx Tx, actor identity.Actor, a Account, cause *Cause) error {
	if err := tx.DeleteAccount(ctx, a.CompanyID, a.ID); err != nil {
		return fmt.Errorf("delete account: %w", err)
	}
	a.Version++
	a.UpdatedAt = s.clock.Since(a.UpdatedAt)
	return addHistory(ctx, tx, actor, a, ChangeDeleted, a.changes(gone), cause)
}
