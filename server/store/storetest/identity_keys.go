package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// addKeys stores keys of a user, each with a hash of its own.
func (f *fixture) addKeys(t *testing.T, u identity.User, keys ...identity.Key) []identity.Key {
	t.Helper()
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		var err error
		for i := range keys {
			k := &keys[i]
			k.CompanyID, k.UserID, k.CreatedAt = u.CompanyID, u.ID, start
			err = errors.Join(err, tx.InsertKey(ctx, k))
		}
		return err
	})
	return keys
}

func testKey(t *testing.T, f *fixture) {
	keys := f.addKeys(t, f.ada,
		identity.Key{Name: "forever", Prefix: "acc_1", Scope: identity.ScopeRead, Hash: identity.KeyHash{1}},
		identity.Key{
			Name: "", Description: "\"Nightly\" jöb", Prefix: "acc_2", Scope: identity.ScopeAdmin, Hash: identity.KeyHash{31: 2},
			ExpiresAt: start.Add(time.Hour), RevokedAt: start.Add(time.Minute),
		},
	)
	for _, want := range keys {
		f.wantKey(t, want)
	}
	_, _, err := f.store.KeyByHash(t.Context(), identity.KeyHash{})
	wantKind(t, err, fault.KindNotFound)
}

func (f *fixture) wantKey(t *testing.T, want identity.Key) {
	t.Helper()
	key, user, err := f.store.KeyByHash(t.Context(), want.Hash)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, key, want)
	equal(t, user, f.ada)
}

func testKeys(t *testing.T, f *fixture) {
	bea := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "bea@sunrise.example"})
	added := f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{1}}, identity.Key{Hash: identity.KeyHash{2}, RevokedAt: start})
	f.addKeys(t, f.stranger, identity.Key{Hash: identity.KeyHash{3}})
	added = append(added, f.addKeys(t, bea, identity.Key{Hash: identity.KeyHash{4}, Description: "Bea's", ExpiresAt: start})...)
	added = append(added, f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{5}})...)
	for i := range added {
		added[i].Hash = identity.KeyHash{}
	}
	for _, c := range []struct {
		company, user, after int64
		limit                int
		want                 []identity.Key
	}{
		{f.company.ID, 0, 0, 10, added},
		{f.company.ID, 0, 0, 2, added[:2]},
		{f.company.ID, 0, added[1].ID, 10, added[2:]},
		{f.company.ID, bea.ID, 0, 10, added[2:3]},
		{f.company.ID, f.ada.ID, added[1].ID, 10, added[3:]},
		{f.company.ID, f.ada.ID, 0, 1, added[:1]},
		{f.company.ID, bea.ID, added[2].ID, 10, []identity.Key{}},
		{f.company.ID, f.stranger.ID, 0, 10, []identity.Key{}},
		{f.other.ID, bea.ID, 0, 10, []identity.Key{}},
	} {
		got, err := f.store.Keys(t.Context(), c.company, c.user, c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
}

func testRevokeKey(t *testing.T, f *fixture) {
	bea := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "bea@sunrise.example"})
	keys := f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{1}}, identity.Key{Hash: identity.KeyHash{2}}, identity.Key{Hash: identity.KeyHash{3}})
	revoke := func(company, user, id int64, at time.Time) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.RevokeKey(ctx, company, user, id, at) })
	}
	for _, c := range [][3]int64{
		{f.other.ID, 0, keys[0].ID},
		{f.other.ID, f.ada.ID, keys[0].ID},
		{f.company.ID, bea.ID, keys[0].ID},
		{f.company.ID, 0, keys[2].ID + 1_000_000},
	} {
		wantKind(t, revoke(c[0], c[1], c[2], start), fault.KindNotFound)
	}
	for i, user := range []int64{0, f.ada.ID} {
		for _, at := range []time.Time{start.Add(time.Millisecond), start.Add(time.Hour)} { // the second changes nothing
			if err := revoke(f.company.ID, user, keys[i].ID, at); err != nil {
				t.Fatal(err)
			}
		}
		keys[i].RevokedAt = start.Add(time.Millisecond)
	}
	for _, want := range keys {
		f.wantKey(t, want)
	}
}
