package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// identityTests are the tests of identity.
var identityTests = tests{
	"Company":    testCompany,
	"User":       testUser,
	"Users":      testUsers,
	"Invitation": testInvitation,
	"Key":        testKey,
	"Keys":       testKeys,
	"RevokeKey":  testRevokeKey,
}

func testUser(t *testing.T, f *fixture) {
	for _, email := range []string{"ada@sunrise.example", "Ada@Sunrise.EXAMPLE"} {
		f.wantUser(t, email, f.ada)
	}
	for _, email := range []string{"", "ada", "ada@sunrise.example.com"} {
		_, err := f.store.User(t.Context(), email)
		wantKind(t, err, fault.KindNotFound)
	}
	// An email is of one user in the whole store.
	again := identity.User{CompanyID: f.other.ID, Email: f.ada.Email, CreatedAt: start}
	err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertUser(ctx, &again) })
	wantKind(t, err, fault.KindConflict)
	f.wantUser(t, f.ada.Email, f.ada)
}

func (f *fixture) wantUser(t *testing.T, email string, want identity.User) {
	t.Helper()
	got, err := f.store.User(t.Context(), email)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
}

func (f *fixture) addUser(t *testing.T, u identity.User) identity.User {
	t.Helper()
	u.CreatedAt = start
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.InsertUser(ctx, &u) })
	return u
}

func testUsers(t *testing.T, f *fixture) {
	bea := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "bea@sunrise.example"})
	f.addUser(t, identity.User{CompanyID: f.other.ID, Email: "sue@harbor.example"})
	cem := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "a@sunrise.example", Admin: true})
	for _, c := range []struct {
		company, after int64
		limit          int
		want           []identity.User
	}{
		{f.company.ID, 0, 10, []identity.User{f.ada, bea, cem}},
		{f.company.ID, 0, 2, []identity.User{f.ada, bea}},
		{f.company.ID, bea.ID, 2, []identity.User{cem}},
		{f.company.ID, f.ada.ID, 1, []identity.User{bea}},
		{f.company.ID, cem.ID, 10, []identity.User{}},
		{f.other.ID + 1_000_000, 0, 10, []identity.User{}},
	} {
		got, err := f.store.Users(t.Context(), c.company, c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
}

func testInvitation(t *testing.T, f *fixture) {
	hash := identity.KeyHash{1, 31: 2}
	invited := f.addUser(t, identity.User{
		CompanyID: f.company.ID, Email: "bea@sunrise.example", Invitation: hash, InvitedUntil: start.Add(time.Hour),
	})
	got, err := f.store.UserByInvitation(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, invited)
	for _, unknown := range []identity.KeyHash{{}, {1}} { // nobody's is the zero hash, though users have it
		_, err := f.store.UserByInvitation(t.Context(), unknown)
		wantKind(t, err, fault.KindNotFound)
	}

	invited.FirstName, invited.LastName, invited.PasswordHash, invited.Admin = "Bea", "Ito", "$argon2id$y", true
	invited.Invitation, invited.InvitedUntil = identity.KeyHash{}, time.Time{}
	update := invited
	update.Email = "ignored@sunrise.example"
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateUser(ctx, update) })
	f.wantUser(t, invited.Email, invited)
	f.wantUser(t, f.ada.Email, f.ada)
	_, err = f.store.UserByInvitation(t.Context(), hash)
	wantKind(t, err, fault.KindNotFound)

	t.Run("not found", func(t *testing.T) {
		foreign, unknown := invited, invited
		foreign.CompanyID = f.other.ID
		unknown.ID += 1_000_000
		for _, u := range []identity.User{foreign, unknown} {
			u.FirstName = "Changed"
			err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.UpdateUser(ctx, u) })
			wantKind(t, err, fault.KindNotFound)
		}
		f.wantUser(t, invited.Email, invited)
	})
}
