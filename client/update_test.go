package client_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
)

func nothing(*client.Account) error { return nil }

func TestUpdateFuncSendsTheDifference(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*client.Account) error
		body   string // "" if nothing is sent
	}{
		"nothing": {nothing, ""},
		"the same": {func(a *client.Account) error {
			a.PrimaryPhone = client.Clear[string]()
			a.Value = nil
			a.Custom["capacity"] = json.Number("12345678901234567890.10")
			a.Address = append([]string{}, a.Address...)
			return nil
		}, ""},
		"one member": {func(a *client.Account) error { a.Title = "Sunrise"; return nil }, `{"title":"Sunrise"}`},
		"cleared":    {func(a *client.Account) error { a.PrimaryEmail = nil; return nil }, `{"primaryEmail":null}`},
		"all": {func(a *client.Account) error {
			a.Title, a.Address, a.IsActive, a.Number = "T", []string{"A", "B"}, false, 8
			a.Description, a.PrimaryEmail, a.PrimaryPhone = client.Set("d"), client.Clear[string](), client.Set("1")
			a.AccountType, a.Value, a.Size = client.Set(client.Residential), client.Set(1.5), client.Set(2.0)
			return nil
		}, `{"title":"T","description":"d","address":["A","B"],"isActive":false,"primaryEmail":null,"primaryPhone":"1","number":8,"accountType":"RESIDENTIAL","value":1.5,"size":2}`},
		"custom values": {func(a *client.Account) error {
			delete(a.Custom, "roof_type")
			a.Custom["stage"] = "Lead"
			return nil
		}, `{"custom":{"roof_type":null,"stage":"Lead"}}`},
		"edited in place": {func(a *client.Account) error { a.Address[0] = "5 Pier Road"; return nil }, `{"address":["5 Pier Road"]}`},
		"contacts": {func(a *client.Account) error {
			*a.Contacts = append(*a.Contacts, client.AccountContact{ID: 6})
			return nil
		}, `{"contacts":[5,6]}`},
		"unlinked":        {func(a *client.Account) error { a.Contacts = new([]client.AccountContact{}); return nil }, `{"contacts":[]}`},
		"contacts let go": {func(a *client.Account) error { a.Contacts = nil; return nil }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, okAccount)
			_, err := server.client(t).Accounts.UpdateFunc(t.Context(), 42, test.change, client.AllowNewOptions())
			must(t, err)
			asked := server.asked()
			if asked[0].method != "GET" || asked[0].query != "include_contacts=true&include_archived=true" {
				t.Errorf("read %+v", asked[0])
			}
			if test.body == "" {
				if len(asked) != 1 {
					t.Errorf("sent %+v", asked[1])
				}
				return
			}
			if sent := asked[1]; sent.body != test.body || sent.header.Get("If-Match") != `"42-7"` || sent.query != "allow_new_options=true" {
				t.Errorf("sent %+v", sent)
			}
		})
	}
}

// Diff sets the fields of a patch by reflection, so the types must be those of
// the account's.
func TestDiffKnowsTheTypeOfEveryMember(t *testing.T) {
	t.Parallel()
	patch := reflect.TypeFor[client.AccountPatch]()
	for _, member := range reflect.VisibleFields(reflect.TypeFor[client.Account]()) {
		target, sent := patch.FieldByName(member.Name)
		if !sent || target.Tag.Get("echo") != "" || member.Name == "Contacts" || member.Name == "Custom" {
			continue
		}
		value := member.Type
		if value.Kind() == reflect.Map {
			value = value.Elem()
		}
		if want := reflect.MapOf(reflect.TypeFor[bool](), value); !want.ConvertibleTo(target.Type) {
			t.Errorf("%s of the patch is %s, want an optional %s", member.Name, target.Type, value)
		}
	}
}

func TestUpdateFuncStartsAnewWhenOthersWereQuicker(t *testing.T) {
	t.Parallel()
	newer := reply(200, strings.Replace(accountJSON, `"number":7`, `"number":8`, 1), "ETag", `"42-8"`)
	server := serve(t, okAccount, problem(412, "PRECONDITION_FAILED"), newer, newer)
	_, err := server.client(t).Accounts.UpdateFunc(t.Context(), 42, func(a *client.Account) error { a.Number++; return nil })
	must(t, err)
	asked := server.asked()
	if len(asked) != 4 || asked[1].header.Get("Prefer") != "merge=strict" || asked[1].body != `{"number":8}` || asked[3].body != `{"number":9}` || asked[3].header.Get("If-Match") != `"42-8"` {
		t.Errorf("%+v", asked)
	}

	// A change that depends on what it leaves alone is merged with nothing.
	server = serve(t, okAccount)
	_, err = server.client(t).Accounts.UpdateFunc(t.Context(), 42, func(a *client.Account) error { a.Number++; return nil }, client.NoMerge())
	must(t, err)
	if sent := server.asked()[1]; sent.header.Get("Prefer") != "" || sent.header.Get("If-Match") != `"42-7"` {
		t.Errorf("%+v", sent)
	}

	// The tag is what the account was read with, whatever change made of it.
	server = serve(t, okAccount)
	_, err = server.client(t).Accounts.UpdateFunc(t.Context(), 42, func(a *client.Account) error { a.ETag, a.Title = "x", "y"; return nil })
	must(t, err)
	if got := server.asked()[1].header.Get("If-Match"); got != `"42-7"` {
		t.Errorf("If-Match %s", got)
	}
}

func TestUpdateFuncGivesUp(t *testing.T) {
	t.Parallel()
	turns := 0
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			okAccount(w, r)
			return
		}
		problem(412, "PRECONDITION_FAILED")(w, r)
	})
	_, err := server.client(t).Accounts.UpdateFunc(t.Context(), 42, func(a *client.Account) error { turns++; a.Title = "x"; return nil })
	if !errors.Is(err, client.ErrPrecondition) || turns != 11 {
		t.Errorf("%v after %d turns", err, turns)
	}
}

func TestUpdateFuncThatFails(t *testing.T) {
	t.Parallel()
	server := serve(t, okAccount)
	c := server.client(t)
	mine := errors.New("mine")
	if _, err := c.Accounts.UpdateFunc(t.Context(), 42, func(*client.Account) error { return mine }); err != mine {
		t.Errorf("own error: %v", err)
	}
	for name, change := range map[string]func(*client.Account){
		"id":        func(a *client.Account) { a.ID = 43 },
		"createdAt": func(a *client.Account) { a.CreatedAt = client.TimeOf(time.Now()) },
		"updatedAt": func(a *client.Account) { a.UpdatedAt = client.Time{} },
		"createdBy": func(a *client.Account) { a.CreatedBy = nil },
		"updatedBy": func(a *client.Account) { a.UpdatedBy = client.Set(client.UserSummary{ID: 9}) },
	} {
		_, err := c.Accounts.UpdateFunc(t.Context(), 42, func(a *client.Account) error { change(a); a.Title = "x"; return nil })
		if !errors.Is(err, client.ErrInvalid) || !strings.Contains(err.Error(), name+" cannot be changed") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, r := range server.asked() {
		if r.method != "GET" {
			t.Errorf("written: %+v", r)
		}
	}
}

func TestOr(t *testing.T) {
	t.Parallel()
	if got := client.Or(client.Set("a"), "b") + client.Or(client.Clear[string](), "b") + client.Or(nil, "c"); got != "abc" {
		t.Error(got)
	}
}
