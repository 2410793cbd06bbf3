package storetest

import (
	"context"
	"slices"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

// wantKeyed checks which accounts are found by a key.
func (f *fixture) wantKeyed(t *testing.T, p schema.Property, key string, want ...account.Account) {
	t.Helper()
	p.Index = schema.IndexReady
	f.wantList(t, account.Query{
		Filter: query.Filter{Conditions: []query.Condition{
			{Member: query.MemberCustom, Property: p, Ranges: []query.Range{{From: key, To: key}}},
		}},
		Ascending: true, Page: query.Page{Limit: 100},
	}, want...)
}

func testIndexCustom(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Text, Multiple: true, Index: schema.IndexReady})
	witness := f.addProperty(t, schema.Property{Name: "Witness", Key: "witness", Type: schema.Text, Index: schema.IndexReady})
	a, b := f.addAccount(t, f.newAccount("A")), f.addAccount(t, f.newAccount("B"))
	foreign := f.newAccount("Foreign")
	foreign.CompanyID = f.other.ID
	foreign = f.addAccount(t, foreign)
	index := func(p schema.Property, id int64, keys ...string) {
		t.Helper()
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.IndexCustom(ctx, p, id, keys) })
	}
	index(p, a.ID, "x", "y", "x", "", "\"<ö>\\", "東京")
	index(p, b.ID, "y")
	index(witness, a.ID, "x")
	for key, want := range map[string][]account.Account{
		"x": {a}, "y": {a, b}, "": {a}, "\"<ö>\\": {a}, "東京": {a}, "X": nil, "z": nil,
	} {
		f.wantKeyed(t, p, key, want...)
	}
	index(p, a.ID, "z", "x")
	for key, want := range map[string][]account.Account{"x": {a}, "y": {b}, "z": {a}, "": nil} {
		f.wantKeyed(t, p, key, want...)
	}
	index(p, a.ID)
	f.wantKeyed(t, p, "x")
	f.wantKeyed(t, p, "y", b)
	f.wantKeyed(t, witness, "x", a)

	t.Run("another company's", func(t *testing.T) {
		for _, c := range f.strangers(p) {
			index(c, b.ID)
			index(c, b.ID, "stolen")
			index(c, foreign.ID, "stolen")
		}
		index(p, foreign.ID, "stolen")
		f.wantKeyed(t, p, "stolen")
		f.wantKeyed(t, p, "y", b)
		n, err := f.store.CountAccounts(t.Context(), f.other.ID, account.Query{Filter: query.Filter{Conditions: []query.Condition{
			{Member: query.MemberCustom, Property: p, Exists: true},
		}}})
		if err != nil || n != 0 {
			t.Errorf("another company has %d accounts with the property, %v", n, err)
		}
	})
	t.Run("deleted", func(t *testing.T) {
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.DeleteAccount(ctx, f.company.ID, b.ID) })
		f.wantKeyed(t, p, "y")
	})
}

// What an account is found by is replaced, whether that is as many keys as before
// or not, and also where it is not found yet.
func testReplaceKeys(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Text, Multiple: true, Index: schema.IndexReady})
	witness := f.addProperty(t, schema.Property{Name: "Witness", Key: "witness", Type: schema.Text, Index: schema.IndexReady})
	a, b := f.addAccount(t, f.newAccount("A")), f.addAccount(t, f.newAccount("B"))
	replace := func(p schema.Property, id int64, before, keys []string) {
		t.Helper()
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.ReplaceKeys(ctx, p, id, before, keys) })
	}
	replace(p, b.ID, nil, []string{"one"})
	replace(witness, a.ID, nil, []string{"one"})
	found := []string(nil)
	for _, keys := range [][]string{{"one"}, {"two"}, {"two", "three"}, {"four", "three", "four"}, {"five"}, {}, {"six", "one"}} {
		replace(p, a.ID, found, keys)
		found = keys
		for _, key := range []string{"two", "three", "four", "five", "six"} {
			var want []account.Account
			if slices.Contains(keys, key) {
				want = append(want, a)
			}
			f.wantKeyed(t, p, key, want...)
		}
	}
	f.wantKeyed(t, p, "one", a, b)
	f.wantKeyed(t, witness, "one", a)

	t.Run("not found yet", func(t *testing.T) {
		late := f.addAccount(t, f.newAccount("Late"))
		replace(p, late.ID, []string{"one"}, []string{"seven"})
		f.wantKeyed(t, p, "seven", late)
		f.wantKeyed(t, p, "one", a, b)
	})
	t.Run("another company's", func(t *testing.T) {
		for _, c := range f.strangers(p) {
			replace(c, b.ID, []string{"one"}, []string{"stolen"})
			replace(c, b.ID, nil, []string{"stolen"})
			replace(c, b.ID, []string{"one"}, nil)
		}
		f.wantKeyed(t, p, "stolen")
		f.wantKeyed(t, p, "one", a, b)
	})
}

