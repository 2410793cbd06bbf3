package account_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/jsonvalue"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/servertest/domaintest"
)

// parse reads a body as it is sent.
func parse(t *testing.T, body string) account.Patch {
	t.Helper()
	value, _, err := jsonvalue.Decode([]byte(body))
	if err != nil {
		t.Fatal(body, err)
	}
	return account.ParsePatch(value, "US")
}

// told writes offences with their pointers.
func told(offences fault.Offences) []string {
	texts := make([]string, len(offences))
	for i, o := range offences {
		texts[i] = o.Pointer() + ": " + o.Message
	}
	return texts
}

// All that is wrong with a body is told at once, at its place, and numbers as
// they were sent.
func TestParsePatchOffences(t *testing.T) {
	t.Parallel()
	for body, want := range map[string][]string{
		`[]`: {": the body must be an object; got a list"},
		`{"title":5.0,"description":[],"address":["x",1.50,null],"isActive":"yes","primaryEmail":"nobody","primaryPhone":true}`: {
			"/title: title must be a string; got 5.0",
			"/description: description must be a string; got a list",
			"/address/1: address[1] must be a string; got 1.50",
			"/address/2: address[2] must be a string; got null",
			"/isActive: isActive must be true or false; got \"yes\"",
			"/primaryEmail: primaryEmail must be an e-mail address; got \"nobody\"",
			"/primaryPhone: primaryPhone must be a string; got true",
		},
		`{"number":1.50,"value":1e400,"size":-1.0E16,"contacts":[1.0,1.5,{"id":2.5},{"name":"Jo"},"x"],"custom":[]}`: {
			"/number: number must be an integer; got 1.50",
			"/value: value must be a number from -1000000000000000 to 1000000000000000; got 1e400",
			"/size: size must be a number from -1000000000000000 to 1000000000000000; got -1.0E16",
			"/custom: custom must be an object; got a list",
			"/contacts/1: contacts[1] must be an integer; got 1.5",
			"/contacts/2/id: contacts[2].id must be an integer; got 2.5",
			"/contacts/3/id: contacts[3].id must be an integer; got null",
			"/contacts/4: contacts[4] must be an integer; got \"x\"",
		},
		`{"number":0.0}`:  {"/number: number must be an integer from 1 to 9007199254740991; got 0.0"},
		`{"number":-1e3}`: {"/number: number must be an integer from 1 to 9007199254740991; got -1e3"},
		`{"number":1e300}`: {
			"/number: number must be an integer from 1 to 9007199254740991; got 1e300",
		},
		`{"id":null,"createdAt":"garbage","updatedAt":null,"createdBy":5,"updatedBy":"Ada"}`: {
			"/id: id must not be null",
			"/createdAt: createdAt must be an RFC 3339 date-time such as 2026-11-24T10:00:00Z; got \"garbage\"",
			"/updatedAt: updatedAt must not be null",
			"/createdBy: createdBy must be an object; got 5",
			"/updatedBy: updatedBy must be an object; got \"Ada\"",
		},
		`{"titel":"x","colour":1,"accountType":"residential","type":5}`: {
			"/accountType: accountType must be one of RESIDENTIAL, COMMERCIAL; got \"residential\"",
			"/type: type must be a string; got 5",
			"/colour: colour is not a known member",
			"/titel: titel is not a known member; did you mean \"title\"?",
		},
		`{"a/b~c":1}`: {"/a~1b~0c: a/b~c is not a known member"},
		`{"address":[],"title":" "}`: {
			"/title: title must not be blank",
			"/address: address must contain at least 1 item",
		},
	} {
		p := parse(t, body)
		if got := told(p.Found); !slices.Equal(got, want) {
			t.Errorf("%s:\ngot  %s\nwant %s", body, strings.Join(got, "\n     "), strings.Join(want, "\n     "))
		}
	}
}

