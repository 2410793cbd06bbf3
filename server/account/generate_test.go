package account_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
)

// The schema and the contacts under which the properties of Apply are tested.
// Each type stands once for itself and once as a list.
var (
	schema   = makeSchema()
	contacts = map[int64]account.Contact{
		1: {ID: 1, Name: "Jo Park", Emails: []string{"jo@example.com"}},
		2: {ID: 2, Name: "Lee Chan"},
		3: {ID: 3, Name: "Priya Nair"},
	}
)

func makeSchema() account.Schema {
	schema := account.Schema{}
	for _, kind := range account.PropertyTypes {
		for _, multiple := range []bool{false, true} {
			p := account.Property{Key: fmt.Sprintf("%s_%t", kind, multiple), Type: kind, Multiple: multiple}
			if kind == account.PropertyDropdown {
				p.Options = []string{"Gold", "Straße", "İstanbul", "Café"}
			}
			schema[p.Key] = p
		}
	}
	return schema
}

func environment(allowNewOptions bool) account.Env {
	return account.Env{Schema: schema, Contacts: contacts, AllowNewOptions: allowNewOptions, Region: "US"}
}

// drawField draws a member in any of its states.
func drawField[T any](t *rapid.T, name string, value *rapid.Generator[T]) account.Field[T] {
	switch rapid.IntRange(0, 4).Draw(t, name+" state") {
	case 0:
		return account.Null[T]()
	case 1, 2:
		return account.Field[T]{}
	}
	return account.Set(value.Draw(t, name))
}

// texts are good and bad values of every text member.
var texts = rapid.OneOf(
	rapid.StringN(0, 20, -1),
	rapid.SampledFrom([]string{"", " ", "Harbor Cafe", " padded ", "a\x00b", "\xff", "été", "e\u0301te\u0301", "Ada@Example.com", "a@b", "A <a@b.example>",
		"(415) 555-0142", "+49 30 901820", "415-555-0142 x7", "call 5", "none"}),
)

// drawPatch draws any patch, right or wrong.
func drawPatch(t *rapid.T) account.Patch {
	kinds := rapid.SampledFrom([]account.Type{account.TypeResidential, account.TypeCommercial, "residential"})
	amounts := rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1.5, 1e15, -1e15, 1e16}))
	return account.Patch{
		Title:        drawField(t, "title", texts),
		Description:  drawField(t, "description", texts),
		Address:      drawField(t, "address", rapid.SliceOfN(texts, 0, 11)),
		Active:       drawField(t, "active", rapid.Bool()),
		PrimaryEmail: drawField(t, "email", texts),
		PrimaryPhone: drawField(t, "phone", texts),
		Number:       drawField(t, "number", rapid.Int64Range(-1, 5)),
		Type:         drawField(t, "type", kinds),
		TypeAlias:    drawField(t, "type alias", kinds),
		Value:        drawField(t, "value", amounts),
		Size:         drawField(t, "size", amounts),
		Custom:       drawField(t, "custom", customs),
		Contacts:     drawField(t, "contacts", rapid.SliceOfN(rapid.Int64Range(1, 4), 0, 5)),
		ID:           drawField(t, "id", rapid.Int64Range(6, 7)),
	}
}

// customItems are good and bad items of every property type.
var customItems = rapid.OneOf(
	rapid.Map(texts, func(s string) any { return s }),
	rapid.Map(rapid.SampledFrom([]string{"gold", " GOLD ", "Silver", "silver", "STRASSE", "cafe\u0301", "2026-11-24", "2026-02-30", "2026-11-24T10:00:00+05:30"}), func(s string) any { return s }),
	rapid.Map(rapid.SampledFrom([]json.Number{"0", "-1.10", "12345678901234567890.123", "1e2", "1e1001"}), func(n json.Number) any { return n }),
	rapid.Map(rapid.Bool(), func(b bool) any { return b }),
	rapid.Just[any](nil),
	rapid.Just[any](map[string]any{"a": "b"}),
)

var customs = rapid.MapOfN(
	rapid.SampledFrom(append(slices.Sorted(maps.Keys(schema)), "unknown")),
	rapid.OneOf(customItems, rapid.Map(rapid.SliceOfN(customItems, 0, 4), func(list []any) any { return list })), 0, 4)

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
	for key, value := range a.Custom {
		custom[key] = value
	}
	ids := make([]int64, len(a.Contacts))
	for i, c := range a.Contacts {
		ids[i] = c.ID
	}
	return account.Patch{
		Title:        account.Set(a.Title),
		Description:  echo(a.Description),
		Address:      account.Set(a.Address),
		Active:       account.Set(a.Active),
		PrimaryEmail: echo(a.PrimaryEmail),
		PrimaryPhone: echo(a.PrimaryPhone),
		Number:       account.Set(a.Number),
		Type:         echo(a.Type),
		Value:        echo(a.Value),
		Size:         echo(a.Size),
		Custom:       account.Set(custom),
		Contacts:     account.Set(ids),
		ID:           account.Set(a.ID),
	}
}

func echo[T any](p *T) account.Field[T] {
	if p == nil {
		return account.Null[T]()
	}
	return account.Set(*p)
}
