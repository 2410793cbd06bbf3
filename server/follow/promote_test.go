package follow_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/follow"
	"github.com/accountsd/accountsd/server/servertest"
	"github.com/accountsd/accountsd/server/store"
)

// cut refuses requests for the feed behind a sequence, as if the source were gone by then.
func cut(t *testing.T, s *servertest.Server, sequence string) *client.Client {
	t.Helper()
	c, err := client.New(s.URL, client.WithAPIKey(s.Key), client.WithRetries(0), client.WithMiddleware(func(next http.RoundTripper) http.RoundTripper {
		return roundTrip(func(req *http.Request) (*http.Response, error) {
			if after := req.URL.Query().Get("after"); after != "" && strings.TrimLeft(after, "0") >= sequence {
				return nil, errors.New("the source is gone")
			}
			return next.RoundTrip(req)
		})
	}))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// An account whose contact was gone before it could be read, when the source was lost
// before it told of that, is unlinked by the promotion: its history leads to what it is.
func TestPromotionSettles(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	kept, err := s.Client.Contacts.Create(t.Context(), client.ContactCreate{Name: "Lee"})
	if err != nil {
		t.Fatal(err)
	}
	a := s.Accounts(t, 1)[0]
	gone, err := s.Client.Contacts.Create(t.Context(), client.ContactCreate{Name: "Jo"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.Accounts.Update(t.Context(), a.ID, client.AccountPatch{Contacts: client.Set([]int64{gone.ID, kept.ID})}); err != nil {
		t.Fatal(err)
	}
	if err := s.Client.Contacts.Delete(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	c := cut(t, s, "1")
	b.with(t, func(opened follow.Store) {
		f := follow.New(opened, s.URL, c, follow.Config{AtOnce: 2})
		if err := f.CatchUp(t.Context()); err == nil || f.Sequence() != 2 {
			t.Fatalf("caught up to %d: %v", f.Sequence(), err)
		}
		promoted, err := follow.Promote(t.Context(), opened, nil)
		if err != nil || promoted.Settled != 1 || promoted.Sequence != 2 {
			t.Fatalf("%+v, %v", promoted, err)
		}
		after, err := opened.Account(t.Context(), promoted.CompanyID, a.ID)
		if err != nil || len(after.Contacts) != 1 || after.Contacts[0].ID != kept.ID || after.Version != 3 {
			t.Errorf("%+v, %v", after, err)
		}
		entries, err := opened.Changes(t.Context(), promoted.CompanyID, 2, 10)
		if err != nil || len(entries) != 1 || entries[0].Version != 3 || entries[0].UserID != 0 {
			t.Fatalf("%+v, %v", entries, err)
		}
		if text, err := entries[0].Fields.Append(nil); err != nil || string(text) != `{"contacts":{"before":[2,1],"after":[1]}}` {
			t.Errorf("%s, %v", text, err)
		}
	})
}

// The numbers of accounts go on where the source would have gone on: those taken by hand
// are left out, and those of accounts that were deleted are not assigned again.
func TestNumbersGoOn(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	made := s.Accounts(t, 3)
	for _, number := range []int64{4, 9} {
		s.Account(t, client.AccountCreate{Title: "By hand", Address: []string{"x"}, Number: client.Set(number)})
	}
	made = append(made, s.Account(t, client.AccountCreate{Title: "Fifth", Address: []string{"x"}}))
	for _, a := range made {
		if err := s.Client.Accounts.Delete(t.Context(), a.ID); err != nil {
			t.Fatal(err)
		}
	}
	b.catchUp(t)
	next := s.Account(t, client.AccountCreate{Title: "Next", Address: []string{"x"}})
	b.with(t, func(s follow.Store) {
		promoted, err := follow.Promote(t.Context(), s, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := account.Account{CompanyID: promoted.CompanyID, Version: 1, Title: "Next", Address: []string{"x"}}
		err = s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error { return tx.InsertAccount(ctx, &a) })
		if err != nil || a.Number != next.Number {
			t.Errorf("number %d, %v; the source gave %d", a.Number, err, next.Number)
		}
	})
}

// The keys of unique values are those of the accounts after a promotion, and a property
// is not unique any more if changes are missing that made it so.
func TestPromotionTakesKeys(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	for _, name := range []string{"Ext", "Code"} {
		if _, err := s.Client.Properties.Create(t.Context(), client.PropertyCreate{Name: name, Type: client.Text, Unique: name == "Ext"}); err != nil {
			t.Fatal(err)
		}
	}
	first := s.Account(t, client.AccountCreate{Title: "First", Address: []string{"x"}, Custom: client.Values{"ext": "A", "code": "same"}})
	second := s.Account(t, client.AccountCreate{Title: "Second", Address: []string{"x"}, Custom: client.Values{"ext": "B", "code": "same"}})
	if _, err := s.Client.Accounts.Update(t.Context(), second.ID, client.AccountPatch{Custom: client.Values{"code": "other"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Client.Properties.Update(t.Context(), "code", client.PropertyPatch{Unique: client.Set(true)}); err != nil {
		t.Fatal(err)
	}
	c := cut(t, s, "1")
	b.with(t, func(opened follow.Store) {
		if err := follow.New(opened, s.URL, c, follow.Config{AtOnce: 2}).CatchUp(t.Context()); err == nil {
			t.Fatal("the last change has come")
		}
		promoted, err := follow.Promote(t.Context(), opened, nil)
		if err != nil || len(promoted.Common) != 1 || promoted.Common[0] != "code" {
			t.Fatalf("%+v, %v", promoted, err)
		}
		properties, err := opened.Properties(t.Context(), promoted.CompanyID)
		if err != nil || !properties[0].Unique || properties[1].Unique {
			t.Fatalf("%+v, %v", properties, err)
		}
		owners, err := opened.Owners(t.Context(), properties[0], []string{"A", "B"})
		if err != nil || owners["A"] != first.ID || owners["B"] != second.ID {
			t.Errorf("%v, %v", owners, err)
		}
	})
}

// The key goes to the first admin who can act.
func TestFirstAdmin(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	b := newStandby(t, s)
	if _, err := s.Client.Users.Invite(t.Context(), client.UserInvite{Email: "bea@example.com", IsAdmin: true}); err != nil {
		t.Fatal(err)
	}
	b.catchUp(t)
	b.with(t, func(s follow.Store) {
		if admin, err := follow.FirstAdmin(t.Context(), s); err != nil || admin.Email != servertest.Email {
			t.Errorf("%+v, %v", admin, err)
		}
		users, err := s.UsersByEmail(t.Context(), "bea@example.com")
		if err != nil || len(users) != 1 || !users[0].Invited() || users[0].PasswordHash != "" {
			t.Errorf("%+v, %v", users, err)
		}
		err = s.Write(t.Context(), func(ctx context.Context, tx store.Tx) error {
			admin, err := tx.UsersByEmail(ctx, servertest.Email)
			if err != nil {
				return err
			}
			admin[0].Admin = false
			return tx.UpdateUser(ctx, admin[0])
		})
		if err != nil {
			t.Fatal(err)
		}
		if admin, err := follow.FirstAdmin(t.Context(), s); fault.KindOf(err) != fault.KindNotFound {
			t.Errorf("%+v, %v", admin, err)
		}
	})
}
