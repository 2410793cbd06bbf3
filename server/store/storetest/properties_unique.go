package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// own gives an account the key of a value.
func (f *fixture) own(ctx context.Context, p schema.Property, id int64, before, key string) error {
	return f.store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		return tx.Own(ctx, p, account.Owner{AccountID: id, Key: key}, before)
	})
}

func (f *fixture) wantOwners(t *testing.T, p schema.Property, want map[string]int64) {
	t.Helper()
	got, err := f.store.Owners(t.Context(), p, []string{"A", "a", "B", "", "\"<ö>\\", "東京", "x%00y"})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, got, want)
}

func testOwners(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Key", Key: "key", Type: schema.Text, Unique: true})
	witness := f.addProperty(t, schema.Property{Name: "Witness", Key: "witness", Type: schema.Text, Unique: true})
	a, b := f.addAccount(t, f.newAccount("A")), f.addAccount(t, f.newAccount("B"))
	f.wantOwners(t, p, map[string]int64{})
	own := func(p schema.Property, id int64, before, key string) {
		t.Helper()
		if err := f.own(t.Context(), p, id, before, key); err != nil {
			t.Fatal(err)
		}
	}
	own(p, a.ID, "", "A")
	own(p, b.ID, "", "a")
	own(witness, b.ID, "", "A")
	f.wantOwners(t, p, map[string]int64{"A": a.ID, "a": b.ID})
	own(p, b.ID, "a", "\"<ö>\\")
	own(p, a.ID, "A", "東京")
	f.wantOwners(t, p, map[string]int64{"\"<ö>\\": b.ID, "東京": a.ID})
	one, err := f.store.Owners(t.Context(), p, []string{"東京"})
	if err != nil || len(one) != 1 || one["東京"] != a.ID {
		t.Errorf("one key: %v %v", one, err)
	}

	t.Run("taken", func(t *testing.T) {
		wantKind(t, f.own(t.Context(), p, b.ID, "\"<ö>\\", "東京"), fault.KindConflict)
		f.wantOwners(t, p, map[string]int64{"\"<ö>\\": b.ID, "東京": a.ID})
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			wantKind(t, tx.Own(ctx, p, account.Owner{AccountID: b.ID, Key: "東京"}, "\"<ö>\\"), fault.KindConflict)
			return tx.Own(ctx, p, account.Owner{AccountID: b.ID, Key: "B"}, "") // The transaction goes on.
		})
		f.wantOwners(t, p, map[string]int64{"B": b.ID, "東京": a.ID})
	})
	t.Run("a second value", func(t *testing.T) {
		wantKind(t, f.own(t.Context(), p, b.ID, "", "A"), fault.KindConflict)
	})
	t.Run("another company's", func(t *testing.T) {
		for _, c := range f.strangers(p) {
			if err := f.own(t.Context(), c, b.ID, "B", "stolen"); err != nil && fault.KindOf(err) != fault.KindConflict {
				t.Error(err)
			}
			if owners, err := f.store.Owners(t.Context(), c, []string{"stolen", "B"}); err != nil || len(owners) != 0 {
				t.Errorf("%v %v", owners, err)
			}
		}
		f.wantOwners(t, p, map[string]int64{"B": b.ID, "東京": a.ID})
	})
	t.Run("deleted", func(t *testing.T) {
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, f.company.ID, a.ID) })
		f.wantOwners(t, p, map[string]int64{"B": b.ID})
	})
	t.Run("not unique any more", func(t *testing.T) {
		common := p
		common.Unique = false
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateProperty(ctx, common) })
		f.wantOwners(t, p, map[string]int64{})
		f.wantOwners(t, witness, map[string]int64{"A": b.ID})
	})
}

// testOwnAll gives many accounts their keys at once, or none.
func testOwnAll(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Key", Key: "key", Type: schema.Numeric, Unique: true})
	a, b := f.addAccount(t, f.newAccount("A")), f.addAccount(t, f.newAccount("B"))
	ownAll := func(owners ...account.Owner) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.OwnAll(ctx, p, owners) })
	}
	wantKind(t, ownAll(account.Owner{AccountID: a.ID, Key: "A"}, account.Owner{AccountID: b.ID, Key: "A"}), fault.KindConflict)
	f.wantOwners(t, p, map[string]int64{})
	if err := errors.Join(ownAll(), ownAll(account.Owner{AccountID: a.ID, Key: "A"}, account.Owner{AccountID: b.ID, Key: "B"})); err != nil {
		t.Fatal(err)
	}
	f.wantOwners(t, p, map[string]int64{"A": a.ID, "B": b.ID})
}

// testCommitOwned commits sets with keys: of those that take one key, one does.
func testCommitOwned(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Key", Key: "key", Type: schema.Text, Unique: true})
	const n = 6
	var taken, stale atomic.Int32
	done := make(chan error, n)
	for range n {
		a := f.addAccount(t, f.newAccount("A"))
		w := retitling(a, "Renamed")
		w.Owns = []account.Owned{{Property: p, Key: "A"}}
		go func() {
			err := f.store.Commit(t.Context(), &account.WriteSet{CompanyID: f.company.ID, Writes: []account.Write{w}})
			switch {
			case err == nil:
				taken.Add(1)
			case errors.Is(err, write.ErrStale):
				stale.Add(1)
				err = nil
			}
			done <- err
		}()
	}
	for range n {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if taken.Load() != 1 || stale.Load() != n-1 {
		t.Errorf("%d took the key, %d were stale", taken.Load(), stale.Load())
	}
}
