package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
)

// addKeys stores keys of a user, each with a hash of its own.
func (f *fixture) addKeys(t *testing.T, u account.User, keys ...account.Key) []account.Key {
	t.Helper()
	f.write(t, func(ctx context.Context, tx account.Tx) error {
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
		account.Key{Name: "forever", Prefix: "acc_1", Scope: account.ScopeRead, Hash: account.KeyHash{1}},
		account.Key{
			Name: "", Description: "\"Nightly\" jöb", Prefix: "acc_2", Scope: account.ScopeAdmin, Hash: account.KeyHash{31: 2},
			ExpiresAt: start.Add(time.Hour), RevokedAt: start.Add(time.Minute),
		},
	)
	for _, want := range keys {
		f.wantKey(t, want)
	}
	_, _, err := f.store.KeyByHash(t.Context(), account.KeyHash{})
	wantKind(t, err, account.KindNotFound)
}

func (f *fixture) wantKey(t *testing.T, want account.Key) {
	t.Helper()
	key, user, err := f.store.KeyByHash(t.Context(), want.Hash)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, key, want)
	equal(t, user, f.ada)
}

func testKeys(t *testing.T, f *fixture) {
	bea := f.addUser(t, account.User{CompanyID: f.company.ID, Email: "bea@sunrise.example"})
	added := f.addKeys(t, f.ada, account.Key{Hash: account.KeyHash{1}}, account.Key{Hash: account.KeyHash{2}, RevokedAt: start})
	f.addKeys(t, f.stranger, account.Key{Hash: account.KeyHash{3}})
	added = append(added, f.addKeys(t, bea, account.Key{Hash: account.KeyHash{4}, Description: "Bea's", ExpiresAt: start})...)
	added = append(added, f.addKeys(t, f.ada, account.Key{Hash: account.KeyHash{5}})...)
	for i := range added {
		added[i].Hash = account.KeyHash{}
	}
	for _, c := range []struct {
		company, user, after int64
		limit                int
		want                 []account.Key
	}{
		{f.company.ID, 0, 0, 10, added},
		{f.company.ID, 0, 0, 2, added[:2]},
		{f.company.ID, 0, added[1].ID, 10, added[2:]},
		{f.company.ID, bea.ID, 0, 10, added[2:3]},
		{f.company.ID, f.ada.ID, added[1].ID, 10, added[3:]},
		{f.company.ID, f.ada.ID, 0, 1, added[:1]},
		{f.company.ID, bea.ID, added[2].ID, 10, []account.Key{}},
		{f.company.ID, f.stranger.ID, 0, 10, []account.Key{}},
		{f.other.ID, bea.ID, 0, 10, []account.Key{}},
	} {
		got, err := f.store.Keys(t.Context(), c.company, c.user, c.after, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, c.want)
	}
}

func testRevokeKey(t *testing.T, f *fixture) {
	bea := f.addUser(t, account.User{CompanyID: f.company.ID, Email: "bea@sunrise.example"})
	keys := f.addKeys(t, f.ada, account.Key{Hash: account.KeyHash{1}}, account.Key{Hash: account.KeyHash{2}}, account.Key{Hash: account.KeyHash{3}})
	revoke := func(company, user, id int64, at time.Time) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.RevokeKey(ctx, company, user, id, at) })
	}
	for _, c := range [][3]int64{
		{f.other.ID, 0, keys[0].ID},
		{f.other.ID, f.ada.ID, keys[0].ID},
		{f.company.ID, bea.ID, keys[0].ID},
		{f.company.ID, 0, keys[2].ID + 1_000_000},
	} {
		wantKind(t, revoke(c[0], c[1], c[2], start), account.KindNotFound)
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
