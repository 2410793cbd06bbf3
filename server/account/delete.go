package account

import (
	"context"
	"fmt"
)

// Delete removes an account for good. Its history stays, and ends with the
// values that it had. Errors: KindNotFound; KindPrecondition if the match,
// which may be nil, does not hold.
func (s *Service) Delete(ctx context.Context, actor Actor, id int64, match *Match) error {
	return s.store.Write(ctx, func(ctx context.Context, tx Tx) error {
		a, err := tx.AccountForUpdate(ctx, actor.CompanyID, id)
		if err != nil {
			return err
		}
		if err := match.check(a); err != nil {
			return err
		}
		if err := tx.DeleteAccount(ctx, actor.CompanyID, id); err != nil {
			return fmt.Errorf("delete account: %w", err)
		}
		a.Version++
		a.UpdatedAt = later(s.now(), a.UpdatedAt)
		return s.addHistory(ctx, tx, actor, a, ChangeDeleted, deletionChanges(a))
	})
}

// deletionChanges are the changes that make nothing of an account.
func deletionChanges(a Account) Changes {
	changes := make(Changes)
	had := func(member string, value any) { changes[member] = Change{Before: value} }
	had("title", a.Title)
	had("address", a.Address)
	had("isActive", a.Active)
	had("number", a.Number)
	ifHad(had, "description", a.Description)
	ifHad(had, "primaryEmail", a.PrimaryEmail)
	ifHad(had, "primaryPhone", a.PrimaryPhone)
	ifHad(had, "accountType", a.Type)
	ifHad(had, "value", a.Value)
	ifHad(had, "size", a.Size)
	if len(a.Contacts) > 0 {
		had("contacts", contactIDs(a.Contacts))
	}
	for key, value := range a.Custom {
		had("custom."+key, value)
	}
	return changes
}

func ifHad[T any](had func(string, any), member string, value *T) {
	if value != nil {
		had(member, *value)
	}
}
