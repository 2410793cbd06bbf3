package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// propertyTests are the tests of properties.
var propertyTests = tests{
	"Properties":     testProperties,
	"Options":        testOptions,
	"UpdateProperty": testUpdateProperty,
	"SetOptions":     testSetOptions,
	"DeleteProperty": testDeleteProperty,
	"IndexCustom":    testIndexCustom,
	"ReplaceKeys":    testReplaceKeys,
	"IndexAccounts":  testIndexAccounts,
	"AccountsWith":   testAccountsWith,
	"KeyedAccounts":  testKeyedAccounts,
	"Building":       testBuilding,
	"Owners":         testOwners,
	"OwnAll":         testOwnAll,
}

func (f *fixture) properties(t *testing.T, companyID int64) []schema.Property {
	t.Helper()
	properties, err := f.store.Properties(t.Context(), companyID)
	if err != nil {
		t.Fatal(err)
	}
	return properties
}

func testProperties(t *testing.T, f *fixture) {
	equal(t, f.properties(t, f.company.ID), []schema.Property{})
	want := []schema.Property{
		f.addProperty(t, schema.Property{Name: "Zone", Key: "zone", Type: schema.Text}),
		f.addProperty(t, schema.Property{
			Name: "Größe", Key: "size_class", Type: schema.Dropdown, Multiple: true,
			Options: []string{"Zwei", "eins", "\"Drei\""}, Default: []any{"eins", "Zwei"},
		}),
		f.addProperty(t, schema.Property{
			Name: "Amount", Key: "amount", Type: schema.Numeric,
			Default: []any{json.Number("12345678901234567890.10")},
		}),
		f.addProperty(t, schema.Property{Name: "Active", Key: "active", Type: schema.Boolean, Default: []any{true}}),
	}
	equal(t, f.properties(t, f.company.ID), want)
	equal(t, f.properties(t, f.other.ID), []schema.Property{})

	t.Run("taken", func(t *testing.T) {
		p := schema.Property{CompanyID: f.company.ID, Name: "Again", Key: "zone", Type: schema.Date}
		err := f.store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertProperty(ctx, &p) })
		wantKind(t, err, fault.KindConflict)
		equal(t, f.properties(t, f.company.ID), want)
	})
	t.Run("the same key in another company", func(t *testing.T) {
		p := f.addProperty(t, schema.Property{CompanyID: f.other.ID, Name: "Zone", Key: "zone", Type: schema.Text})
		equal(t, f.properties(t, f.other.ID), []schema.Property{p})
	})
}

func testOptions(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Dropdown, Options: []string{"Gold"}})
	f.addProperty(t, schema.Property{CompanyID: f.other.ID, Name: "Tags", Key: "tags", Type: schema.Dropdown})
	f.addProperty(t, schema.Property{CompanyID: f.other.ID, Name: "Theirs", Key: "theirs", Type: schema.Dropdown})
	add := func(ctx context.Context, companyID int64, key string, labels ...string) error {
		return f.store.Write(ctx, func(ctx context.Context, tx store.Tx) error {
			for _, label := range labels {
				if err := tx.AddOption(ctx, companyID, schema.NewOption{Key: key, Label: label}); err != nil {
					return err
				}
			}
			return nil
		})
	}
	options := func() []string { return f.properties(t, f.company.ID)[0].Options }

	if err := add(t.Context(), f.company.ID, "tags", "Silver", "GOLD", "Straße", "silver", "STRASSE", "gold ", "Blei"); err != nil {
		t.Fatal(err)
	}
	p.Options = []string{"Gold", "Silver", "Straße", "Blei"}
	equal(t, f.properties(t, f.company.ID), []schema.Property{p})
	equal(t, f.properties(t, f.other.ID)[0].Options, []string{})
	wantKind(t, add(t.Context(), f.company.ID, "no_such_key", "x"), fault.KindNotFound)
	wantKind(t, add(t.Context(), f.company.ID, "theirs", "x"), fault.KindNotFound)

	t.Run("many at once", func(t *testing.T) {
		spellings := []string{"Platin", "platin", "PLATIN", "pLATIN"}
		together(t, 16, func(i int) error {
			return add(t.Context(), f.company.ID, "tags", spellings[i%len(spellings)], fmt.Sprintf("own %d", i))
		})
		var platin, own int
		for _, label := range options() {
			if strings.EqualFold(label, "platin") {
				platin++
			} else if strings.HasPrefix(label, "own ") {
				own++
			}
		}
		if platin != 1 || own != 16 {
			t.Errorf("got %d options \"platin\" and %d of their own, want 1 and 16: %q", platin, own, options())
		}
		if !slices.Equal(options()[:4], p.Options) {
			t.Errorf("the first options moved: %q", options())
		}
	})
}
