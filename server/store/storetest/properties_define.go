package storetest

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/accountsd/accountsd/server/account"
)

func testUpdateProperty(t *testing.T, f *fixture) {
	p := f.addProperty(t, account.Property{Name: "Zone", Key: "zone", Type: account.PropertyDropdown, Options: []string{"A", "B"}, Index: account.IndexBuilding})
	witness := f.addProperty(t, account.Property{Name: "Witness", Key: "witness", Type: account.PropertyText})
	equal(t, f.properties(t, f.company.ID), []account.Property{p, witness})
	update := func(p account.Property) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.UpdateProperty(ctx, p) })
	}
	for _, index := range []account.IndexState{account.IndexReady, account.IndexNone} {
		p.Name, p.Type, p.Multiple, p.Index = "New "+string(index), account.PropertyNumeric, !p.Multiple, index
		p.Default = []any{json.Number("1.10")}
		change := p
		change.Key, change.Options = "ignored", []string{"ignored"}
		if err := update(change); err != nil {
			t.Fatal(err)
		}
		equal(t, f.properties(t, f.company.ID), []account.Property{p, witness})
	}
	for _, c := range f.strangers(p) {
		c.Name = "Changed"
		wantKind(t, update(c), account.KindNotFound)
	}
	equal(t, f.properties(t, f.company.ID), []account.Property{p, witness})
}

// strangers are the property as another company's, and one that is not there.
func (f *fixture) strangers(p account.Property) []account.Property {
	foreign, unknown := p, p
	foreign.CompanyID = f.other.ID
	unknown.ID += 1_000_000
	return []account.Property{foreign, unknown}
}

func testSetOptions(t *testing.T, f *fixture) {
	p := f.addProperty(t, account.Property{Name: "Tags", Key: "tags", Type: account.PropertyDropdown, Options: []string{"Gold", "Silver", "Blei"}})
	witness := f.addProperty(t, account.Property{Name: "Witness", Key: "witness", Type: account.PropertyDropdown, Options: []string{"Gold"}})
	for _, labels := range [][]string{{"Silver", "gold", "\"Neu\"", "Blei"}, {"Blei"}, {}, {"Straße", "Gold"}} {
		f.write(t, func(ctx context.Context, tx account.Tx) error { return tx.SetOptions(ctx, p, labels) })
		p.Options = labels
		equal(t, f.properties(t, f.company.ID), []account.Property{p, witness})
	}
	f.write(t, func(ctx context.Context, tx account.Tx) error {
		return tx.AddOption(ctx, f.company.ID, account.NewOption{Key: "tags", Label: "Last"})
	})
	p.Options = append(p.Options, "Last")
	for _, c := range f.strangers(p) {
		err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.SetOptions(ctx, c, []string{"Changed"}) })
		wantKind(t, err, account.KindNotFound)
	}
	equal(t, f.properties(t, f.company.ID), []account.Property{p, witness})
}

func testDeleteProperty(t *testing.T, f *fixture) {
	p := f.addProperty(t, account.Property{Name: "Tags", Key: "tags", Type: account.PropertyDropdown, Options: []string{"Gold"}, Index: account.IndexReady})
	witness := f.addProperty(t, account.Property{Name: "Witness", Key: "witness", Type: account.PropertyDropdown, Options: []string{"Gold"}, Index: account.IndexReady})
	a := f.addAccount(t, f.newAccount("Indexed"))
	f.write(t, func(ctx context.Context, tx account.Tx) error {
		return errors.Join(tx.IndexCustom(ctx, p, a.ID, []string{"gold"}), tx.IndexCustom(ctx, witness, a.ID, []string{"gold"}))
	})
	remove := func(p account.Property) error {
		return f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.DeleteProperty(ctx, p) })
	}
	for _, c := range f.strangers(p) {
		wantKind(t, remove(c), account.KindNotFound)
	}
	equal(t, f.properties(t, f.company.ID), []account.Property{p, witness})
	f.wantKeyed(t, p, "gold", a)
	if err := remove(p); err != nil {
		t.Fatal(err)
	}
	wantKind(t, remove(p), account.KindNotFound)
	equal(t, f.properties(t, f.company.ID), []account.Property{witness})
	f.wantKeyed(t, p, "gold")
	f.wantKeyed(t, witness, "gold", a)
	f.wantAccount(t, a)

	again := f.addProperty(t, account.Property{Name: "Tags", Key: "tags", Type: account.PropertyDropdown, Index: account.IndexReady})
	equal(t, f.properties(t, f.company.ID), []account.Property{witness, again})
	f.wantKeyed(t, again, "gold")
}
