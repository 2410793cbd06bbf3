package storetest

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// testIndexStates runs lists and counts whose filters were made while the
// index of their property was in another state.
func testIndexStates(t *testing.T, f *fixture) {
	states := []schema.IndexState{schema.IndexNone, schema.IndexBuilding, schema.IndexReady}
	for _, before := range states {
		for _, after := range states {
			p := f.addProperty(t, schema.Property{
				Name: "Zone", Key: "zone_" + string(before) + "_" + string(after), Type: schema.Text, Index: schema.IndexReady,
			})
			all := f.addZones(t, p)
			p.Index = before
			f.setIndex(t, p, all)
			filters := zoneFilters(p)
			p.Index = after
			f.setIndex(t, p, all)
			for name, filter := range filters {
				q := account.Query{Filter: filter, Page: query.Page{Limit: 100}}
				t.Run(p.Key+"/"+name, func(t *testing.T) { f.wantPassing(t, q) })
			}
		}
	}
}

// addZones stores accounts with values of a property, and some without.
func (f *fixture) addZones(t *testing.T, p schema.Property) []account.Account {
	t.Helper()
	var all []account.Account
	for _, zone := range []any{"north", "south", nil, "north"} {
		a := f.newAccount("Zoned")
		if zone != nil {
			a.Custom = account.Custom{p.Key: zone}
		}
		all = append(all, f.addAccount(t, a))
	}
	return all
}

// setIndex brings a property's index to its state. One that is being built has
// the first account's keys only.
func (f *fixture) setIndex(t *testing.T, p schema.Property, all []account.Account) {
	t.Helper()
	indexed := map[schema.IndexState]int{schema.IndexBuilding: 1, schema.IndexReady: len(all)}[p.Index]
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		dropped := p
		dropped.Index = schema.IndexNone
		if err := tx.UpdateProperty(ctx, dropped); err != nil {
			return err
		}
		for _, a := range all[:indexed] {
			if err := tx.IndexCustom(ctx, p, a.ID, p.Keys(a.Custom[p.Key])); err != nil {
				return err
			}
		}
		return tx.UpdateProperty(ctx, p)
	})
}

func zoneFilters(p schema.Property) map[string]query.Filter {
	is := query.Condition{Member: query.MemberCustom, Property: p, Ranges: []query.Range{{From: "north", To: "north"}}}
	exists := query.Condition{Member: query.MemberCustom, Property: p, Exists: true}
	holds := query.Condition{Member: query.MemberCustom, Property: p, Contains: "ort"}
	other := query.Condition{Member: account.MemberTitle, Ranges: []query.Range{{From: "another", To: "another"}}}
	not := is
	not.Negate = true
	return map[string]query.Filter{
		"is":     {Conditions: []query.Condition{is}},
		"not":    {Conditions: []query.Condition{not}},
		"exists": {Conditions: []query.Condition{exists}},
		"holds":  {Conditions: []query.Condition{holds}},
		"all":    {Conditions: []query.Condition{exists, is}},
		"any":    {Conditions: []query.Condition{is, other}, Any: true},
	}
}

// wantPassing checks a list of all accounts that pass, and their count.
func (f *fixture) wantPassing(t *testing.T, q account.Query) {
	t.Helper()
	all, err := f.store.Accounts(t.Context(), f.company.ID, account.Query{Page: q.Page})
	if err != nil {
		t.Fatal(err)
	}
	want := ids(passing(all, q))
	got, err := f.store.Accounts(t.Context(), f.company.ID, q)
	if err != nil {
		t.Fatal(err)
	}
	wantIDs(t, ids(got), want)
	n, err := f.store.CountAccounts(t.Context(), f.company.ID, q)
	if err != nil || n != int64(len(want)) {
		t.Errorf("counted %d, %v, want %d", n, err, len(want))
	}
}
