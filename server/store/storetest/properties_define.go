package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

func testUpdateProperty(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Zone", Key: "zone", Type: schema.Dropdown, Options: []string{"A", "B"}, Index: schema.IndexBuilding})
	witness := f.addProperty(t, schema.Property{Name: "Witness", Key: "witness", Type: schema.Text})
	equal(t, f.properties(t, f.company.ID), []schema.Property{p, witness})
	update := func(p schema.Property) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.UpdateProperty(ctx, p) })
	}
	for _, index := range []schema.IndexState{schema.IndexReady, schema.IndexNone} {
		p.Name, p.Type, p.Multiple, p.Index = "New "+string(index), schema.Numeric, !p.Multiple, index
		p.Default = []any{json.Number("1.10")}
		change := p
		change.Key, change.Options = "ignored", []string{"ignored"}
		if err := update(change); err != nil {
			t.Fatal(err)
		}
		equal(t, f.properties(t, f.company.ID), []schema.Property{p, witness})
	}
	for _, c := range f.strangers(p) {
		c.Name = "Changed"
		wantKind(t, update(c), fault.KindNotFound)
	}
	equal(t, f.properties(t, f.company.ID), []schema.Property{p, witness})
}

// strangers are the property as another company's, and one that is not there.
func (f *fixture) strangers(p schema.Property) []schema.Property {
	foreign, unknown := p, p
	foreign.CompanyID = f.other.ID
	unknown.ID += 1_000_000
	return []schema.Property{foreign, unknown}
}

func testSetOptions(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Dropdown, Options: []string{"Gold", "Silver", "Blei"}})
	witness := f.addProperty(t, schema.Property{Name: "Witness", Key: "witness", Type: schema.Dropdown, Options: []string{"Gold"}})
	for _, labels := range [][]string{{"Silver", "gold", "\"Neu\"", "Blei"}, {"Blei"}, {}, {"Straße", "Gold"}} {
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.SetOptions(ctx, p, labels) })
		p.Options = labels
		equal(t, f.properties(t, f.company.ID), []schema.Property{p, witness})
	}
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return tx.AddOption(ctx, f.company.ID, schema.NewOption{Key: "tags", Label: "Last"})
	})
	p.Options = append(p.Options, "Last")
	for _, c := range f.strangers(p) {
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.SetOptions(ctx, c, []string{"Changed"}) })
		wantKind(t, err, fault.KindNotFound)
	}
	equal(t, f.properties(t, f.company.ID), []schema.Property{p, witness})
}

func testDeleteProperty(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Dropdown, Options: []string{"Gold"}, Index: schema.IndexReady})
	witness := f.addProperty(t, schema.Property{Name: "Witness", Key: "witness", Type: schema.Dropdown, Options: []string{"Gold"}, Index: schema.IndexReady})
	a := f.addAccount(t, f.newAccount("Indexed"))
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return errors.Join(tx.IndexCustom(ctx, p, a.ID, []string{"gold"}), tx.IndexCustom(ctx, witness, a.ID, []string{"gold"}))
	})
	remove := func(p schema.Property) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.DeleteProperty(ctx, p) })
	}
	for _, c := range f.strangers(p) {
		wantKind(t, remove(c), fault.KindNotFound)
	}
	equal(t, f.properties(t, f.company.ID), []schema.Property{p, witness})
	f.wantKeyed(t, p, "gold", a)
	if err := remove(p); err != nil {
		t.Fatal(err)
	}
	wantKind(t, remove(p), fault.KindNotFound)
	equal(t, f.properties(t, f.company.ID), []schema.Property{witness})
	f.wantKeyed(t, p, "gold")
	f.wantKeyed(t, witness, "gold", a)
	f.wantAccount(t, a)

	again := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Dropdown, Index: schema.IndexReady})
	equal(t, f.properties(t, f.company.ID), []schema.Property{witness, again})
	f.wantKeyed(t, again, "gold")
}
