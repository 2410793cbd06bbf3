package storetest

import (
	"context"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// testBuilding checks the states of an index: those that are being built are
// found across companies, and a property without one has no keys left.
func testBuilding(t *testing.T, f *fixture) {
	building := func() []schema.Property {
		t.Helper()
		properties, err := f.store.BuildingProperties(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return properties
	}
	equal(t, building(), []schema.Property{})
	own := f.addProperty(t, schema.Property{Name: "Zone", Key: "zone", Type: schema.Text, Index: schema.IndexBuilding, Builds: 1})
	theirs := f.addProperty(t, schema.Property{CompanyID: f.other.ID, Name: "Zone", Key: "zone", Type: schema.Text})
	f.addProperty(t, schema.Property{Name: "Ready", Key: "ready", Type: schema.Text, Index: schema.IndexReady})
	equal(t, building(), []schema.Property{own})

	update := func(p schema.Property) {
		t.Helper()
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateProperty(ctx, p) })
	}
	theirs.Index, theirs.Builds = schema.IndexBuilding, 7
	update(theirs)
	equal(t, building(), []schema.Property{own, theirs})
	equal(t, f.properties(t, f.other.ID), []schema.Property{theirs})

	a := f.newAccount("Harbor")
	a.Custom = account.Custom{"zone": "North"}
	a = f.addAccount(t, a)
	indexed := func(p schema.Property) int {
		t.Helper()
		p.Index = schema.IndexReady // so that the store looks into the index
		accounts, err := f.store.AccountsWith(t.Context(), p, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(accounts)
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return tx.IndexCustom(ctx, own, a.ID, own.Keys("North"))
	})
	own.Index = schema.IndexReady
	update(own)
	equal(t, indexed(own), 1)
	own.Index = schema.IndexNone
	update(own)
	equal(t, indexed(own), 0)
	equal(t, building(), []schema.Property{theirs})
}
