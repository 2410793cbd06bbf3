package contact_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
)

// linked makes a contact that is linked to so many accounts.
func linked(t *testing.T, s *domaintest.Domain, accounts int) account.Contact {
	t.Helper()
	made, err := s.Contacts.Create(t.Context(), s.Actor, contact.Patch{Name: patch.Set("Jo")}, asIs)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for range accounts {
			a := account.Account{
				CompanyID: s.Actor.CompanyID, Title: "Linked", Address: []string{"1 Main St"}, Active: true, Version: 1,
				CreatedAt: s.Now, UpdatedAt: s.Now, Contacts: []account.Contact{made},
			}
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// A contact of very many accounts is removed in parts, between which others write; a
// deletion that was broken off goes on.
func TestDeleteContactOfManyAccounts(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	made := linked(t, s, 1001)
	ctx, cancel := context.WithCancel(t.Context())
	interrupted := &interrupted{Store: s.Store, after: 2, end: cancel}
	parts := server.NewServices(interrupted, server.ServiceConfig{Clock: func() time.Time { return s.Now }, Region: "US"}).Contacts
	err := parts.Delete(ctx, s.Actor, made.ID)
	if fault.KindOf(err) != fault.KindUnavailable || !strings.Contains(err.Error(), "delete it again") || !errors.Is(err, context.Canceled) {
		t.Fatalf("broken off: %v", err)
	}
	left, err := s.Contacts.Get(t.Context(), s.Actor, made.ID)
	if err != nil || left.AccountCount != 1 || len(left.Accounts) != 1 {
		t.Fatalf("broken off, it has %d accounts, %v", left.AccountCount, err)
	}
	if err := s.Contacts.Delete(t.Context(), s.Actor, made.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Contacts.Get(t.Context(), s.Actor, made.ID); !fault.IsNotFound(err) {
		t.Errorf("it is there: %v", err)
	}
	changes, err := s.Store.Changes(t.Context(), s.Actor.CompanyID, 0, 2000)
	if err != nil || len(changes) != 1001 {
		t.Errorf("%d accounts have changed, %v", len(changes), err)
	}
}

// interrupted ends a request after so many writes.
type interrupted struct {
	store.Store
	after int
	end   func()
}

func (i *interrupted) Write(ctx context.Context, fn func(ctx context.Context, tx store.Tx) error) error {
	err := i.Store.Write(ctx, fn)
	if i.after--; i.after == 0 {
		i.end()
	}
	return err
}

// A request unlinks a contact from no more accounts than it may link it to.
func TestUnlinkTooMany(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	made := linked(t, s, 1002)
	now, err := s.Contacts.Get(t.Context(), s.Actor, made.ID)
	if err != nil {
		t.Fatal(err)
	}
	keep := contact.Patch{AccountIDs: patch.Set([]int64{now.Accounts[0].ID})}
	_, err = s.Contacts.Update(t.Context(), s.Actor, made.ID, keep, asIs)
	if fault.KindOf(err) != fault.KindConflict || !strings.Contains(err.Error(), "more than 1000 accounts") {
		t.Errorf("1001 off: %v", err)
	}
	keep.AccountIDs.Value = append(keep.AccountIDs.Value, now.Accounts[1].ID)
	kept, err := s.Contacts.Update(t.Context(), s.Actor, made.ID, keep, asIs)
	if err != nil || kept.AccountCount != 2 {
		t.Errorf("1000 off: %d left, %v", kept.AccountCount, err)
	}
}