// A body means its members in the form in which they are stored; null is one of
// its values, and what the server owns is read over.
func TestParsePatch(t *testing.T) {
	t.Parallel()
	p := parse(t, `{
		"id":7.0,"title":" Harbor ","description":null,"address":["1 Main St"],"isActive":false,"primaryEmail":"Ada@Example.com",
		"primaryPhone":"(415) 555-0142","number":1e3,"accountType":"COMMERCIAL","type":null,"value":1.50,"size":null,
		"custom":{"a":1.10,"b":null},"contacts":[85.0,{"id":86e0,"name":"Jo"},87],
		"createdAt":"2026-11-24T10:00:00Z","updatedAt":"2026-11-24T10:00:00.123+05:30","createdBy":{"id":1},"updatedBy":null
	}`)
	if len(p.Found) > 0 {
		t.Fatal(told(p.Found))
	}
	got := fmt.Sprintf("%d|%s|%t|%v|%t|%s|%s|%d|%s|%t|%g|%t|%v|%v", p.ID.Value, p.Title.Value, p.Description.IsNull(), p.Address.Value, p.Active.Value, p.PrimaryEmail.Value,
		p.PrimaryPhone.Value, p.Number.Value, p.Type.Value, p.TypeAlias.IsNull(), p.Value.Value, p.Size.IsNull(), p.Custom.Value, p.Contacts.Value)
	if want := "7|Harbor|true|[1 Main St]|false|ada@example.com|+14155550142|1000|COMMERCIAL|true|1.5|true|map[a:1.10 b:<nil>]|[85 86 87]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if p := parse(t, `{}`); !reflect.DeepEqual(p, account.Patch{}) {
		t.Errorf("of nothing: %+v", p)
	}
	for _, name := range account.BodyNames() {
		value, _, _ := jsonvalue.Decode(fmt.Appendf(nil, `{%q:null}`, name))
		for _, o := range account.ParsePatch(value, "").Found {
			if o.Field() != name {
				t.Errorf("null for %s: %s", name, o.Message)
			}
		}
	}
}

// What is wrong with the body and what only the account tells are one answer,
// and nothing of the rest is written.
func TestUpdateTellsAllOffences(t *testing.T) {
	t.Parallel()
	s := domaintest.New(t)
	taken, a := s.Account(t, "taken"), s.Account(t, "a")
	for body, want := range map[string][]string{
		`{"isActive":null,"number":5.0,"custom":{"nope":1},"title":"b"}`: {"/isActive", "/custom/nope"},
		`{"isActive":"x","number":1.0,"contacts":[85.0],"id":99}`:        {"/isActive", "/id", "/contacts/0", "/number"},
		`{"title":5,"colour":1,"custom":null}`:                           {"/title", "/colour", "/custom"},
	} {
		_, err := s.Accounts.Update(t.Context(), s.Actor, account.UpdateRequest{ID: a.ID, Patch: parse(t, body)})
		if got := pointers(err); !slices.Equal(got, want) {
			t.Errorf("%s: got %s, want %s (%v)", body, got, want, err)
		}
	}
	if _, err := s.Accounts.Update(t.Context(), s.Actor, account.UpdateRequest{ID: 99, Patch: parse(t, `{"title":5}`)}); !fault.IsNotFound(err) {
		t.Errorf("of no account: %v", err)
	}
	if now, err := s.Accounts.Get(t.Context(), s.Actor, a.ID, true); err != nil || now.Version != 1 || now.Title != "a" || taken.Number != 1 {
		t.Errorf("got %+v %v, want %+v", now, err, a)
	}
	made, err := s.Accounts.Update(t.Context(), s.Actor, account.UpdateRequest{ID: a.ID, Patch: parse(t, `{"number":5.0}`)})
	if err != nil || made.Number != 5 {
		t.Errorf("%+v %v", made, err)
	}
}

func pointers(err error) []string {
	var all []string
	e, _ := err.(*fault.Error)
	for i := 0; e != nil && i < len(e.Fields); i++ {
		all = append(all, e.Fields[i].Pointer())
	}
	return all
}

// A body that is read means the patch that says the same.
func TestParsedPatchIsThePatch(t *testing.T) {
	t.Parallel()
	before := account.Account{ID: 7, Number: 1, Version: 1, Title: "Old", Address: []string{"x"}, Active: true, Custom: account.Custom{}}
	env := account.Env{Schema: schema.Schema{"n": {Key: "n", Type: schema.Numeric}}, Contacts: contacts, Region: "US"}
	sent := account.Patch{
		Title: patch.Set(" New "), Address: patch.Set([]string{"y"}), PrimaryPhone: patch.Set("415 555 0142"), PrimaryEmail: patch.Set("A@B.example"),
		Number: patch.Set[int64](3), Custom: patch.Set(map[string]any{"n": json.Number("1.10")}), Contacts: patch.Set([]int64{2, 1}),
	}
	read := parse(t, `{"title":" New ","address":["y"],"primaryPhone":"415 555 0142","primaryEmail":"A@B.example","number":3.0,"custom":{"n":1.10},"contacts":[2,{"id":1}]}`)
	if got, want := account.Apply(before, read, env), account.Apply(before, sent, env); !reflect.DeepEqual(got, want) || len(want.Changes) != 7 {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}
