package identity_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
	"github.com/accountsd/accountsd/server/store"
)

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	actor, err := s.Keys.Authenticate(t.Context(), s.Token, netip.Addr{})
	if err != nil || actor != s.Actor || actor.Scope != identity.ScopeAdmin || actor.User.Email != "ada@example.com" {
		t.Fatalf("%+v %v", actor, err)
	}
	ada, err := s.Users.Find(t.Context(), "", "ADA@example.com")
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Keys.CreateFor(t.Context(), ada, identity.NewKey{Name: "reports", Scopes: []identity.Scope{identity.ScopeRead, identity.ScopeWrite}})
	if err != nil {
		t.Fatal(err)
	}
	if actor, err := s.Keys.Authenticate(t.Context(), token, netip.Addr{}); err != nil || actor.Scope != identity.ScopeWrite {
		t.Errorf("%+v %v", actor, err)
	}
	for _, wrong := range []string{"", token[:len(token)-1], token + "x", strings.ToUpper(token)} {
		if _, err := s.Keys.Authenticate(t.Context(), wrong, netip.Addr{}); fault.KindOf(err) != fault.KindUnauthorized {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	key, _, err := s.Store.KeyByHash(t.Context(), identity.HashToken(token), s.Now)
	if err != nil || !strings.HasPrefix(token, key.Prefix) || len(key.Prefix) > 12 || key.Name != "reports" {
		t.Errorf("%+v %v", key, err)
	}
}

// An expiry takes effect with the first request at its time.
func TestAuthenticateExpiry(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	token := identity.NewToken()
	key := identity.Key{CompanyID: s.Company.ID, UserID: s.User.ID, Hash: identity.HashToken(token), Scope: identity.ScopeRead, CreatedAt: s.Now, ExpiresAt: s.Now.Add(time.Hour)}
	if err := s.Store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertKey(ctx, &key) }); err != nil {
		t.Fatal(err)
	}
	s.Now = s.Now.Add(time.Hour - time.Second)
	if _, err := s.Keys.Authenticate(t.Context(), token, netip.Addr{}); err != nil {
		t.Errorf("a second before: %v", err)
	}
	s.Now = s.Now.Add(time.Second)
	if _, err := s.Keys.Authenticate(t.Context(), token, netip.Addr{}); fault.KindOf(err) != fault.KindUnauthorized {
		t.Errorf("at its time: %v", err)
	}
}

// What is remembered of a key is never older than what another process on the
// same store has made of it.
func TestAuthenticateChanges(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	other := server.NewServices(s.Store, server.ServiceConfig{})
	issued, err := s.Keys.Create(t.Context(), s.Actor, identity.NewKey{Name: "remembered"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if actor, err := s.Keys.Authenticate(t.Context(), issued.Token, netip.Addr{}); err != nil || actor.User.FirstName != "" {
			t.Fatalf("%+v %v", actor, err)
		}
	}
	if _, err := other.Users.Update(t.Context(), s.Actor, s.User.ID, identity.UserPatch{FirstName: patch.Set("Ada")}); err != nil {
		t.Fatal(err)
	}
	if actor, err := s.Keys.Authenticate(t.Context(), issued.Token, netip.Addr{}); err != nil || actor.User.FirstName != "Ada" {
		t.Errorf("after a change of the user: %+v %v", actor, err)
	}
	if err := other.Keys.Revoke(t.Context(), s.Actor, issued.Key.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Keys.Authenticate(t.Context(), issued.Token, netip.Addr{}); fault.KindOf(err) != fault.KindUnauthorized {
		t.Errorf("after its revocation: %v", err)
	}
}

func TestTokensDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		token := identity.NewToken()
		if seen[token] || !strings.HasPrefix(token, "acc_") || len(token) != 47 {
			t.Fatal(token)
		}
		seen[token] = true
	}
}

func TestCreateCompanyNamesEveryOffence(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	_, err := s.Users.CreateCompany(t.Context(), identity.NewCompany{Name: " ", Email: "nobody", Password: "short"})
	if got := domaintest.Fields(err); !slices.Equal(got, []string{"company", "email", "password"}) {
		t.Errorf("%v: %v", got, err)
	}
	_, err = s.Users.CreateCompany(t.Context(), identity.NewCompany{Name: "SUNRISE", Email: "sam@harbor.example"})
	if fault.KindOf(err) != fault.KindConflict {
		t.Errorf("a taken name: %v", err)
	}
	if companies, err := s.Store.Companies(t.Context()); err != nil || len(companies) != 1 {
		t.Errorf("a company was left behind: %v %v", companies, err)
	}
}

// Pages of a list by id are cut as slices are, however long the list.
func TestPagesByID(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	ids := []int64{s.User.ID}
	err := s.Store.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
		for i := range 1100 {
			u := identity.User{CompanyID: s.Company.ID, Email: fmt.Sprintf("u%d@example.com", i), CreatedAt: s.Now}
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
		page := query.Page{Limit: rapid.IntRange(1, 101).Draw(t, "limit")}
		place := rapid.IntRange(0, len(ids)).Draw(t, "place")
		want := ids[place:]
		switch kind := rapid.IntRange(0, 2).Draw(t, "kind"); {
		case kind == 0:
			page.Offset = int64(place)
		case kind == 1 && place > 0:
			page.After = &query.Cursor{ID: ids[place-1]}
		case kind == 2 && place < len(ids):
			page.Before = &query.Cursor{ID: ids[place]}
			want = ids[max(0, place-page.Limit):place]
		default:
			want = ids
		}
		want = want[:min(len(want), page.Limit)]
		users, err := s.Users.List(t.Context(), s.Actor, identity.UserFilter{}, page)
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
	s := domaintest.New(t)
	created, err := s.Users.CreateCompany(t.Context(), identity.NewCompany{Name: "Harbor", Email: "sam@harbor.example", Password: "a long password"})
	if err != nil || !strings.HasPrefix(created.User.PasswordHash, "$argon2id$") {
		t.Fatal(created, err)
	}
	actor, err := s.Logins.Login(t.Context(), identity.Login{Email: " SAM@harbor.example", Password: "a long password"})
	if err != nil || actor.Scope != identity.ScopeAdmin || actor.User.ID != created.User.ID || actor.KeyID != 0 {
		t.Errorf("%+v %v", actor, err)
	}
	var logins sync.WaitGroup
	for range 8 {
		logins.Go(func() {
			if _, err := s.Logins.Login(t.Context(), identity.Login{Email: "sam@harbor.example", Password: "a wrong password"}); fault.KindOf(err) != fault.KindUnauthorized {
				t.Error(err)
			}
		})
	}
	logins.Wait()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Logins.Login(ended, identity.Login{Email: "sam@harbor.example", Password: "a long password"}); !errors.Is(err, context.Canceled) {
		t.Errorf("an ended request: %v", err)
	}
}

func TestInviteATakenAddress(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	if _, err := s.Users.Invite(t.Context(), s.Actor, identity.NewUser{Email: "ADA@example.com"}); fault.KindOf(err) != fault.KindConflict {
		t.Errorf("a taken address: %v", err)
	}
}
