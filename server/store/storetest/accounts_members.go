package storetest

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/store"
)

// testMembers holds the store against account's table of members: each one that
// is written comes back, whether it is written alone or with all others. So one
// that the table has and the store has not is named. Custom values and contacts
// are looked at by tests of their own.
func testMembers(t *testing.T, f *fixture) {
	all := make(map[string]any)
	for _, c := range account.Columns(nil) {
		member := query.Member(c.Name)
		if c.Ignored || member == account.MemberID || member == account.MemberContacts {
			continue
		}
		all[c.Name] = sample(t, c)
		f.wantMembers(t, map[string]any{c.Name: all[c.Name]})
	}
	all["number"] = json.Number("7002")
	f.wantMembers(t, all)
}

// sample is a value of a body that the member takes, and that no account has.
func sample(t *testing.T, c account.Column) any {
	t.Helper()
	value, ok := map[query.Kind]any{
		query.Text:    "sample@example.com",
		query.Email:   "sample@example.com",
		query.Phone:   "+14155550199",
		query.Integer: json.Number("7001"),
		query.Amount:  json.Number("12.5"),
		query.Bool:    false,
		query.Time:    "2026-11-24T16:05:12.345Z",
		query.Date:    "2026-11-24",
	}[c.Kind]
	if labels := account.Subjects(nil).Standard[c.Name].Labels; len(labels) > 0 {
		value, ok = labels[0], true
	}
	if !ok {
		t.Errorf("%s is of a kind that this test has no value of", c.Name)
	}
	if c.List {
		return []any{value}
	}
	return value
}

// wantMembers checks that members are kept when an account is changed, and when
// it is added.
func (f *fixture) wantMembers(t *testing.T, body map[string]any) {
	t.Helper()
	before := f.addAccount(t, f.newAccount("Members"))
	made := account.Apply(before, account.ParsePatch(body, "US"), account.Env{})
	if len(made.Errors) > 0 || len(made.Changes) != len(body) {
		t.Errorf("%v: %v, %v", body, made.Errors, made.Changes)
		return
	}
	made.Account.Version++
	f.write(t, func(ctx context.Context, tx store.Tx) error { return tx.UpdateAccount(ctx, made.Account, made.Changes) })
	f.wantSame(t, "UpdateAccount", made.Account, slices.Collect(maps.Keys(body)))
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		return tx.DeleteAccount(ctx, before.CompanyID, before.ID)
	})
	f.wantSame(t, "InsertAccount", f.addAccount(t, made.Account), slices.Collect(maps.Keys(body)))
}

func (f *fixture) wantSame(t *testing.T, by string, want account.Account, names []string) {
	t.Helper()
	got, err := f.store.Account(t.Context(), want.CompanyID, want.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range account.Columns(nil) {
		if got, want := c.Value(&got), c.Value(&want); slices.Contains(names, c.Name) && !reflect.DeepEqual(got, want) {
			t.Errorf("%s does not write the member %s, which account's table has: got %v, want %v", by, c.Name, got, want)
		}
	}
}
