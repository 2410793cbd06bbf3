package property_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

// define defines a property of the company.
func define(t interface{ Context() context.Context }, s *domaintest.Domain, p schema.Property) (schema.Property, error) {
	return s.Properties.Create(t.Context(), s.Actor, property.New{Property: p}, write.Mode[schema.Property]{})
}

func TestCreateProperty(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	for name, want := range map[string]string{
		"Roof type": "roof_type", "  Größe (m²) ": "gro_e_m2", "Café-Nähe": "cafe_nahe", "2nd contact": "p_2nd_contact",
		strings.Repeat("long ", 20): "long_long_long_long_long_long_long_long_long_long_long_long_long",
	} {
		p, err := define(t, s, schema.Property{Name: name, Type: schema.Text})
		if err != nil || p.Key != want {
			t.Errorf("%q: %q %v, want %q", name, p.Key, err, want)
		}
	}
	p, err := define(t, s, schema.Property{
		Name: "Tier", Key: "level", Type: schema.Dropdown, Options: []string{" Gold", "GOLD ", "Silver"},
	})
	if err != nil || p.Key != "level" || !slices.Equal(p.Options, []string{"Gold", "Silver"}) {
		t.Errorf("%+v %v", p, err)
	}
	_, err = define(t, s, schema.Property{Name: "Roof  TYPE", Type: schema.Text})
	if fault.KindOf(err) != fault.KindConflict {
		t.Errorf("a taken key name: %v", err)
	}
	for _, wrong := range []schema.Property{
		{Name: "!", Key: "Bad Key", Type: "COLOUR"},
		{Name: "x", Type: schema.Text, Options: []string{"a"}},
		{Name: "x", Type: schema.Dropdown, Options: []string{" "}},
		{Name: "", Type: schema.Text},
	} {
		if _, err := define(t, s, wrong); fault.KindOf(err) != fault.KindInvalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// wholeStore fails where all accounts with a value of a property are read.
type wholeStore struct {
	property.Store
	t *testing.T
}

func (s wholeStore) Write(ctx context.Context, fn func(context.Context, property.Tx) error) error {
	return s.Store.Write(ctx, func(ctx context.Context, tx property.Tx) error { return fn(ctx, wholeTx{tx, s.t}) })
}

type wholeTx struct {
	property.Tx
	t *testing.T
}

func (tx wholeTx) AccountsWith(context.Context, schema.Property, int64, int) ([]account.Account, error) {
	tx.t.Error("all accounts with a value were read")
	return nil, nil
}

// An edit of options reads the accounts that have them, and no others, where an index
// leads there. Labels that are exchanged do not meet.
func TestOptionsByIndex(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	p, err := define(t, s, schema.Property{Name: "Roof", Type: schema.Dropdown, Options: []string{"Tile", "Metal", "Slate"}, Index: schema.IndexReady})
	if err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, label := range []string{"Tile", "Metal", "Tile", "Slate"} {
		made, err := s.Intake.Create(t.Context(), s.Actor, intake.CreateRequest{MatchBy: account.MatchNone, Patch: account.Patch{
			Title: patch.Set(label), Address: patch.Set([]string{"x"}), Custom: patch.Set(map[string]any{p.Key: label}),
		}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, made.Account.ID)
	}
	edited := property.NewService(wholeStore{storeOf(s), t}, account.NewWriter(store.For(s.Store, func(tx store.Tx) account.Tx { return tx }), s.Clock, ""), s.Clock, nil)
	update := func(body string, force bool) error {
		t.Helper()
		var decoded any
		if err := json.Unmarshal([]byte(body), &decoded); err != nil {
			t.Fatal(err)
		}
		_, err := edited.Update(t.Context(), s.Actor, property.UpdateRequest{Key: p.Key, Patch: property.ParsePatch(decoded), Force: force})
		return err
	}
	want := func(labels ...any) {
		t.Helper()
		for i, id := range ids {
			a, err := s.Accounts.Get(t.Context(), s.Actor, id, true)
			if err != nil || a.Custom[p.Key] != labels[i] {
				t.Errorf("account %d has %v, %v; want %v", i, a.Custom[p.Key], err, labels[i])
			}
		}
	}
	if err := update(`{"renameOptions":[{"from":"Tile","to":"X"},{"from":"Metal","to":"Tile"},{"from":"X","to":"Metal"}]}`, false); err != nil {
		t.Fatal(err)
	}
	want("Metal", "Tile", "Metal", "Slate")
	if err := update(`{"removeOptions":["Metal"]}`, false); fault.KindOf(err) != fault.KindConflict || !strings.Contains(err.Error(), "used by 2 accounts") {
		t.Errorf("a used option: %v", err)
	}
	if err := update(`{"removeOptions":["Metal"]}`, true); err != nil {
		t.Fatal(err)
	}
	want(nil, "Tile", nil, "Slate")
}

// Whatever a definition is patched with, accounts have values of its options
// only, the history tells how they came to them, and the index knows them.
func TestPropertyPatches(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	labels := rapid.SampledFrom([]string{"Gold", "gold", " GOLD", "Silver", "Straße", "STRASSE", "İstanbul", "Tin"})
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		p, err := define(t, s, schema.Property{
			Name: fmt.Sprint("p", number), Type: schema.Dropdown, Multiple: rapid.Bool().Draw(t, "multiple"),
			Options: rapid.SliceOfN(labels, 1, 5).Draw(t, "options"), Index: schema.IndexReady,
		})
		if err != nil {
			t.Fatal(err)
		}
		var accounts []account.Account
		for i := range 3 {
			var value any = rapid.SampledFrom(p.Options).Draw(t, "value")
			if p.Multiple {
				value = []any{value, rapid.SampledFrom(p.Options).Draw(t, "more")}
			}
			result, err := s.Intake.Create(t.Context(), s.Actor, intake.CreateRequest{MatchBy: account.MatchNone, Patch: account.Patch{
				Title: patch.Set(fmt.Sprint(i)), Address: patch.Set([]string{"x"}), Custom: patch.Set(map[string]any{p.Key: value}),
			}})
			if err != nil {
				t.Fatal(err)
			}
			accounts = append(accounts, result.Account)
		}
		for range rapid.IntRange(1, 3).Draw(t, "patches") {
			edit := property.Patch{
				AddOptions:    rapid.SliceOfN(labels, 0, 2).Draw(t, "add"),
				RemoveOptions: rapid.SliceOfN(labels, 0, 2).Draw(t, "remove"),
			}
			if rapid.Bool().Draw(t, "whole list") {
				edit.Options = patch.Set(rapid.SliceOfN(labels, 0, 4).Draw(t, "options"))
			}
			for range rapid.IntRange(0, 2).Draw(t, "renames") {
				edit.Renames = append(edit.Renames, property.OptionRename{From: labels.Draw(t, "from"), To: labels.Draw(t, "to")})
			}
			updated, err := s.Properties.Update(t.Context(), s.Actor, property.UpdateRequest{Key: p.Key, Patch: edit, Force: true})
			if err != nil {
				if fault.KindOf(err) != fault.KindInvalid {
					t.Fatal(err)
				}
				continue
			}
			p = updated
		}
		folds := map[string]bool{}
		for _, option := range p.Options {
			if folds[normal.Fold(option)] {
				t.Fatalf("options %q", p.Options)
			}
			folds[normal.Fold(option)] = true
		}
		for _, a := range accounts {
			checkDefined(t, s, p, a)
		}
		echo := property.Patch{
			Name: patch.Set(p.Name), Type: patch.Set(p.Type), Multiple: patch.Set(p.Multiple), Options: patch.Set(p.Options),
			Default: patch.Set(p.Default), Indexed: patch.Set(true), Key: patch.Set(p.Key),
		}
		again, err := s.Properties.Update(t.Context(), s.Actor, property.UpdateRequest{Key: p.Key, Patch: echo})
		if err != nil || fmt.Sprint(again) != fmt.Sprint(p) {
			t.Fatalf("sent back: %+v %v\nwant %+v", again, err, p)
		}
		if err := s.Properties.Delete(t.Context(), s.Actor, p.Key, true); err != nil {
			t.Fatal(err)
		}
	})
}

// checkDefined checks what an account has of a property.
func checkDefined(t *rapid.T, s *domaintest.Domain, p schema.Property, created account.Account) {
	a, err := s.Accounts.Get(t.Context(), s.Actor, created.ID, true)
	if err != nil {
		t.Fatal(err)
	}
	value := a.Custom[p.Key]
	items, isList := value.([]any)
	if !isList && value != nil {
		items = []any{value}
	}
	for _, item := range items {
		if !slices.Contains(p.Options, item.(string)) {
			t.Fatalf("account has %v, options are %q", value, p.Options)
		}
	}
	history, err := s.Store.History(t.Context(), s.Company.ID, a.ID, 0, 100)
	if err != nil || int64(len(history)) != a.Version {
		t.Fatalf("version %d, %d entries, %v", a.Version, len(history), err)
	}
	var told any
	for _, entry := range slices.Backward(history) {
		change := entry.Fields["custom."+p.Key]
		if !reflect.DeepEqual(change.Before, told) {
			t.Fatalf("%+v follows on %v", change, told)
		}
		told = change.After
	}
	if !reflect.DeepEqual(told, value) {
		t.Fatalf("the history tells %v, the account has %v", told, value)
	}
	for _, option := range p.Options {
		key := p.Keys(option)[0]
		filter := query.Filter{Conditions: []query.Condition{
			{Member: account.MemberID, Ranges: []query.Range{{From: a.ID, To: a.ID}}},
			{Member: query.MemberCustom, Property: p, Ranges: []query.Range{{From: key, To: key}}},
		}}
		found, err := s.Accounts.Count(t.Context(), s.Actor, account.Query{Filter: filter, Page: query.Page{Limit: 1}})
		if err != nil || (found == 1) != filter.Matches(&a) {
			t.Fatalf("option %s of %v: the index finds %d, %v", option, value, found, err)
		}
	}
}
