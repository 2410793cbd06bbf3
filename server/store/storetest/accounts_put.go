package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
)

// testPut deletes accounts, and puts them back where they were.
func testPut(t *testing.T, f *fixture) {
	contact, gone := f.addContact(t, account.Contact{Name: "Jo"}), f.addContact(t, account.Contact{Name: "Gone"})
	a := f.fullAccount()
	a.Number, a.Active, a.Contacts = 0, true, []account.Contact{contact}
	a = f.addAccount(t, a)
	first := f.addHistory(t, f.company.ID, a.ID)
	f.addHistory(t, f.company.ID, a.ID)
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		if err := tx.DeleteAccount(ctx, f.company.ID, a.ID); err != nil {
			return err
		}
		return tx.DeleteContact(ctx, f.company.ID, gone.ID)
	})
	a.Version, a.UpdatedAt = a.Version+2, start.Add(time.Minute)
	put := func(a account.Account) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.PutAccount(ctx, a) })
	}
	lost := a
	lost.Contacts = []account.Contact{contact, gone}
	wantKind(t, put(lost), fault.KindNotFound)
	taken := f.addAccount(t, f.newAccount("Taken"))
	double := a
	double.Number = taken.Number
	wantKind(t, put(double), fault.KindConflict)
	_, err := f.store.Account(t.Context(), f.company.ID, a.ID)
	wantKind(t, err, fault.KindNotFound)

	if err := put(a); err != nil {
		t.Fatal(err)
	}
	f.wantAccount(t, a)
	f.wantList(t, account.Query{Page: query.Page{Limit: 10}}, a, taken)
	if next := f.addAccount(t, f.newAccount("Next")); next.ID <= taken.ID {
		t.Errorf("the next account has the id %d, after %d", next.ID, taken.ID)
	}

	got, err := f.store.FirstChange(t.Context(), f.company.ID, a.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, first)
	for _, company := range []int64{f.other.ID, f.company.ID + 1_000_000} {
		_, err := f.store.FirstChange(t.Context(), company, a.ID)
		wantKind(t, err, fault.KindNotFound)
	}
}

// testUserRefs asks for users by their ids.
func testUserRefs(t *testing.T, f *fixture) {
	ada := identity.UserRef{ID: f.ada.ID, FirstName: "Ada", LastName: "Reyes", Email: "ada@sunrise.example"}
	for _, ids := range [][]int64{nil, {f.stranger.ID, 1_000_000}, {f.ada.ID, f.stranger.ID, f.ada.ID}} {
		got, err := f.store.UserRefs(t.Context(), f.company.ID, ids)
		if err != nil {
			t.Fatal(err)
		}
		want := map[int64]identity.UserRef{}
		if len(ids) == 3 {
			want[ada.ID] = ada
		}
		equal(t, got, want)
	}
}
