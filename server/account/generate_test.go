package account_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
)

// The schema and the contacts under which the properties of Apply are tested.
// Each type stands once for itself and once as a list.
var (
	properties = makeProperties()
	contacts   = map[int64]account.Contact{
		1: {ID: 1, Name: "Jo Park", Emails: []string{"jo@example.com"}},
		2: {ID: 2, Name: "Lee Chan"},
		3: {ID: 3, Name: "Priya Nair"},
	}
)

func makeProperties() schema.Schema {
	properties := schema.Schema{}
	for _, kind := range schema.Types {
		for _, multiple := range []bool{false, true} {
			p := schema.Property{Key: fmt.Sprintf("%s_%t", kind, multiple), Type: kind, Multiple: multiple}
			if kind == schema.Dropdown {
				p.Options = []string{"Gold", "Straße", "İstanbul", "Café"}
			}
			properties[p.Key] = p
		}
	}
	return properties
}

func environment(allowNewOptions bool) account.Env {
	return account.Env{Schema: properties, Contacts: contacts, AllowNewOptions: allowNewOptions, Region: "US"}
}

// drawPatch draws any patch, right or wrong.
func drawPatch(t *rapid.T) account.Patch {
	kinds := rapid.SampledFrom([]account.Type{account.TypeResidential, account.TypeCommercial, "residential"})
	amounts := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1.5, 1e15, -1e15, 1e16}))
	return account.Patch{
		Title:        domaintest.DrawField(t, "title", domaintest.Texts()),
		Description:  domaintest.DrawField(t, "description", domaintest.Texts()),
		Address:      domaintest.DrawField(t, "address", rapid.SliceOfN(domaintest.Texts(), 0, 11)),
		Active:       domaintest.DrawField(t, "active", rapid.Bool()),
		PrimaryEmail: domaintest.DrawField(t, "email", domaintest.Texts()),
		PrimaryPhone: domaintest.DrawField(t, "phone", domaintest.Texts()),
		Number:       domaintest.DrawField(t, "number", rapid.Int64Range(-1, 5)),
		Type:         domaintest.DrawField(t, "type", kinds),
		TypeAlias:    domaintest.DrawField(t, "type alias", kinds),
		Value:        domaintest.DrawField(t, "value", amounts),
		Size:         domaintest.DrawField(t, "size", amounts),
		Custom:       domaintest.DrawField(t, "custom", customs()),
		Contacts:     domaintest.DrawField(t, "contacts", rapid.SliceOfN(rapid.Int64Range(1, 4), 0, 5)),
		ID:           domaintest.DrawField(t, "id", rapid.Int64Range(6, 7)),
	}
}

// customItems are good and bad items of every property type.
func customItems() *rapid.Generator[any] {
	return rapid.OneOf(
		rapid.Map(domaintest.Texts(), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom([]string{"gold", " GOLD ", "Silver", "silver", "STRASSE", "cafe\u0301", "2026-11-24", "2026-02-30", "2026-11-24T10:00:00+05:30"}), func(s string) any { return s }),
		rapid.Map(rapid.SampledFrom([]json.Number{"0", "-1.10", "12345678901234567890.123", "1e2", "1e1001"}), func(n json.Number) any { return n }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just[any](nil),
		rapid.Just[any](map[string]any{"a": "b"}),
	)
}

func customs() *rapid.Generator[map[string]any] {
	return rapid.MapOfN(
		rapid.SampledFrom(append(slices.Sorted(maps.Keys(properties)), "unknown")),
		rapid.OneOf(customItems(), rapid.Map(rapid.SliceOfN(customItems(), 0, 4), func(list []any) any { return list })), 0, 4)
}

// drawAccount draws an account as a store would hold it: what a series of
// patches made of a plain one.
func drawAccount(t *rapid.T) account.Account {
	a := account.Account{
		ID: 7, CompanyID: 1, Number: 1, Version: 1, Title: "Sunrise Solar", Address: []string{"1 Main St"}, Active: true,
		Custom: account.Custom{}, CreatedAt: time.Unix(0, 0), UpdatedAt: time.Unix(0, 0),
	}
	for range rapid.IntRange(0, 5).Draw(t, "earlier patches") {
		a = account.Apply(a, drawPatch(t), environment(true)).Account
	}
	return a
}

// asPatch is the patch that a caller sends who sends a fetched account back
// whole, read from JSON as the API reads it.
func asPatch(a account.Account) account.Patch {
	custom := map[string]any{}
	maps.Copy(custom, a.Custom)
	ids := make([]int64, len(a.Contacts))
	for i, c := range a.Contacts {
		ids[i] = c.ID
	}
	return account.Patch{
		Title:        patch.Set(a.Title),
		Description:  echo(a.Description),
		Address:      patch.Set(a.Address),
		Active:       patch.Set(a.Active),
		PrimaryEmail: echo(a.PrimaryEmail),
		PrimaryPhone: echo(a.PrimaryPhone),
		Number:       patch.Set(a.Number),
		Type:         echo(a.Type),
		Value:        echo(a.Value),
		Size:         echo(a.Size),
		Custom:       patch.Set(custom),
		Contacts:     patch.Set(ids),
		ID:           patch.Set(a.ID),
	}
}

func echo[T any](p *T) patch.Field[T] {
	if p == nil {
		return patch.Null[T]()
	}
	return patch.Set(*p)
}
