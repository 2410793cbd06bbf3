package storetest

import (
	"context"
	"errors"
	"net/netip"
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
			if k.AllowedIPs == nil {
				k.AllowedIPs = []netip.Prefix{} // as it is read
			}
			err = errors.Join(err, tx.InsertKey(ctx, k))
		}
		return err
	})
	return keys
}

func testKey(t *testing.T, f *fixture) {
	keys := f.addKeys(t, f.ada,
		identity.Key{Name: "forever", Prefix: "acc_1", Scope: identity.ScopeRead, Handling: "lenient", Hash: identity.KeyHash{1},
			AllowedIPs: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("2001:db8::/32")}, LastUsedAt: start},
		identity.Key{
			Name: "", Description: "\"Nightly\" jöb", Prefix: "acc_2", Scope: identity.ScopeAdmin, Hash: identity.KeyHash{31: 2},
			ExpiresAt: start.Add(time.Hour),
		},
	)
	for _, want := range keys {
		f.wantKey(t, want)
	}
	_, _, err := f.store.KeyByHash(t.Context(), identity.KeyHash{}, start)
	wantKind(t, err, fault.KindNotFound)
}

// wantKey checks a key that is valid.
func (f *fixture) wantKey(t *testing.T, want identity.Key) {
	t.Helper()
	key, user, err := f.store.KeyByHash(t.Context(), want.Hash, start)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, key, want)
	equal(t, user, f.ada)
	f.wantStoredKey(t, want)
}

// wantStoredKey checks a key, valid or not.
func (f *fixture) wantStoredKey(t *testing.T, want identity.Key) {
	t.Helper()
	got, err := f.store.Key(t.Context(), want.CompanyID, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	want.Hash = identity.KeyHash{}
	equal(t, got, want)
}

// A key is found by its hash as long as it is valid.
func testKeyValid(t *testing.T, f *fixture) {
	left := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "left@sunrise.example", DisabledAt: start})
	keys := f.addKeys(t, f.ada,
		identity.Key{Hash: identity.KeyHash{1}, RevokedAt: start},
		identity.Key{Hash: identity.KeyHash{2}, ExpiresAt: start.Add(time.Hour)},
	)
	keys = append(keys, f.addKeys(t, left, identity.Key{Hash: identity.KeyHash{3}})...)
	for i, valid := range []bool{false, true, false} {
		_, _, err := f.store.KeyByHash(t.Context(), keys[i].Hash, start.Add(time.Hour-time.Millisecond))
		if (err == nil) != valid {
			t.Errorf("key %d: %v", i, err)
		}
		_, _, err = f.store.KeyByHash(t.Context(), keys[i].Hash, start.Add(time.Hour))
		wantKind(t, err, fault.KindNotFound)
		f.wantStoredKey(t, keys[i])
	}
	for _, c := range [][2]int64{{f.other.ID, keys[0].ID}, {f.company.ID, keys[2].ID + 1_000_000}} {
		_, err := f.store.Key(t.Context(), c[0], c[1])
		wantKind(t, err, fault.KindNotFound)
	}
}

// A key may do no more than its user.
func testKeyScope(t *testing.T, f *fixture) {
	bea := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "bea@sunrise.example", Admin: true})
	keys := f.addKeys(t, bea, identity.Key{Hash: identity.KeyHash{1}, Scope: identity.ScopeAdmin}, identity.Key{Hash: identity.KeyHash{2}, Scope: identity.ScopeRead})
	for _, admin := range []bool{true, false, true} {
		bea.Admin = admin
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateUser(ctx, bea) })
		if keys[0].Scope = identity.ScopeWrite; admin {
			keys[0].Scope = identity.ScopeAdmin
		}
		listed, err := f.store.Keys(t.Context(), f.company.ID, bea.ID, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range keys {
			f.wantStoredKey(t, want)
			found, _, err := f.store.KeyByHash(t.Context(), want.Hash, start)
			if err != nil || found.Scope != want.Scope || listed[i].Scope != want.Scope {
				t.Errorf("admin %t: %s and %s, want %s (%v)", admin, found.Scope, listed[i].Scope, want.Scope, err)
			}
		}
	}
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
	keys := f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{1}}, identity.Key{Hash: identity.KeyHash{2}})
	revoke := func(company, id int64, at time.Time) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.RevokeKey(ctx, company, id, at) })
	}
	for _, c := range [][2]int64{{f.other.ID, keys[0].ID}, {f.company.ID, keys[1].ID + 1_000_000}} {
		wantKind(t, revoke(c[0], c[1], start), fault.KindNotFound)
	}
	for _, at := range []time.Time{start.Add(time.Millisecond), start.Add(time.Hour)} { // the second changes nothing
		if err := revoke(f.company.ID, keys[0].ID, at); err != nil {
			t.Fatal(err)
		}
	}
	keys[0].RevokedAt = start.Add(time.Millisecond)
	f.wantStoredKey(t, keys[0])
	f.wantKey(t, keys[1])
}

