package account

import (
	"context"
	"slices"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/write"
)

// Service does what users do with a company's accounts: it applies the rules of
// this package to the records of a store.
type Service struct {
	*Records
	writer *Writer
}

// NewService returns a service over the store of the writer.
func NewService(writer *Writer) *Service {
	return &Service{Records: &Records{reader: writer.store, region: writer.region, schemas: writer.schemas}, writer: writer}
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
	return Decide(ctx, s.writer, actor.CompanyID, req.Mode, one, func(ctx context.Context, tx Tx) (Account, error) {
		before, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err != nil {
			return Account{}, err
		}
		p, err := s.writer.rebase(ctx, tx, before, req, MaxPast)
		if err != nil {
			return Account{}, err
		}
		return s.writer.ApplyAndSave(ctx, tx, actor, before, p, req.AllowNewOptions)
	})
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
	_, err := Decide(ctx, s.writer, actor.CompanyID, req.Mode, none, func(ctx context.Context, tx Tx) (done struct{}, err error) {
		a, err := tx.AccountForUpdate(ctx, actor.CompanyID, req.ID)
		if err != nil {
			return done, err
		}
		if err := req.Match.Check(a); err != nil {
			return done, err
		}
		return done, s.writer.Remove(ctx, tx, actor, a, nil)
	})
	return err
}
