package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

func testCompany(t *testing.T, f *fixture) {
	for _, name := range []string{"Sunrise Services", "SUNRISE services", " sunrise Services "} {
		got, err := f.store.Company(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, f.company)
	}
	for _, name := range []string{"Sunrise", "", "Sunrise%"} {
		_, err := f.store.Company(t.Context(), name)
		wantKind(t, err, account.KindNotFound)
	}
	again := account.Company{Name: "SUNRISE SERVICES", CreatedAt: start}
	err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.InsertCompany(ctx, &again) })
	wantKind(t, err, account.KindConflict)
}

func testUser(t *testing.T, f *fixture) {
	for _, email := range []string{"ada@sunrise.example", "Ada@Sunrise.EXAMPLE"} {
		got, err := f.store.User(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, f.ada)
	}
	for _, email := range []string{"", "ada", "ada@sunrise.example.com"} {
		_, err := f.store.User(t.Context(), email)
		wantKind(t, err, account.KindNotFound)
	}
	// An email is of one user in the whole store.
	again := account.User{CompanyID: f.other.ID, Email: f.ada.Email, CreatedAt: start}
	err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.InsertUser(ctx, &again) })
	wantKind(t, err, account.KindConflict)
}

func testKey(t *testing.T, f *fixture) {
	keys := []account.Key{
		{Name: "forever", Prefix: "acc_1", Scope: account.ScopeRead, Hash: account.KeyHash{1}},
		{Name: "", Prefix: "acc_2", Scope: account.ScopeAdmin, Hash: account.KeyHash{31: 2}, ExpiresAt: start.Add(time.Hour), RevokedAt: start.Add(time.Minute)},
	}
	f.write(t, func(ctx context.Context, tx account.Tx) error {
		var err error
		for i := range keys {
			k := &keys[i]
			k.CompanyID, k.UserID, k.CreatedAt = f.company.ID, f.ada.ID, start
			err = errors.Join(err, tx.InsertKey(ctx, k))
		}
		return err
	})
	for _, want := range keys {
		key, user, err := f.store.KeyByHash(t.Context(), want.Hash)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, key, want)
		equal(t, user, f.ada)
	}
	_, _, err := f.store.KeyByHash(t.Context(), account.KeyHash{})
	wantKind(t, err, account.KindNotFound)
}
