package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// identityTests are the tests of identity.
var identityTests = tests{
	"Company":     testCompany,
	"User":        testUser,
	"Users":       testUsers,
	"CountAdmins": testCountAdmins,
	"Invitation":  testInvitation,
	"Key":         testKey,
	"Keys":        testKeys,
	"RevokeKey":   testRevokeKey,
	"RevokeKeys":  testRevokeKeys,
	"KeyValid":    testKeyValid,
	"KeyUses":     testKeyUses,
	"KeyScope":    testKeyScope,
	"KeysVersion": testKeysVersion,

	"LoginFailures": testLoginFailures,
	"KeyCalls":      testKeyCalls,
}

func testUser(t *testing.T, f *fixture) {
	f.wantUser(t, f.ada)
	for _, c := range [][2]int64{{f.other.ID, f.ada.ID}, {f.company.ID, f.ada.ID + 1_000_000}, {0, f.ada.ID}} {
		_, err := f.store.User(t.Context(), c[0], c[1])
		wantKind(t, err, fault.KindNotFound)
	}
	// An email is of one user in a company.
	again := identity.User{CompanyID: f.company.ID, Email: "ADA@sunrise.example", CreatedAt: start}
	err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertUser(ctx, &again) })
	wantKind(t, err, fault.KindConflict)
	f.wantUser(t, f.ada)
	there := f.addUser(t, identity.User{CompanyID: f.other.ID, Email: f.ada.Email, DisabledAt: start})
	jose := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "jos\u00e9@m\u00fcnchen.example"})
	again.Email = "jose\u0301@xn--mnchen-3ya.example"
	err = f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertUser(ctx, &again) })
	wantKind(t, err, fault.KindConflict)
	for email, want := range map[string][]identity.User{
		f.ada.Email: {f.ada, there}, " Ada@Sunrise.EXAMPLE": {f.ada, there}, f.stranger.Email: {f.stranger},
		"": {}, "ada": {}, "ada@sunrise.example.com": {},
		jose.Email: {jose}, again.Email: {jose}, "JOSE\u0301@M\u00dcNCHEN.example": {jose}, "jose@m\u00fcnchen.example": {},
	} {
		got, err := f.store.UsersByEmail(t.Context(), email)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
	}
}

func (f *fixture) wantUser(t *testing.T, want identity.User) {
	t.Helper()
	got, err := f.store.User(t.Context(), want.CompanyID, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
}

// Only admins count who can act.
func testCountAdmins(t *testing.T, f *fixture) {
	for _, u := range []identity.User{
		{Admin: true, DisabledAt: start}, {Admin: true, Invitation: identity.KeyHash{1}}, {}, {Invitation: identity.KeyHash{2}},
		{Admin: true, Invitation: identity.KeyHash{3}, Resetting: true}, {Admin: true},
	} {
		u.CompanyID, u.Email = f.company.ID, fmt.Sprint(u.Invitation[0], u.Admin, u.Disabled())
		added := f.addUser(t, u)
		f.wantUser(t, added)
	}
	for company, want := range map[int64]int{f.company.ID: 3, f.other.ID: 0} {
		got, err := f.store.CountAdmins(t.Context(), company)
		if err != nil || got != want {
			t.Errorf("company %d: %d %v, want %d", company, got, err, want)
		}
	}
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
		got, err := f.store.Users(t.Context(), c.company, identity.UserFilter{}, c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
	jose := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "jos\u00e9@m\u00fcnchen.example"})
	for filter, want := range map[identity.UserFilter][]identity.User{
		{Email: "jose\u0301@xn--mnchen-3ya.example"}: {jose},
		{Email: "BEA@sunrise.example"}:               {bea},
		{Email: "sue@harbor.example"}:                {},
		{ID: cem.ID}:                                 {cem},
		{ID: f.stranger.ID}:                          {},
		{ID: bea.ID, Email: "bea@sunrise.example"}:   {bea},
		{ID: cem.ID, Email: "bea@sunrise.example"}:   {},
	} {
		got, err := f.store.Users(t.Context(), f.company.ID, filter, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, want)
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
	invited.Invitation, invited.InvitedUntil, invited.DisabledAt = identity.KeyHash{}, time.Time{}, start
	update := invited
	update.Email = "ignored@sunrise.example"
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateUser(ctx, update) })
	f.wantUser(t, invited)
	f.wantUser(t, f.ada)
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
		f.wantUser(t, invited)
	})
}
