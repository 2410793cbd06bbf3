package storetest

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
)

func testDelete(t *testing.T, f *fixture) {
	contact := f.addContact(t, account.Contact{Name: "Jo"})
	a := f.fullAccount()
	a.Number, a.Active, a.Contacts = 0, true, []account.Contact{contact}
	a, witness := f.addAccount(t, a), f.addAccount(t, f.newAccount("Witness"))
	entry := f.addHistory(t, f.company.ID, a.ID)
	remove := func(companyID, id int64) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, companyID, id) })
	}
	wantKind(t, remove(f.other.ID, a.ID), fault.KindNotFound)
	wantKind(t, remove(f.company.ID, a.ID+1_000_000), fault.KindNotFound)
	f.wantAccount(t, a)

	if err := remove(f.company.ID, a.ID); err != nil {
		t.Fatal(err)
	}
	_, err := f.store.Account(t.Context(), f.company.ID, a.ID)
	wantKind(t, err, fault.KindNotFound)
	_, err = f.store.FindAccount(t.Context(), f.company.ID, account.MatchTitle, normal.Fold(a.Title))
	wantKind(t, err, fault.KindNotFound)
	wantKind(t, remove(f.company.ID, a.ID), fault.KindNotFound)
	f.wantList(t, account.Query{IncludeArchived: true, Page: query.Page{Limit: 10}}, witness)
	f.wantAccount(t, witness)

	// What it was linked to stays, and so does its history.
	got, err := f.store.Contact(t.Context(), f.company.ID, contact.ID)
	if err != nil {
		t.Fatal(err)
	}
	contact.Accounts = []account.AccountRef{}
	equal(t, got, contact)
	history, err := f.store.History(t.Context(), f.company.ID, a.ID, 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, history, []account.HistoryEntry{entry})

	// Its number is free, its id is not.
	again := f.newAccount("Again")
	again.Number = a.Number
	if again = f.addAccount(t, again); again.ID == a.ID {
		t.Errorf("id %d is used again", a.ID)
	}
	last := f.addAccount(t, f.newAccount("Last"))
	if err := remove(f.company.ID, last.ID); err != nil {
		t.Fatal(err)
	}
	if next := f.addAccount(t, f.newAccount("Next")); next.ID == last.ID {
		t.Errorf("id %d of the newest account is used again", last.ID)
	}
}
