package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
)

// countFailures stores failed logins, as a login does.
func (f *fixture) countFailures(t *testing.T, counted ...identity.Failures) {
	t.Helper()
	keys := make([]identity.KeyHash, len(counted))
	for i := range counted {
		keys[i] = counted[i].Key
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		if _, err := tx.LoginFailuresForUpdate(ctx, keys); err != nil {
			return err
		}
		return tx.SaveLoginFailures(ctx, counted)
	})
}

func (f *fixture) wantFailures(t *testing.T, want ...identity.Failures) {
	t.Helper()
	keys := make([]identity.KeyHash, len(want))
	for i := range want {
		keys[i] = want[i].Key
	}
	got, err := f.store.LoginFailures(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.LoginFailuresForUpdate(ctx, keys)
		for i := range got {
			if got[i].Count == 0 {
				got[i] = identity.Failures{Key: got[i].Key}
			}
		}
		equal(t, got, want)
		if err != nil {
			return err
		}
		return tx.SaveLoginFailures(ctx, got)
	})
}

// none are the failures under a key that is not stored.
func none(key identity.KeyHash) identity.Failures { return identity.Failures{Key: key} }

func testLoginFailures(t *testing.T, f *fixture) {
	a := identity.Failures{Key: identity.KeyHash{1}, Count: 1, Last: start}
	b := identity.Failures{Key: identity.KeyHash{31: 2}, Count: 12, Last: start.Add(time.Minute), Until: start.Add(time.Hour), Told: start}
	f.wantFailures(t, none(a.Key), none(identity.KeyHash{3}))
	f.countFailures(t, a, b)
	f.wantFailures(t, b, none(identity.KeyHash{3}), a)
	a.Count, a.Until = 2, start
	f.countFailures(t, a)
	f.wantFailures(t, a, b)
	b.Count = 0
	f.countFailures(t, b)
	f.wantFailures(t, a, none(b.Key))

	t.Run("dropped", func(t *testing.T) {
		c := identity.Failures{Key: identity.KeyHash{4}, Count: 1, Last: start.Add(-time.Millisecond)}
		d := identity.Failures{Key: identity.KeyHash{5}, Count: 1, Last: start.Add(-time.Hour)}
		f.countFailures(t, c, d)
		for _, want := range []int{1, 1, 0} {
			f.write(t, func(ctx context.Context, tx store.Tx) error {
				got, err := tx.DropLoginFailures(ctx, start, 1)
				equal(t, got, want)
				return err
			})
		}
		f.wantFailures(t, a, none(c.Key), none(d.Key))
	})
}

func (f *fixture) addCalls(t *testing.T, key identity.Key, day time.Time, n, want int64) {
	t.Helper()
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		got, err := tx.AddKeyCalls(ctx, key.CompanyID, key.ID, day, n)
		if err == nil && got != want {
			t.Errorf("key %d has %d calls on %s, want %d", key.ID, got, day, want)
		}
		return err
	})
}

// The calls of a key are those of its latest day.
func testKeyCalls(t *testing.T, f *fixture) {
	keys := f.addKeys(t, f.ada, identity.Key{Hash: identity.KeyHash{1}}, identity.Key{Hash: identity.KeyHash{2}})
	today := start.Truncate(24 * time.Hour)
	f.addCalls(t, keys[0], today, 0, 0)
	f.addCalls(t, keys[0], today, 7, 7)
	f.addCalls(t, keys[0], today, 100, 107)
	f.addCalls(t, keys[1], today, 1, 1)
	f.addCalls(t, keys[0], today.Add(24*time.Hour), 2, 2)
	f.addCalls(t, keys[0], today, 3, 5) // of a server whose clock is slow
	f.addCalls(t, keys[0], today.Add(24*time.Hour), 0, 5)
	f.addCalls(t, keys[1], today, 0, 1)
}
