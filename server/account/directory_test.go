package account_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server/account"
)

// Whatever a contact is patched with, a patch that sends it back changes
// nothing, and what is stored is in its normal form.
func TestContactPatches(t *testing.T) {
	t.Parallel()
	s := newService(t)
	a, b := s.create(t, "a"), s.create(t, "b")
	rapid.Check(t, func(t *rapid.T) {
		accountIDs := rapid.SliceOfN(rapid.SampledFrom([]int64{a.ID, b.ID, 99}), 0, 3)
		draw := func() account.ContactPatch {
			return account.ContactPatch{
				Name:       drawField(t, "name", texts),
				Title:      drawField(t, "title", texts),
				Emails:     drawField(t, "emails", rapid.SliceOfN(texts, 0, 3)),
				Phones:     drawField(t, "phones", rapid.SliceOfN(texts, 0, 3)),
				AccountIDs: drawField(t, "accountIds", accountIDs),
			}
		}
		first := draw()
		if first.Name.IsNull() {
			first.Name = account.Set("x")
		}
		contact, err := s.CreateContact(t.Context(), s.Actor, first)
		if err != nil {
			if account.KindOf(err) != account.KindInvalid || len(fields(err)) == 0 {
				t.Fatal(err)
			}
			contact, err = s.CreateContact(t.Context(), s.Actor, account.ContactPatch{Name: account.Set("x")})
			if err != nil {
				t.Fatal(err)
			}
		}
		s.now = s.now.Add(time.Second)
		patched, err := s.UpdateContact(t.Context(), s.Actor, contact.ID, draw())
		stored, loadErr := s.Contact(t.Context(), s.Actor, contact.ID)
		if loadErr != nil {
			t.Fatal(loadErr)
		}
		if err != nil {
			patched = contact // Nothing of a refused patch is stored.
		}
		if !reflect.DeepEqual(stored, patched) {
			t.Fatalf("stored %+v\nwant %+v (%v)", stored, patched, err)
		}
		for _, email := range stored.Emails {
			if normal, ok := account.NormalizeEmail(email); !ok || normal != email {
				t.Fatalf("e-mail address %q", email)
			}
		}
		ids := make([]int64, len(stored.Accounts))
		for i, ref := range stored.Accounts {
			ids[i] = ref.ID
		}
		echo := account.ContactPatch{
			Name: account.Set(stored.Name), Title: account.Set(stored.Title), Emails: account.Set(stored.Emails),
			Phones: account.Set(stored.Phones), AccountIDs: account.Set(ids), ID: account.Set(stored.ID),
		}
		s.now = s.now.Add(time.Second)
		again, err := s.UpdateContact(t.Context(), s.Actor, contact.ID, echo)
		if err != nil || !reflect.DeepEqual(again, stored) {
			t.Fatalf("sent back: %+v %v\nwant %+v", again, err, stored)
		}
		for _, linked := range []account.Account{a, b} {
			has := false
			now, err := s.Get(t.Context(), s.Actor, linked.ID, true)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range now.Contacts {
				has = has || c.ID == contact.ID
			}
			if has != slices.Contains(ids, linked.ID) {
				t.Fatalf("account %d and contact %d disagree on the link", linked.ID, contact.ID)
			}
		}
		if err := s.DeleteContact(t.Context(), s.Actor, contact.ID); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever a definition is patched with, accounts have values of its options
// only, the history tells how they came to them, and the index knows them.
func TestPropertyPatches(t *testing.T) {
	t.Parallel()
	s := newService(t)
	labels := rapid.SampledFrom([]string{"Gold", "gold", " GOLD", "Silver", "Straße", "STRASSE", "İstanbul", "Tin"})
	number := 0
	rapid.Check(t, func(t *rapid.T) {
		number++
		p, err := s.CreateProperty(t.Context(), account.Property{
			CompanyID: s.Company.ID, Name: fmt.Sprint("p", number), Type: account.PropertyDropdown, Multiple: rapid.Bool().Draw(t, "multiple"),
			Options: rapid.SliceOfN(labels, 1, 5).Draw(t, "options"), Index: account.IndexReady,
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
			result, err := s.Create(t.Context(), s.Actor, account.CreateRequest{MatchBy: account.MatchNone, Patch: account.Patch{
				Title: account.Set(fmt.Sprint(i)), Address: account.Set([]string{"x"}), Custom: account.Set(map[string]any{p.Key: value}),
			}})
			if err != nil {
				t.Fatal(err)
			}
			accounts = append(accounts, result.Account)
		}
		for range rapid.IntRange(1, 3).Draw(t, "patches") {
			patch := account.PropertyPatch{
				AddOptions:    rapid.SliceOfN(labels, 0, 2).Draw(t, "add"),
				RemoveOptions: rapid.SliceOfN(labels, 0, 2).Draw(t, "remove"),
			}
			if rapid.Bool().Draw(t, "whole list") {
				patch.Options = account.Set(rapid.SliceOfN(labels, 0, 4).Draw(t, "options"))
			}
			for range rapid.IntRange(0, 2).Draw(t, "renames") {
				patch.Renames = append(patch.Renames, account.OptionRename{From: labels.Draw(t, "from"), To: labels.Draw(t, "to")})
			}
			updated, err := s.UpdateProperty(t.Context(), s.Actor, p.Key, patch, true)
			if err != nil {
				if account.KindOf(err) != account.KindInvalid {
					t.Fatal(err)
				}
				continue
			}
			p = updated
		}
		folds := map[string]bool{}
		for _, option := range p.Options {
			if folds[account.Fold(option)] {
				t.Fatalf("options %q", p.Options)
			}
			folds[account.Fold(option)] = true
		}
		for _, a := range accounts {
			checkDefined(t, s, p, a)
		}
		echo := account.PropertyPatch{
			Name: account.Set(p.Name), Type: account.Set(p.Type), Multiple: account.Set(p.Multiple), Options: account.Set(p.Options),
			Default: account.Set(p.Default), Indexed: account.Set(true), Key: account.Set(p.Key),
		}
		again, err := s.UpdateProperty(t.Context(), s.Actor, p.Key, echo, false)
		if err != nil || fmt.Sprint(again) != fmt.Sprint(p) {
			t.Fatalf("sent back: %+v %v\nwant %+v", again, err, p)
		}
		if err := s.DeleteProperty(t.Context(), s.Actor, p.Key, true); err != nil {
			t.Fatal(err)
		}
	})
}

// checkDefined checks what an account has of a property.
func checkDefined(t *rapid.T, s *service, p account.Property, created account.Account) {
	a, err := s.Get(t.Context(), s.Actor, created.ID, true)
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
	history, err := s.store.History(t.Context(), s.Company.ID, a.ID, 0, 100)
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
		filter := account.Filter{Conditions: []account.Condition{
			{Member: account.MemberID, Ranges: []account.Range{{From: a.ID, To: a.ID}}},
			{Member: account.MemberCustom, Property: p, Ranges: []account.Range{{From: key, To: key}}},
		}}
		found, err := s.Count(t.Context(), s.Actor, account.AccountQuery{Filter: filter, Page: account.Page{Limit: 1}})
		if err != nil || (found == 1) != filter.Matches(a) {
			t.Fatalf("option %s of %v: the index finds %d, %v", option, value, found, err)
		}
	}
}

// A dry run checks and answers as the real one, and leaves nothing.
func TestDryRun(t *testing.T) {
	t.Parallel()
	s := newService(t)
	dry := s.DryRun()
	contact, err := dry.CreateContact(t.Context(), s.Actor, account.ContactPatch{Name: account.Set("Jo")})
	if err != nil || contact.ID == 0 || contact.Name != "Jo" {
		t.Fatalf("%+v %v", contact, err)
	}
	if _, err := s.Contact(t.Context(), s.Actor, contact.ID); account.KindOf(err) != account.KindNotFound {
		t.Errorf("it was written: %v", err)
	}
	if _, err := dry.InviteUser(t.Context(), s.Actor, account.NewUser{Email: "ADA@example.com"}); account.KindOf(err) != account.KindConflict {
		t.Errorf("a taken address: %v", err)
	}
	if err := dry.DeleteContact(t.Context(), s.Actor, 99); account.KindOf(err) != account.KindNotFound {
		t.Errorf("no such contact: %v", err)
	}
}

// Pages of a list by id are cut as slices are, however long the list.
func TestPagesByID(t *testing.T) {
	t.Parallel()
	s := newService(t)
	ids := []int64{s.User.ID}
	err := s.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error {
		for i := range 1100 {
			u := account.User{CompanyID: s.Company.ID, Email: fmt.Sprintf("u%d@example.com", i), CreatedAt: s.now}
			if err := tx.InsertUser(ctx, &u); err != nil {
				return err
			}
			ids = append(ids, u.ID)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		page := account.Page{Limit: rapid.IntRange(1, 101).Draw(t, "limit")}
		place := rapid.IntRange(0, len(ids)).Draw(t, "place")
		want := ids[place:]
		switch kind := rapid.IntRange(0, 2).Draw(t, "kind"); {
		case kind == 0:
			page.Offset = int64(place)
		case kind == 1 && place > 0:
			page.After = &account.Cursor{ID: ids[place-1]}
		case kind == 2 && place < len(ids):
			page.Before = &account.Cursor{ID: ids[place]}
			want = ids[max(0, place-page.Limit):place]
		default:
			want = ids
		}
		want = want[:min(len(want), page.Limit)]
		users, err := s.Users(t.Context(), s.Actor, page)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for _, u := range users {
			got = append(got, u.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%+v: %v, want %v", page, got, want)
		}
	})
}

// A login waits for the others to be done, as long as its context lasts.
func TestLoginsWait(t *testing.T) {
	t.Parallel()
	s := newService(t)
	created, err := s.CreateCompany(t.Context(), account.NewCompany{Name: "Harbor", Email: "sam@harbor.example", Password: "a long password"})
	if err != nil || !strings.HasPrefix(created.User.PasswordHash, "$argon2id$") {
		t.Fatal(created, err)
	}
	actor, err := s.Login(t.Context(), " SAM@harbor.example", "a long password")
	if err != nil || actor.Scope != account.ScopeAdmin || actor.User.ID != created.User.ID || actor.KeyID != 0 {
		t.Errorf("%+v %v", actor, err)
	}
	var logins sync.WaitGroup
	for range 8 {
		logins.Go(func() {
			if _, err := s.Login(t.Context(), "sam@harbor.example", "a wrong password"); account.KindOf(err) != account.KindUnauthorized {
				t.Error(err)
			}
		})
	}
	logins.Wait()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Login(ended, "sam@harbor.example", "a long password"); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended request: %v", err)
	}
}
