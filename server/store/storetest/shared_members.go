package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
)

func textProperty(key string) schema.Property {
	return schema.Property{Name: key, Key: key, Type: schema.Text}
}

// addDropdown adds a property with so many options.
func (f *shared) addDropdown(t *testing.T, key string, options int) {
	t.Helper()
	p := schema.Property{Name: key, Key: key, Type: schema.Dropdown, Index: schema.IndexReady}
	for i := range options {
		p.Options = append(p.Options, fmt.Sprintf("Option %d", i))
	}
	f.addProperty(t, p)
}

// options are those of the one property.
func (f *shared) options(t *testing.T) []string {
	t.Helper()
	properties := f.properties(t, f.company.ID)
	if len(properties) != 1 {
		t.Fatalf("properties %+v", properties)
	}
	return properties[0].Options
}

// An option that several add at once, in several spellings, is one, and all accounts
// have it as it is stored.
func testSharedOptions(t *testing.T, f *shared) {
	f.addDropdown(t, "roof", 0)
	const n = 24
	ids := make([]int64, n)
	for i := range ids {
		ids[i] = f.create(t, f.servers[0], "Roofed").ID
	}
	for _, label := range []string{"Thatch", "Slate", "Übergroß"} {
		spellings := []string{label, strings.ToUpper(label), strings.ToLower(label), " " + label}
		f.race(t, n, func(s *rooms, i int) error {
			_, err := s.accounts.Update(t.Context(), f.actor, account.UpdateRequest{
				ID: ids[i], Patch: customOf("roof", spellings[i/2%4]), AllowNewOptions: true,
			})
			return err
		})
		all := f.options(t)
		stored := all[len(all)-1]
		for i, id := range ids {
			a, err := f.servers[i%2].Account(t.Context(), f.company.ID, id)
			if err != nil || a.Custom["roof"] != stored {
				t.Errorf("account %d has %v, want %s (%v)", id, a.Custom["roof"], stored, err)
			}
		}
	}
	if all := f.options(t); len(all) != 3 {
		t.Errorf("options %q", all)
	}
}

// A property never has more than the most options, however many are added at once.
func testLastOptions(t *testing.T, f *shared) {
	const left, n = 3, 12
	f.addDropdown(t, "roof", schema.MaxOptions-left)
	a := f.create(t, f.servers[0], "Roofed")
	added := 0
	for _, err := range f.onBoth(n, func(s *rooms, i int) error {
		_, err := s.accounts.Update(t.Context(), f.actor, account.UpdateRequest{
			ID: a.ID, Patch: customOf("roof", fmt.Sprint("New ", i)), AllowNewOptions: true,
		})
		return err
	}) {
		switch {
		case err == nil:
			added++
		case fault.KindOf(err) != fault.KindInvalid:
			t.Error(err)
		}
	}
	if all := f.options(t); added != left || len(all) != schema.MaxOptions {
		t.Errorf("%d were added, and now there are %d", added, len(all))
	}
}

// Patches of different members at once are all carried out.
func testSharedMembers(t *testing.T, f *shared) {
	const n, rounds = 8, 3
	for i := range n {
		f.addProperty(t, textProperty(fmt.Sprintf("member_%d", i)))
	}
	a := f.create(t, f.servers[0], "Before")
	patches := []account.Patch{{Title: patch.Set("After")}, {Description: patch.Set("After")}, {Value: patch.Set(7.0)}, {Address: patch.Set([]string{"After"})}}
	for round := range rounds {
		f.race(t, n+len(patches), func(s *rooms, i int) error {
			p := customOf(fmt.Sprintf("member_%d", i), fmt.Sprint(round))
			if i >= n {
				p = patches[i-n]
			}
			_, err := s.accounts.Update(t.Context(), f.actor, account.UpdateRequest{ID: a.ID, Patch: p})
			return err
		})
		got, err := f.store.Account(t.Context(), f.company.ID, a.ID)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if key := fmt.Sprintf("member_%d", i); got.Custom[key] != fmt.Sprint(round) {
				t.Errorf("round %d: %s is %v", round, key, got.Custom[key])
			}
		}
		if got.Title != "After" || *got.Description != "After" || *got.Value != 7 || got.Address[0] != "After" {
			t.Errorf("%+v", got)
		}
	}
	// The members that were not custom changed in the first round only.
	f.wantChanged(t, a.ID, 1+n*rounds+len(patches))
}

// A part of a transaction that fails leaves nothing, and lets go of nothing that the
// rest still needs.
func testPartThatFails(t *testing.T, f *shared) {
	a := f.create(t, f.servers[0], "Shared")
	const n, rounds = 8, 5
	failure := errors.New("not this way")
	f.race(t, n, func(s *rooms, i int) error {
		for round := range rounds {
			err := s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
				err := tx.Isolate(ctx, func(ctx context.Context) error {
					return errors.Join(f.addMember(ctx, tx, a.ID, fmt.Sprintf("not_%d_%d", i, round)), failure)
				})
				if !errors.Is(err, failure) {
					return err
				}
				return f.addMember(ctx, tx, a.ID, fmt.Sprintf("member_%d_%d", i, round))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	got, err := f.store.Account(t.Context(), f.company.ID, a.ID)
	if err != nil || got.Version != a.Version+n*rounds || len(got.Custom) != n*rounds {
		t.Errorf("version %d with %d members (%v), want %d with %d", got.Version, len(got.Custom), err, a.Version+n*rounds, n*rounds)
	}
}

// addMember adds a custom member to an account.
func (f *shared) addMember(ctx context.Context, tx store.Tx, id int64, member string) error {
	a, err := tx.AccountForUpdate(ctx, f.company.ID, id)
	if err != nil {
		return err
	}
	a.Version++
	a.Custom[member] = "x"
	return tx.UpdateAccount(ctx, a, patch.Changes{account.CustomPrefix + member: {}})
}
