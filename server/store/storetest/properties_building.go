package storetest

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/account"
)

// testBuilding checks the states of an index: those that are being built are
// found across companies, and a property without one has no keys left.
func testBuilding(t *testing.T, f *fixture) {
	building := func() []account.Property {
		t.Helper()
		properties, err := f.store.BuildingProperties(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return properties
	}
	equal(t, building(), []account.Property{})
	own := f.addProperty(t, account.Property{Name: "Zone", Key: "zone", Type: account.PropertyText, Index: account.IndexBuilding, Builds: 1})
	theirs := f.addProperty(t, account.Property{CompanyID: f.other.ID, Name: "Zone", Key: "zone", Type: account.PropertyText})
	f.addProperty(t, account.Property{Name: "Ready", Key: "ready", Type: account.PropertyText, Index: account.IndexReady})
	equal(t, building(), []account.Property{own})

	update := func(p account.Property) {
		t.Helper()
		f.write(t, func(ctx context.Context, tx account.Tx) error { return tx.UpdateProperty(ctx, p) })
	}
	theirs.Index, theirs.Builds = account.IndexBuilding, 7
	update(theirs)
	equal(t, building(), []account.Property{own, theirs})
	equal(t, f.properties(t, f.other.ID), []account.Property{theirs})

	a := f.newAccount("Harbor")
	a.Custom = account.Custom{"zone": "North"}
	a = f.addAccount(t, a)
	indexed := func(p account.Property) int {
		t.Helper()
		p.Index = account.IndexReady // so that the store looks into the index
		accounts, err := f.store.AccountsWith(t.Context(), p, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(accounts)
	}
	f.write(t, func(ctx context.Context, tx account.Tx) error {
		return tx.IndexCustom(ctx, own, a.ID, own.Keys("North"))
	})
	own.Index = account.IndexReady
	update(own)
	equal(t, indexed(own), 1)
	own.Index = account.IndexNone
	update(own)
	equal(t, indexed(own), 0)
	equal(t, building(), []account.Property{theirs})
}