func testRevokeKeys(t *testing.T, f *fixture) {
	keys := f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{1}, RevokedAt: start}, identity.Key{Hash: identity.KeyHash{2}})
	bea := f.addUser(t, identity.User{CompanyID: f.company.ID, Email: "bea@sunrise.example"})
	others := f.addKeys(t, bea, identity.Key{Hash: identity.KeyHash{3}})
	for _, company := range []int64{f.other.ID, f.company.ID} {
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			return tx.RevokeKeys(ctx, company, f.ada.ID, start.Add(time.Hour))
		})
		if company == f.company.ID {
			keys[1].RevokedAt = start.Add(time.Hour)
		}
		for _, want := range append(keys, others...) {
			f.wantStoredKey(t, want)
		}
	}
}

// What a key may do is remembered under a version, which grows with whatever
// may change it.
func testKeysVersion(t *testing.T, f *fixture) {
	last := int64(-1)
	grows := func(name string, fn func(ctx context.Context, tx store.Tx) error) {
		t.Helper()
		f.write(t, fn)
		version, err := f.store.KeysVersion(t.Context())
		if err != nil || version <= last {
			t.Errorf("%s: %d after %d, %v", name, version, last, err)
		}
		last = version
	}
	key := identity.Key{CompanyID: f.company.ID, UserID: f.ada.ID, Hash: identity.KeyHash{1}, Scope: identity.ScopeRead, CreatedAt: start}
	grows("a key", func(ctx context.Context, tx store.Tx) error { return tx.InsertKey(ctx, &key) })
	grows("a user", func(ctx context.Context, tx store.Tx) error { return tx.UpdateUser(ctx, f.ada) })
	grows("a revocation", func(ctx context.Context, tx store.Tx) error { return tx.RevokeKey(ctx, key.CompanyID, key.ID, start) })
	key.Hash = identity.KeyHash{2}
	grows("another key", func(ctx context.Context, tx store.Tx) error { return tx.InsertKey(ctx, &key) })
	grows("all of a user", func(ctx context.Context, tx store.Tx) error {
		return tx.RevokeKeys(ctx, key.CompanyID, f.ada.ID, start)
	})
	_ = f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		return errors.Join(tx.UpdateUser(ctx, f.ada), errors.New("changed my mind"))
	})
	if version, err := f.store.KeysVersion(t.Context()); err != nil || version != last {
		t.Errorf("%d after what failed, want %d (%v)", version, last, err)
	}
}

// When a key was last used grows only, and is no change of keys.
func testKeyUses(t *testing.T, f *fixture) {
	keys := f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{1}}, identity.Key{Hash: identity.KeyHash{2}}, identity.Key{Hash: identity.KeyHash{3}})
	before, err := f.store.KeysVersion(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Duration{time.Minute, time.Hour, time.Second} {
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			return tx.SaveKeyUses(ctx, []identity.KeyUse{
				{CompanyID: f.company.ID, KeyID: keys[1].ID, At: start.Add(at)},
				{CompanyID: f.company.ID, KeyID: keys[0].ID, At: start.Add(2 * at)},
				{CompanyID: f.other.ID, KeyID: keys[2].ID, At: start},
			})
		})
	}
	keys[0].LastUsedAt, keys[1].LastUsedAt = start.Add(2*time.Hour), start.Add(time.Hour)
	for _, want := range keys {
		f.wantKey(t, want)
	}
	if after, err := f.store.KeysVersion(t.Context()); err != nil || after != before {
		t.Errorf("KeysVersion is %d, and was %d (%v)", after, before, err)
	}
}
