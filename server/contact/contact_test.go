package contact_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/write"
)

// Whatever a contact is patched with, a patch that sends it back changes
// nothing, and what is stored is in its normal form.
func TestContactPatches(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	a, b := s.Account(t, "a"), s.Account(t, "b")
	rapid.Check(t, func(t *rapid.T) {
		accountIDs := rapid.SliceOfN(rapid.SampledFrom([]int64{a.ID, b.ID, 99}), 0, 3)
		draw := func() contact.Patch {
			return contact.Patch{
				Name:       domaintest.DrawField(t, "name", domaintest.Texts()),
				Title:      domaintest.DrawField(t, "title", domaintest.Texts()),
				Emails:     domaintest.DrawField(t, "emails", rapid.SliceOfN(domaintest.Texts(), 0, 3)),
				Phones:     domaintest.DrawField(t, "phones", rapid.SliceOfN(domaintest.Texts(), 0, 3)),
				AccountIDs: domaintest.DrawField(t, "accountIds", accountIDs),
			}
		}
		first := draw()
		if first.Name.IsNull() {
			first.Name = patch.Set("x")
		}
		made, err := s.Contacts.Create(t.Context(), s.Actor, first, asIs)
		if err != nil {
			if fault.KindOf(err) != fault.KindInvalid || len(domaintest.Fields(err)) == 0 {
				t.Fatal(err)
			}
			made, err = s.Contacts.Create(t.Context(), s.Actor, contact.Patch{Name: patch.Set("x")}, asIs)
			if err != nil {
				t.Fatal(err)
			}
		}
		s.Now = s.Now.Add(time.Second)
		patched, err := s.Contacts.Update(t.Context(), s.Actor, made.ID, draw(), asIs)
		stored, loadErr := s.Contacts.Get(t.Context(), s.Actor, made.ID)
		if loadErr != nil {
			t.Fatal(loadErr)
		}
		if err != nil {
			patched = made // Nothing of a refused patch is stored.
		}
		if !reflect.DeepEqual(stored, patched) {
			t.Fatalf("stored %+v\nwant %+v (%v)", stored, patched, err)
		}
		for _, email := range stored.Emails {
			if form, ok := normal.Email(email); !ok || form != email {
				t.Fatalf("e-mail address %q", email)
			}
		}
		ids := make([]int64, len(stored.Accounts))
		for i, ref := range stored.Accounts {
			ids[i] = ref.ID
		}
		echo := contact.Patch{
			Name: patch.Set(stored.Name), Title: patch.Set(stored.Title), Emails: patch.Set(stored.Emails),
			Phones: patch.Set(stored.Phones), AccountIDs: patch.Set(ids), ID: patch.Set(stored.ID),
		}
		s.Now = s.Now.Add(time.Second)
		again, err := s.Contacts.Update(t.Context(), s.Actor, made.ID, echo, asIs)
		if err != nil || !reflect.DeepEqual(again, stored) {
			t.Fatalf("sent back: %+v %v\nwant %+v", again, err, stored)
		}
		for _, linked := range []account.Account{a, b} {
			has := false
			now, err := s.Accounts.Get(t.Context(), s.Actor, linked.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range now.Contacts {
				has = has || c.ID == made.ID
			}
			if has != slices.Contains(ids, linked.ID) {
				t.Fatalf("account %d and contact %d disagree on the link", linked.ID, made.ID)
			}
		}
		if err := s.Contacts.Delete(t.Context(), s.Actor, made.ID); err != nil {
			t.Fatal(err)
		}
	})
}

// A dry run checks and answers as the real one, and leaves nothing.
func TestDryRun(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	made, err := s.Contacts.Create(t.Context(), s.Actor, contact.Patch{Name: patch.Set("Jo")}, write.Mode[account.Contact]{DryRun: true})
	if err != nil || made.ID == 0 || made.Name != "Jo" {
		t.Fatalf("%+v %v", made, err)
	}
	if _, err := s.Contacts.Get(t.Context(), s.Actor, made.ID); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("it was written: %v", err)
	}
	if err := s.Contacts.Delete(t.Context(), s.Actor, 99); fault.KindOf(err) != fault.KindNotFound {
		t.Errorf("no such contact: %v", err)
	}
}

// asIs is the mode of a request that is no dry run and may be repeated.
var asIs write.Mode[account.Contact]
