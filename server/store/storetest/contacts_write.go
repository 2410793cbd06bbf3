package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
)

// linked adds an account that is linked to contacts, and returns its name.
func (f *fixture) linked(t *testing.T, title string, contacts ...account.Contact) account.AccountRef {
	t.Helper()
	a := f.newAccount(title)
	a.Contacts = contacts
	return account.AccountRef{ID: f.addAccount(t, a).ID, Title: title}
}

func (f *fixture) wantContact(t *testing.T, want account.Contact) {
	t.Helper()
	got, err := f.store.Contact(t.Context(), want.CompanyID, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if want.Accounts == nil {
		want.Accounts = []account.AccountRef{}
	}
	want.AccountCount = int64(len(want.Accounts))
	equal(t, got, want)
}

func testContact(t *testing.T, f *fixture) {
	jo := f.addContact(t, account.Contact{Name: "Jo \"Ö\"", Title: "Chef", Emails: []string{"jo@x.example"}, Phones: []string{"+1"}, CreatedBy: f.ada.ID})
	lee := f.addContact(t, account.Contact{Name: "Lee"})
	f.wantContact(t, jo)
	both := f.linked(t, "Both \"<&>\"", lee, jo)
	archived := f.newAccount("Archived")
	archived.Active, archived.Contacts = false, []account.Contact{jo}
	archived = f.addAccount(t, archived)
	jo.Accounts = []account.AccountRef{both, {ID: archived.ID, Title: archived.Title}}
	f.wantContact(t, jo)
	for _, ids := range [][2]int64{{f.other.ID, jo.ID}, {f.company.ID, jo.ID + 1_000_000}} {
		_, err := f.store.Contact(t.Context(), ids[0], ids[1])
		wantKind(t, err, fault.KindNotFound)
	}
	// Who made it is told wherever it is read, the links only here.
	jo.Accounts = nil
	f.wantAccount(t, archived)
	equal(t, archived.Contacts[0].CreatedBy, f.ada.ID)
	found, err := f.store.FindContact(t.Context(), f.company.ID, "jo@x.example", "")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, found, jo)
}

func testUpdateContact(t *testing.T, f *fixture) {
	jo := f.addContact(t, account.Contact{Name: "Jo", Title: "Chef", Emails: []string{"old@x.example", "kept@x.example"}, Phones: []string{"+1"}, CreatedBy: f.ada.ID})
	witness := f.addContact(t, account.Contact{Name: "Witness", Emails: []string{"old@x.example"}, Phones: []string{"+1"}})
	foreign, unknown := jo, jo
	foreign.CompanyID = f.other.ID
	unknown.ID += 1_000_000
	jo.Accounts = []account.AccountRef{f.linked(t, "Linked", jo)}

	update := func(c account.Contact) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.UpdateContact(ctx, c) })
	}
	for _, c := range []account.Contact{foreign, unknown} {
		c.Name, c.Emails = "Changed", []string{"changed@x.example"}
		wantKind(t, update(c), fault.KindNotFound)
		_, err := f.store.FindContact(t.Context(), c.CompanyID, "changed@x.example", "")
		wantKind(t, err, fault.KindNotFound)
	}
	f.wantContact(t, jo)

	jo.Name, jo.Title, jo.UpdatedAt = "Joanna", "", start.Add(time.Hour)
	jo.Emails, jo.Phones = []string{"kept@x.example", "new@x.example"}, []string{}
	change := jo
	change.Accounts = nil
	if err := update(change); err != nil {
		t.Fatal(err)
	}
	f.wantContact(t, jo)
	f.wantContact(t, witness)
	for _, c := range []struct {
		email, phone string
		want         int64
	}{
		{"new@x.example", "", jo.ID}, {"kept@x.example", "", jo.ID}, {"old@x.example", "", witness.ID}, {"", "+1", witness.ID},
	} {
		got, err := f.store.FindContact(t.Context(), f.company.ID, c.email, c.phone)
		if err != nil || got.ID != c.want {
			t.Errorf("FindContact(%q, %q) = %d, %v, want %d", c.email, c.phone, got.ID, err, c.want)
		}
	}
}

func testDeleteContact(t *testing.T, f *fixture) {
	jo := f.addContact(t, account.Contact{Name: "Jo", Emails: []string{"jo@x.example"}})
	lee := f.addContact(t, account.Contact{Name: "Lee"})
	a := f.newAccount("Linked")
	a.Contacts = []account.Contact{jo, lee}
	a = f.addAccount(t, a)
	remove := func(companyID, id int64) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.DeleteContact(ctx, companyID, id) })
	}
	wantKind(t, remove(f.other.ID, jo.ID), fault.KindNotFound)
	wantKind(t, remove(f.company.ID, jo.ID+1_000_000), fault.KindNotFound)
	f.wantAccount(t, a)
	if err := remove(f.company.ID, jo.ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, remove(f.company.ID, jo.ID), fault.KindNotFound)
	_, err := f.store.Contact(t.Context(), f.company.ID, jo.ID)
	wantKind(t, err, fault.KindNotFound)
	_, err = f.store.FindContact(t.Context(), f.company.ID, "jo@x.example", "")
	wantKind(t, err, fault.KindNotFound)
	a.Contacts = []account.Contact{lee}
	f.wantAccount(t, a)
	lee.Accounts = []account.AccountRef{{ID: a.ID, Title: a.Title}}
	f.wantContact(t, lee)
}

// A contact of very many accounts is read with the first of them.
func testContactOfManyAccounts(t *testing.T, f *fixture) {
	jo := f.addContact(t, account.Contact{Name: "Jo Mill"})
	var all []account.AccountRef
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		all = nil
		for range contact.AccountsShown + 1 {
			a := f.newAccount("Linked")
			a.Contacts = []account.Contact{jo}
			if err := tx.InsertAccount(ctx, &a); err != nil {
				return err
			}
			all = append(all, account.AccountRef{ID: a.ID, Title: a.Title})
		}
		return nil
	})
	jo.AccountCount, jo.Accounts = contact.AccountsShown+1, all[:contact.AccountsShown]
	got, err := f.store.Contact(t.Context(), f.company.ID, jo.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, jo)
	jo.Accounts = all[:contact.AccountsListed]
	for _, words := range [][]string{nil, {"mill"}, {"jo"}} {
		list, err := f.store.ListContacts(t.Context(), f.company.ID, contact.Query{Words: words, Page: query.Page{Limit: 2}})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, list, []account.Contact{jo})
	}
	ids, err := f.store.LinkedAccounts(t.Context(), f.company.ID, jo.ID, 2)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, ids, []int64{all[0].ID, all[1].ID})
	if ids, err := f.store.LinkedAccounts(t.Context(), f.other.ID, jo.ID, 2); err != nil || len(ids) > 0 {
		t.Errorf("in another company it is linked to %v, %v", ids, err)
	}
}
