package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/store"
)

// testDuplicates compares the groups of accounts that have a member in common with
// those made in memory of all accounts.
func testDuplicates(t *testing.T, f *fixture) {
	all := addLookalikes(t, f, 300)
	for _, reason := range account.DuplicateReasons {
		for _, archived := range []bool{false, true} {
			t.Run(fmt.Sprint(reason, archived), func(t *testing.T) {
				t.Parallel()
				want := duplicatesAmong(all, reason, archived)
				if len(want) < 3 {
					t.Fatalf("only %d groups would be found", len(want))
				}
				equal(t, f.duplicates(t, reason, archived), want)
			})
		}
	}
	keys, err := f.store.DuplicateKeys(t.Context(), f.other.ID, account.DuplicateTitle, "", 10)
	if err != nil || len(keys) != 0 {
		t.Errorf("the other company has %q in common, %v", keys, err)
	}
	groups, err := f.store.Duplicates(t.Context(), f.other.ID, account.DuplicateTitle, []string{"acme"}, true)
	if err != nil || len(groups) != 0 {
		t.Errorf("the other company has %d groups, %v", len(groups), err)
	}
}

// duplicates reads all groups, a few keys at a time.
func (f *fixture) duplicates(t *testing.T, reason account.DuplicateReason, archived bool) []group {
	t.Helper()
	var found []group
	after := ""
	for range 1000 {
		keys, err := f.store.DuplicateKeys(t.Context(), f.company.ID, reason, after, 3)
		if err != nil {
			t.Fatal(err)
		}
		if len(keys) == 0 {
			return found
		}
		groups, err := f.store.Duplicates(t.Context(), f.company.ID, reason, keys, archived)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			shown := group{Key: g.Key, Reasons: g.Reasons, Count: g.Count}
			for _, a := range g.Accounts {
				shown.IDs = append(shown.IDs, a.ID)
			}
			found = append(found, shown)
		}
		after = keys[len(keys)-1]
	}
	t.Fatal("there is no end of groups")
	return nil
}

// group is what counts of account.Duplicates.
type group struct {
	Key     string
	Reasons []account.DuplicateReason
	Count   int64
	IDs     []int64
}

// duplicatesAmong are the groups of accounts, by the definition.
func duplicatesAmong(all []account.Account, reason account.DuplicateReason, archived bool) []group {
	byKey := make(map[string][]account.Account)
	for _, a := range all {
		if key := duplicateKey(a, reason); key != "" && (a.Active || archived) {
			byKey[key] = append(byKey[key], a)
		}
	}
	var groups []group
	for key, members := range byKey {
		if len(members) < 2 {
			continue
		}
		slices.SortFunc(members, func(a, b account.Account) int { return cmp.Compare(a.ID, b.ID) })
		g := group{Key: key, Reasons: []account.DuplicateReason{reason}, Count: int64(len(members)), IDs: ids(members[:min(len(members), account.DuplicatesShown)])}
		for _, other := range account.DuplicateReasons {
			first := duplicateKey(members[0], other)
			differs := func(a account.Account) bool { return duplicateKey(a, other) != first }
			if other != reason && first != "" && !slices.ContainsFunc(members, differs) {
				g.Reasons = append(g.Reasons, other)
			}
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(a.Key, b.Key) })
	return groups
}

func duplicateKey(a account.Account, reason account.DuplicateReason) string {
	switch {
	case reason == account.DuplicateTitle:
		return normal.Fold(a.Title)
	case reason == account.DuplicateAddress:
		return normal.FoldLines(a.Address)
	case reason == account.DuplicateEmail && a.PrimaryEmail != nil:
		return normal.EmailKey(*a.PrimaryEmail)
	case reason == account.DuplicatePhone && a.PrimaryPhone != nil:
		return *a.PrimaryPhone
	}
	return ""
}

// addLookalikes adds accounts that have members in common, one of them more than a
// group shows.
func addLookalikes(t *testing.T, f *fixture, n int) []account.Account {
	t.Helper()
	r := rand.New(rand.NewPCG(7, 7))
	long := strings.Repeat("a long way ", 40)
	titles := []string{"Acme", " ACME ", "Äcme", "äcme", "Acme\uE000", "Straße", "STRASSE", "'; --"}
	addresses := [][]string{{"1 Main St"}, {"1 MAIN ST"}, {"1 Main St", "Springfield"}, {long, "left"}, {long, "right"}, {""}, {}}
	pick := func(many int) int { return min(r.IntN(many), r.IntN(many)) }
	all := make([]account.Account, n)
	f.write(t, func(ctx context.Context, tx store.Tx) error {
		var err error
		for i := range all {
			a := f.newAccount(fmt.Sprint("Unlike ", i))
			if r.IntN(2) == 0 {
				a.Title = titles[pick(len(titles))]
			}
			if a.Address = []string{fmt.Sprint(i, " Elsewhere")}; r.IntN(2) == 0 {
				a.Address = addresses[pick(len(addresses))]
			}
			if a.Active = r.IntN(4) > 0; r.IntN(2) == 0 {
				a.PrimaryEmail = new(fmt.Sprintf("m%d@EXAMPLE.test", pick(60)))
			}
			if r.IntN(2) == 0 {
				a.PrimaryPhone = new(fmt.Sprintf("+1415555%04d", pick(60)))
			}
			err = errors.Join(err, tx.InsertAccount(ctx, &a))
			all[i] = a
		}
		return err
	})
	return all
}
