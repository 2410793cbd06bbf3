package storetest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
)

// propertyTests are the tests of properties.
var propertyTests = tests{
	"Properties":     testProperties,
	"Options":        testOptions,
	"UpdateProperty": testUpdateProperty,
	"SetOptions":     testSetOptions,
	"DeleteProperty": testDeleteProperty,
	"IndexCustom":    testIndexCustom,
	"AccountsWith":   testAccountsWith,
	"Building":       testBuilding,
}

func (f *fixture) properties(t *testing.T, companyID int64) []account.Property {
	t.Helper()
	properties, err := f.store.Properties(t.Context(), companyID)
	if err != nil {
		t.Fatal(err)
	}
	return properties
}

func testProperties(t *testing.T, f *fixture) {
	equal(t, f.properties(t, f.company.ID), []account.Property{})
	want := []account.Property{
		f.addProperty(t, account.Property{Name: "Zone", Key: "zone", Type: account.PropertyText}),
		f.addProperty(t, account.Property{
			Name: "Größe", Key: "size_class", Type: account.PropertyDropdown, Multiple: true,
			Options: []string{"Zwei", "eins", "\"Drei\""}, Default: []any{"eins", "Zwei"},
		}),
		f.addProperty(t, account.Property{
			Name: "Amount", Key: "amount", Type: account.PropertyNumeric,
			Default: []any{json.Number("12345678901234567890.10")},
		}),
		f.addProperty(t, account.Property{Name: "Active", Key: "active", Type: account.PropertyBoolean, Default: []any{true}}),
	}
	equal(t, f.properties(t, f.company.ID), want)
	equal(t, f.properties(t, f.other.ID), []account.Property{})

	t.Run("taken", func(t *testing.T) {
		p := account.Property{CompanyID: f.company.ID, Name: "Again", Key: "zone", Type: account.PropertyDate}
		err := f.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.InsertProperty(ctx, &p) })
		wantKind(t, err, account.KindConflict)
		equal(t, f.properties(t, f.company.ID), want)
	})
	t.Run("the same key in another company", func(t *testing.T) {
		p := f.addProperty(t, account.Property{CompanyID: f.other.ID, Name: "Zone", Key: "zone", Type: account.PropertyText})
		equal(t, f.properties(t, f.other.ID), []account.Property{p})
	})
}

func testOptions(t *testing.T, f *fixture) {
	p := f.addProperty(t, account.Property{Name: "Tags", Key: "tags", Type: account.PropertyDropdown, Options: []string{"Gold"}})
	f.addProperty(t, account.Property{CompanyID: f.other.ID, Name: "Tags", Key: "tags", Type: account.PropertyDropdown})
	f.addProperty(t, account.Property{CompanyID: f.other.ID, Name: "Theirs", Key: "theirs", Type: account.PropertyDropdown})
	add := func(ctx context.Context, companyID int64, key string, labels ...string) error {
		return f.store.Write(ctx, func(ctx context.Context, tx account.Tx) error {
			for _, label := range labels {
				if err := tx.AddOption(ctx, companyID, account.NewOption{Key: key, Label: label}); err != nil {
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
	equal(t, f.properties(t, f.company.ID), []account.Property{p})
	equal(t, f.properties(t, f.other.ID)[0].Options, []string{})
	wantKind(t, add(t.Context(), f.company.ID, "no_such_key", "x"), account.KindNotFound)
	wantKind(t, add(t.Context(), f.company.ID, "theirs", "x"), account.KindNotFound)

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
