package account_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

// service is a service on a new SQLite file, with a company and its admin.
type service struct {
	*account.Service
	store account.Store
	now   time.Time
	account.CreatedCompany
}

func newService(t *testing.T) *service {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "accounts.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &service{store: store, now: time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.UTC)}
	s.Service = account.NewService(store, account.Config{Clock: func() time.Time { return s.now }, Region: "US"})
	if s.CreatedCompany, err = s.CreateCompany(t.Context(), account.NewCompany{Name: "Sunrise", Email: "ada@example.com"}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *service) create(t *testing.T, title string) account.Account {
	t.Helper()
	result, err := s.Create(t.Context(), s.Actor, account.CreateRequest{
		Patch:   account.Patch{Title: account.Set(title), Address: account.Set([]string{"1 Main St"})},
		MatchBy: account.MatchNone,
	})
	if err != nil {
		t.Fatal(err)
	}
	return result.Account
}

// fields lists the members that an error speaks of.
func fields(err error) []string {
	var names []string
	if e, ok := errors.AsType[*account.Error](err); ok {
		for _, f := range e.Fields {
			names = append(names, f.Field())
		}
	}
	return names
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	s := newService(t)
	actor, err := s.Authenticate(t.Context(), s.Token)
	if err != nil || actor != s.Actor || actor.Scope != account.ScopeAdmin || actor.User.Email != "ada@example.com" {
		t.Fatalf("%+v %v", actor, err)
	}
	token, err := s.CreateKey(t.Context(), "ADA@example.com", "reports", []account.Scope{account.ScopeRead, account.ScopeWrite})
	if err != nil {
		t.Fatal(err)
	}
	if actor, err := s.Authenticate(t.Context(), token); err != nil || actor.Scope != account.ScopeWrite {
		t.Errorf("%+v %v", actor, err)
	}
	for _, wrong := range []string{"", token[:len(token)-1], token + "x", strings.ToUpper(token)} {
		if _, err := s.Authenticate(t.Context(), wrong); account.KindOf(err) != account.KindUnauthorized {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	key, _, err := s.store.KeyByHash(t.Context(), account.HashToken(token))
	if err != nil || !strings.HasPrefix(token, key.Prefix) || len(key.Prefix) > 12 || key.Name != "reports" {
		t.Errorf("%+v %v", key, err)
	}
}

// An expiry takes effect with the first request at its time.
func TestAuthenticateExpiry(t *testing.T) {
	t.Parallel()
	s := newService(t)
	token := account.NewToken()
	key := account.Key{CompanyID: s.Company.ID, UserID: s.User.ID, Hash: account.HashToken(token), Scope: account.ScopeRead, CreatedAt: s.now, ExpiresAt: s.now.Add(time.Hour)}
	if err := s.store.Write(t.Context(), func(ctx context.Context, tx account.Tx) error { return tx.InsertKey(ctx, &key) }); err != nil {
		t.Fatal(err)
	}
	s.now = s.now.Add(time.Hour - time.Second)
	if _, err := s.Authenticate(t.Context(), token); err != nil {
		t.Errorf("a second before: %v", err)
	}
	s.now = s.now.Add(time.Second)
	if _, err := s.Authenticate(t.Context(), token); account.KindOf(err) != account.KindUnauthorized {
		t.Errorf("at its time: %v", err)
	}
}

func TestTokensDiffer(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		token := account.NewToken()
		if seen[token] || !strings.HasPrefix(token, "acc_") || len(token) != 47 {
			t.Fatal(token)
		}
		seen[token] = true
	}
}

func TestCreateCompanyNamesEveryOffence(t *testing.T) {
	t.Parallel()
	s := newService(t)
	_, err := s.CreateCompany(t.Context(), account.NewCompany{Name: " ", Email: "nobody", Password: "short"})
	if got := fields(err); !slices.Equal(got, []string{"company", "email", "password"}) {
		t.Errorf("%v: %v", got, err)
	}
	_, err = s.CreateCompany(t.Context(), account.NewCompany{Name: "Harbor", Email: "ADA@example.com"})
	if account.KindOf(err) != account.KindConflict {
		t.Errorf("a taken e-mail address: %v", err)
	}
	if _, err := s.store.Company(t.Context(), "Harbor"); account.KindOf(err) != account.KindNotFound {
		t.Errorf("a company was left behind: %v", err)
	}
}

func TestCreateProperty(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for name, want := range map[string]string{
		"Roof type": "roof_type", "  Größe (m²) ": "gro_e_m2", "Café-Nähe": "cafe_nahe", "2nd contact": "p_2nd_contact",
		strings.Repeat("long ", 20): "long_long_long_long_long_long_long_long_long_long_long_long_long",
	} {
		p, err := s.CreateProperty(t.Context(), account.Property{CompanyID: s.Company.ID, Name: name, Type: account.PropertyText})
		if err != nil || p.Key != want {
			t.Errorf("%q: %q %v, want %q", name, p.Key, err, want)
		}
	}
	p, err := s.CreateProperty(t.Context(), account.Property{
		CompanyID: s.Company.ID, Name: "Tier", Key: "level", Type: account.PropertyDropdown, Options: []string{" Gold", "GOLD ", "Silver"},
	})
	if err != nil || p.Key != "level" || !slices.Equal(p.Options, []string{"Gold", "Silver"}) {
		t.Errorf("%+v %v", p, err)
	}
	_, err = s.CreateProperty(t.Context(), account.Property{CompanyID: s.Company.ID, Name: "Roof  TYPE", Type: account.PropertyText})
	if account.KindOf(err) != account.KindConflict {
		t.Errorf("a taken key name: %v", err)
	}
	for _, wrong := range []account.Property{
		{Name: "!", Key: "Bad Key", Type: "COLOUR"},
		{Name: "x", Type: account.PropertyText, Options: []string{"a"}},
		{Name: "x", Type: account.PropertyDropdown, Options: []string{" "}},
		{Name: "", Type: account.PropertyText},
	} {
		wrong.CompanyID = s.Company.ID
		if _, err := s.CreateProperty(t.Context(), wrong); account.KindOf(err) != account.KindInvalid {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
}

// A new account gets the default values of properties that it does not set.
func TestCreateFillsInDefaults(t *testing.T) {
	t.Parallel()
	s := newService(t)
	for _, p := range []account.Property{
		{Name: "Stage", Type: account.PropertyDropdown, Options: []string{"Lead", "Won"}, Default: []any{"Lead"}},
		{Name: "Tags", Type: account.PropertyText, Multiple: true, Default: []any{"new", "web"}},
	} {
		p.CompanyID = s.Company.ID
		if _, err := s.CreateProperty(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	result, err := s.Create(t.Context(), s.Actor, account.CreateRequest{Patch: account.Patch{
		Title: account.Set("x"), Address: account.Set([]string{"y"}), Custom: account.Set(map[string]any{"stage": "won"}),
	}})
	want := account.Custom{"stage": "Won", "tags": []any{"new", "web"}}
	if err != nil || !reflect.DeepEqual(result.Account.Custom, want) {
		t.Errorf("%v %v, want %v", result.Account.Custom, err, want)
	}
}

// The history of an account tells what was done to it, by whom and when.
func TestHistory(t *testing.T) {
	t.Parallel()
	s := newService(t)
	a := s.create(t, "Harbor")
	s.now = s.now.Add(-time.Hour) // A clock that is set back makes no record younger.
	updated, err := s.Update(t.Context(), s.Actor, account.UpdateRequest{ID: a.ID, Patch: account.Patch{Title: account.Set("Pier")}})
	if err != nil || updated.UpdatedAt.Before(a.UpdatedAt) || updated.UpdatedAt.Nanosecond()%1e6 != 0 {
		t.Fatalf("%+v %v", updated, err)
	}
	history, err := s.store.History(t.Context(), s.Company.ID, a.ID, 0, 100)
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
	s := newService(t)
	first := s.create(t, "a")
	if _, err := s.Update(t.Context(), s.Actor, account.UpdateRequest{ID: first.ID, Patch: account.Patch{Number: account.Set[int64](3)}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int64{2, 4} {
		if got := s.create(t, "b").Number; got != want {
			t.Errorf("number %d, want %d", got, want)
		}
	}
}
