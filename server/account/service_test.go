package account_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
)

// The history of an account tells what was done to it, by whom and when.
func TestHistory(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	a := s.Account(t, "Harbor")
	s.Now = s.Now.Add(-time.Hour) // A clock that is set back makes no record younger.
	updated, err := s.Accounts.Update(t.Context(), s.Actor, account.UpdateRequest{ID: a.ID, Patch: account.Patch{Title: patch.Set("Pier")}})
	if err != nil || updated.UpdatedAt.Before(a.UpdatedAt) || updated.UpdatedAt.Nanosecond()%1e6 != 0 {
		t.Fatalf("%+v %v", updated, err)
	}
	history, err := s.Store.History(t.Context(), s.Company.ID, a.ID, 0, 100)
	if err != nil || len(history) != 2 {
		t.Fatalf("%+v %v", history, err)
	}
	update, create := history[0], history[1]
	if update.Kind != account.ChangeUpdated || update.Version != 2 || fmt.Sprint(update.Fields) != "map[title:{Harbor Pier}]" || update.KeyID != s.Actor.KeyID {
		t.Errorf("update: %+v", update)
	}
	if create.Kind != account.ChangeCreated || create.Version != 1 || create.Fields["number"].Before != nil || fmt.Sprint(create.Fields["number"].After) != "1" || create.Email != "ada@example.com" {
		t.Errorf("create: %+v", create)
	}
}

// A number is the next one that is free, whatever was taken by hand.
func TestNumbers(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	first := s.Account(t, "a")
	if _, err := s.Accounts.Update(t.Context(), s.Actor, account.UpdateRequest{ID: first.ID, Patch: account.Patch{Number: patch.Set[int64](3)}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{2, 4} {
		if got := s.Account(t, "b").Number; got != want {
			t.Errorf("number %d, want %d", got, want)
		}
	}
}