func testIndexAccounts(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Text, Multiple: true, Index: schema.IndexReady})
	with := func(company int64, value any) account.Account {
		a := f.newAccount("With")
		a.CompanyID, a.Custom = company, account.Custom{}
		if value != nil {
			a.Custom[p.Key] = value
		}
		return f.addAccount(t, a)
	}
	one, two, none := with(f.company.ID, "B \"<ö>\\"), with(f.company.ID, []any{"a", "12"}), with(f.company.ID, nil)
	left, foreign := with(f.company.ID, "a"), with(f.other.ID, "a")
	index := func(p schema.Property, ids ...int64) {
		f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.IndexAccounts(ctx, p, ids) })
	}
	for range 2 { // What is there stays.
		index(p, two.ID, foreign.ID, one.ID, none.ID, left.ID+1_000_000)
		f.wantKeyed(t, p, "a", two)
		f.wantKeyed(t, p, "12", two)
		f.wantKeyed(t, p, "b \"<ö>\\", one)
	}
	for _, c := range f.strangers(p) {
		index(c, left.ID)
	}
	f.wantKeyed(t, p, "a", two)
	index(p)
	index(p, left.ID)
	f.wantKeyed(t, p, "a", two, left)
}

func testAccountsWith(t *testing.T, f *fixture) {
	for _, state := range []schema.IndexState{schema.IndexNone, schema.IndexBuilding, schema.IndexReady} {
		p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags_" + string(state), Type: schema.Text, Multiple: true, Index: state})
		var want []account.Account
		for i, value := range []any{"x", nil, []any{"x"}, false, []any{}, "", nil} {
			a, foreign := f.newAccount("With"), f.newAccount("Foreign")
			foreign.CompanyID = f.other.ID
			foreign.Custom = account.Custom{p.Key: "x"}
			f.addAccount(t, foreign)
			a.Active = i > 0
			if value != nil {
				a.Custom = account.Custom{p.Key: value}
			}
			a = f.addAccount(t, a)
			if state != schema.IndexNone {
				f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.IndexCustom(ctx, p, a.ID, p.Keys(value)) })
			}
			if len(p.Keys(value)) > 0 {
				want = append(want, a)
			}
		}
		for _, c := range []struct {
			after int64
			limit int
			want  []account.Account
		}{
			{0, 10, want},
			{0, 2, want[:2]},
			{want[1].ID, 2, want[2:]},
			{want[0].ID, 1, want[1:2]},
			{want[3].ID, 2, []account.Account{}},
		} {
			got, err := f.store.AccountsWith(t.Context(), p, c.after, c.limit)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, got, c.want)
		}
		unused := p
		unused.ID, unused.Key = p.ID+1_000_000, "tag"
		got, err := f.store.AccountsWith(t.Context(), unused, 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, []account.Account{})
	}
}

func testKeyedAccounts(t *testing.T, f *fixture) {
	p := f.addProperty(t, schema.Property{Name: "Tags", Key: "tags", Type: schema.Text, Multiple: true, Index: schema.IndexReady})
	other := f.addProperty(t, schema.Property{Name: "Other", Key: "other", Type: schema.Text, Index: schema.IndexReady})
	var ids []int64
	for _, keys := range [][]string{{"b"}, {"a", "b"}, {"c"}, nil, {"a"}} {
		a := f.addAccount(t, f.newAccount("Keyed"))
		ids = append(ids, a.ID)
		f.write(t, func(ctx context.Context, tx store.Tx) error {
			if err := tx.IndexCustom(ctx, other, a.ID, []string{"a"}); err != nil {
				return err
			}
			return tx.IndexCustom(ctx, p, a.ID, keys)
		})
	}
	foreign := p
	foreign.CompanyID = f.other.ID
	for _, c := range []struct {
		of   schema.Property
		keys []string
		want []int64
	}{
		{p, []string{"a", "b"}, []int64{ids[0], ids[1], ids[4]}},
		{p, []string{"c", "d"}, ids[2:3]},
		{p, nil, []int64{}},
		{foreign, []string{"a"}, []int64{}},
	} {
		got, err := f.store.KeyedAccounts(t.Context(), c.of, c.keys)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v %v, want %v", c.keys, got, err, c.want)
		}
	}
}
