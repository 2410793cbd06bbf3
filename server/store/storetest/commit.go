package storetest

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// retitling is a set that gives an account another title, as of a version.
func retitling(a account.Account, title string) account.Write {
	a.Title, a.Version = title, a.Version+1
	a.UpdatedAt = a.UpdatedAt.Add(time.Millisecond)
	return updating(a, patch.Changes{"title": {After: title}})
}

// updating is the write of an account that has changed.
func updating(a account.Account, changes patch.Changes) account.Write {
	return account.Write{
		Account: a, Kind: account.ChangeUpdated, Changes: changes,
		Entry: account.HistoryEntry{CompanyID: a.CompanyID, AccountID: a.ID, Kind: account.ChangeUpdated, Version: a.Version, At: a.UpdatedAt, Fields: changes},
	}
}

func testCommit(t *testing.T, f *fixture) {
	tags := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Dropdown, Index: schema.IndexReady})
	version := func() *int64 {
		v, err := f.store.SchemaVersion(t.Context(), f.company.ID)
		if err != nil {
			t.Fatal(err)
		}
		return &v
	}
	a, b, c := f.addAccount(t, f.newAccount("A")), f.addAccount(t, f.newAccount("B")), f.addAccount(t, f.newAccount("C"))
	w := retitling(a, "Renamed")
	w.Keys = []account.Keys{{Property: tags, Keys: []string{"new"}}}
	set := &account.WriteSet{
		CompanyID: f.company.ID, Schema: version(), Versions: map[int64]int64{a.ID: a.Version, b.ID: b.Version, c.ID: c.Version},
		Options: []schema.NewOption{{Key: "tags", Label: "New"}},
		Writes: []account.Write{w, {
			Account: c, Kind: account.ChangeDeleted,
			Entry: account.HistoryEntry{CompanyID: c.CompanyID, AccountID: c.ID, Kind: account.ChangeDeleted, Version: 2, At: c.UpdatedAt},
		}},
	}
	if err := f.store.Commit(t.Context(), set); err != nil {
		t.Fatal(err)
	}
	if got := set.Writes[0].Account; got.Title != "Renamed" || !got.UpdatedAt.After(a.UpdatedAt) {
		t.Errorf("%+v", got)
	}
	f.wantAccount(t, set.Writes[0].Account)
	f.wantKeyed(t, tags, "new", set.Writes[0].Account)
	f.wantChanged(t, a.ID, 1)
	f.wantChanged(t, c.ID, 1)
	if got := f.properties(t, f.company.ID)[0].Options; len(got) != 1 || got[0] != "New" {
		t.Errorf("options %v", got)
	}
	t.Run("stale", func(t *testing.T) { f.testCommitStale(t, set.Writes[0].Account, b, c, version()) })
}

// testCommitStale commits sets of which something has changed since.
func (f *fixture) testCommitStale(t *testing.T, a, b, gone account.Account, schemaVersion *int64) {
	old, taken := a, a
	old.Version--
	taken.Number = b.Number
	number := retitling(taken, "Late")
	number.Changes["number"] = patch.Change{}
	former := *schemaVersion - 1
	for name, set := range map[string]*account.WriteSet{
		"another version":            {Writes: []account.Write{retitling(old, "Late")}},
		"another version behind one": {Writes: []account.Write{retitling(b, "Late"), retitling(old, "Late")}},
		"a deleted account":          {Writes: []account.Write{retitling(gone, "Late")}},
		"of one that was only read":  {Versions: map[int64]int64{a.ID: old.Version}, Writes: []account.Write{retitling(b, "Late")}},
		"of a deleted one":           {Versions: map[int64]int64{gone.ID: 1}, Writes: []account.Write{retitling(b, "Late")}},
		"another schema":             {Schema: &former, Writes: []account.Write{retitling(b, "Late")}},
		"a number that is taken":     {Writes: []account.Write{number}},
		"a property that is gone":    {Options: []schema.NewOption{{Key: "gone", Label: "x"}}, Writes: []account.Write{retitling(b, "Late")}},
	} {
		set.CompanyID = f.company.ID
		if err := f.store.Commit(t.Context(), set); !errors.Is(err, write.ErrStale) {
			t.Errorf("%s: %v", name, err)
		}
		f.wantAccount(t, a)
		f.wantAccount(t, b)
	}
	f.wantChanged(t, a.ID, 1)
	f.wantChanged(t, b.ID, 0)
}

// wantChanged checks how many entries the history of an account has.
func (f *fixture) wantChanged(t *testing.T, id int64, want int) {
	t.Helper()
	entries, err := f.store.History(t.Context(), f.company.ID, id, 0, 100)
	if err != nil || len(entries) != want {
		t.Errorf("account %d has %d entries, want %d (%v)", id, len(entries), want, err)
	}
}

// Missing returns a store whose commits miss by turns, as they do when others
// write the same records: the first none, the next once, the third twice, and
// then from the start.
func Missing(s store.Store) store.Store { return &missing{Store: s} }

type missing struct {
	store.Store
	commits atomic.Int64
}

// Commit misses, or is the store's.
func (m *missing) Commit(ctx context.Context, set *account.WriteSet) error {
	switch m.commits.Add(1) % 5 {
	case 2, 4, 0:
		return write.ErrStale
	}
	return m.Store.Commit(ctx, set)
}
