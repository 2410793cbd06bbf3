package account_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
)

// An export of several pages has all of the company's accounts, and ends with
// the first error.
func TestExport(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	items := make([]intake.Item, 1201)
	for i := range items {
		items[i] = intake.Item{Act: intake.ActCreate, By: account.MatchNone, Patch: account.Patch{Title: patch.Set(fmt.Sprintf("Row %d", i)), Address: patch.Set([]string{"x"})}}
	}
	if _, err := s.Intake.BatchItems(t.Context(), s.Actor, intake.ItemsRequest{Items: items}); err != nil {
		t.Fatal(err)
	}
	first, err := s.Store.FindAccount(t.Context(), s.Company.ID, account.MatchTitle, "row 0")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Accounts.Update(t.Context(), s.Actor, account.UpdateRequest{ID: first.ID, Patch: account.Patch{Active: patch.Set(false)}}); err != nil {
		t.Fatal(err)
	}
	for archived, want := range map[bool]int{true: 1201, false: 1200} {
		seen := map[string]bool{}
		last := int64(0)
		err := s.Accounts.Export(t.Context(), s.Company.ID, archived, func(a account.Account) error {
			if a.ID <= last {
				t.Errorf("id %d after %d", a.ID, last)
			}
			last, seen[a.Title] = a.ID, true
			return nil
		})
		if err != nil || len(seen) != want {
			t.Errorf("archived %t: %d accounts, want %d: %v", archived, len(seen), want, err)
		}
	}
	failure, taken := errors.New("pipe closed"), 0
	err = s.Accounts.Export(t.Context(), s.Company.ID, true, func(account.Account) error {
		taken++
		return failure
	})
	if !errors.Is(err, failure) || taken != 1 {
		t.Errorf("%v after %d", err, taken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Accounts.Export(ctx, s.Company.ID, true, func(account.Account) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
