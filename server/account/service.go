package account

import (
	"context"
	"fmt"
	"maps"
	"slices"

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

// Check returns an error of KindPrecondition unless the condition holds of an account.
func (m *Match) Check(a Account) error {
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
	return Decide(ctx, s, actor.CompanyID, req.Mode, one, func(ctx context.Context, tx Tx) (Account, error) {
		before, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err != nil {
			return Account{}, err
		}
		p, err := s.rebase(ctx, tx, before, req, MaxPast)
		if err != nil {
			return Account{}, err
		}
		return s.ApplyAndSave(ctx, tx, actor, before, p, req.AllowNewOptions)
	})
}

// ApplyAndSave applies a patch to a stored account, and writes what changed.
func (s *Service) ApplyAndSave(ctx context.Context, tx Tx, actor identity.Actor, before Account, p Patch, newOptions bool) (Account, error) {
	after, _, err := s.change(ctx, tx, actor, before, p, newOptions)
	return after, err
}

// change is ApplyAndSave, and tells what changed.
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
	after, err := s.Save(ctx, tx, actor, before, outcome.Account, outcome.Changes, properties, nil)
	return after, outcome.Changes, err
}

// SetContacts links an account to contacts, in order, in a transaction.
func (s *Service) SetContacts(ctx context.Context, tx Tx, actor identity.Actor, a Account, ids []int64) error {
	_, err := s.ApplyAndSave(ctx, tx, actor, a, Patch{Contacts: patch.Set(ids)}, false)
	return err
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
	taken, err := Taken(ctx, r, before, p, outcome.Changes, env.Schema)
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
	env.Contacts, err = ContactsFor(ctx, r, before, p)
	return env, err
}

// ContactsFor returns the contacts that a patch may link an account to. Those that
// it is linked to are at hand, and stay linked though the patch may name none.
func ContactsFor(ctx context.Context, r Reader, a Account, p Patch) (map[int64]Contact, error) {
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
	_, err := Decide(ctx, s, actor.CompanyID, req.Mode, none, func(ctx context.Context, tx Tx) (done struct{}, err error) {
		a, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err != nil {
			return done, err
		}
		if err := req.Match.Check(a); err != nil {
			return done, err
		}
		return done, s.Remove(ctx, tx, actor, a, nil)
	})
	return err
}
