package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

// update stores a with changes of the named members.
func (f *fixture) update(ctx context.Context, a account.Account, members ...string) error {
	changes := make(patch.Changes)
	for _, member := range members {
		changes[member] = patch.Change{}
	}
	return f.store.Write(ctx, func(ctx context.Context, tx store.Tx) error { return tx.UpdateAccount(ctx, a, changes) })
}

func testUpdate(t *testing.T, f *fixture) {
	for member, set := range map[string]func(full, bare *account.Account){
		"title":       func(full, bare *account.Account) { full.Title, bare.Title = "New", "Newer" },
		"description": func(full, bare *account.Account) { full.Description, bare.Description = nil, new("new") },
		"address": func(full, bare *account.Account) {
			full.Address, bare.Address = []string{"2 Side St"}, []string{"3", "4"}
		},
		"isActive": func(full, bare *account.Account) { full.Active, bare.Active = true, false },
		"primaryEmail": func(full, bare *account.Account) {
			full.PrimaryEmail, bare.PrimaryEmail = nil, new("n@example.com")
		},
		"primaryPhone": func(full, bare *account.Account) { full.PrimaryPhone, bare.PrimaryPhone = nil, new("+14155550111") },
		"number":       func(full, bare *account.Account) { full.Number, bare.Number = full.ID+1000, bare.ID+1000 },
		"accountType": func(full, bare *account.Account) {
			full.Type, bare.Type = nil, new(account.TypeResidential)
		},
		"value": func(full, bare *account.Account) { full.Value, bare.Value = nil, new(12.5) },
		"size":  func(full, bare *account.Account) { full.Size, bare.Size = nil, new(1e15) },
		"custom.price": func(full, bare *account.Account) {
			full.Custom, bare.Custom = account.Custom{}, account.Custom{"price": json.Number("1.100")}
		},
	} {
		t.Run(member, func(t *testing.T) {
			full := f.fullAccount()
			full.Number = 0
			full, bare := f.addAccount(t, full), f.addAccount(t, f.newAccount("Bare"))
			witness := f.addAccount(t, f.newAccount("Witness"))
			set(&full, &bare)
			for _, a := range []account.Account{full, bare} {
				a.Version++
				a.UpdatedAt = start.Add(time.Hour)
				a.UpdatedBy = new(f.ada.Ref())
				if err := f.update(t.Context(), a, member); err != nil {
					t.Fatal(err)
				}
				f.wantAccount(t, a)
			}
			f.wantAccount(t, witness)
		})
	}
	t.Run("found by the new value only", f.testUpdateFind)
	t.Run("refused", f.testUpdateRefused)
}

func (f *fixture) testUpdateFind(t *testing.T) {
	a := f.newAccount("Old title")
	a.Address = []string{"old address"}
	a.PrimaryEmail, a.PrimaryPhone = new("old@example.com"), new("+14155550001")
	a = f.addAccount(t, a)
	a.Title, a.Address = "New title", []string{"new address"}
	a.PrimaryEmail, a.PrimaryPhone = new("new@example.com"), new("+14155550002")
	a.Number += 100_000
	a.Version++
	if err := f.update(t.Context(), a, "title", "address", "primaryEmail", "primaryPhone", "number"); err != nil {
		t.Fatal(err)
	}
	f.wantAccount(t, a)
	for by, values := range map[account.MatchBy][2]string{
		account.MatchTitle:   {"old title", "new title"},
		account.MatchAddress: {"old address", "new address"},
		account.MatchEmail:   {"old@example.com", "new@example.com"},
		account.MatchPhone:   {"+14155550001", "+14155550002"},
	} {
		_, err := f.store.FindAccount(t.Context(), f.company.ID, by, values[0])
		wantKind(t, err, fault.KindNotFound)
		got, err := f.store.FindAccount(t.Context(), f.company.ID, by, values[1])
		if err != nil || got.ID != a.ID {
			t.Errorf("by new %s: got %d, %v, want %d", by, got.ID, err, a.ID)
		}
	}
}

func (f *fixture) testUpdateRefused(t *testing.T) {
	first, second := f.addAccount(t, f.newAccount("First")), f.addAccount(t, f.newAccount("Second"))
	second.Version++
	taken := second
	taken.Number, taken.Title = first.Number, "Changed"
	wantKind(t, f.update(t.Context(), taken, "number", "title"), fault.KindConflict)
	foreign := second
	foreign.CompanyID, foreign.Title = f.other.ID, "Changed"
	wantKind(t, f.update(t.Context(), foreign, "title"), fault.KindNotFound)
	unknown := second
	unknown.ID += 1_000_000
	wantKind(t, f.update(t.Context(), unknown, "description"), fault.KindNotFound)
	late := second
	late.Version++
	wantKind(t, f.update(t.Context(), late, "title"), fault.KindNotFound)
	second.Version--
	f.wantAccount(t, first)
	f.wantAccount(t, second)
}

func testLinks(t *testing.T, f *fixture) {
	var contacts []account.Contact
	for i := range 4 {
		contacts = append(contacts, f.addContact(t, account.Contact{
			Name: fmt.Sprintf("Näme \"%d\"", i), Title: "Chef & Co", Emails: []string{fmt.Sprintf("c%d@example.com", i), "é@example.com"},
		}))
	}
	a := f.newAccount("Linked")
	a.Contacts = []account.Contact{contacts[2], contacts[0]}
	a = f.addAccount(t, a)
	f.wantAccount(t, a)
	for _, order := range [][]int{{0, 2}, {3, 1, 0, 2}, {1}, {}, {2}} {
		a.Contacts, a.Version = []account.Contact{}, a.Version+1
		for _, i := range order {
			a.Contacts = append(a.Contacts, contacts[i])
		}
		if err := f.update(t.Context(), a, "contacts"); err != nil {
			t.Fatal(err)
		}
		f.wantAccount(t, a)
	}
	t.Run("one contact of two accounts", func(t *testing.T) {
		b := f.newAccount("Also linked")
		b.Contacts = []account.Contact{contacts[2]}
		f.wantAccount(t, f.addAccount(t, b))
		f.wantAccount(t, a)
	})
	t.Run("not the company's", func(t *testing.T) {
		foreign := f.addContact(t, account.Contact{CompanyID: f.other.ID, Name: "Foreign"})
		for _, contact := range []account.Contact{foreign, {ID: foreign.ID + 1_000_000}} {
			b := a
			b.Contacts, b.Version = []account.Contact{contacts[0], contact}, b.Version+1
			wantKind(t, f.update(t.Context(), b, "contacts"), fault.KindNotFound)
			f.wantAccount(t, a)
		}
	})
	t.Run("as many as there may be", func(t *testing.T) {
		a.Contacts, a.Version = nil, a.Version+1
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			for range account.MaxContacts {
				contact := contacts[0]
				if err := tx.InsertContact(ctx, &contact); err != nil {
					return err
				}
				a.Contacts = append(a.Contacts, contact)
			}
			slices.Reverse(a.Contacts)
			return tx.UpdateAccount(ctx, a, patch.Changes{"contacts": {}})
		})
		f.wantAccount(t, a)
	})
}
