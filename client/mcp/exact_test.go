package mcp_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/accountsd/accountsd/client"
)

// newRoofs is a session whose company has a dropdown, and a contact that the account 1 is
// linked to.
func newRoofs(t *testing.T) *session {
	t.Helper()
	s := newSession(t)
	_, err := s.server.Client.Properties.Create(t.Context(), client.PropertyCreate{Name: "Roof", KeyName: "roof", Type: client.Dropdown, Options: []string{"Tile", "Metal"}})
	must(t, err)
	contact, err := s.server.Client.Contacts.Create(t.Context(), client.ContactCreate{Name: "Lee"})
	must(t, err)
	_, err = s.server.Client.Accounts.Update(t.Context(), 1, client.AccountPatch{Contacts: client.Set([]int64{contact.ID})})
	must(t, err)
	return s
}

// The version of an account says nothing of options and default values: where they would
// make something else of what was shown, it is not written.
func TestOtherOptions(t *testing.T) {
	t.Parallel()
	s := newRoofs(t)
	slate := s.do(t, "preview_update", `{"id":1,"patch":{"custom":{"roof":"Slate"}},"allow_new_options":true,"reason":"r"}`)["token"]
	made := s.do(t, "create_or_match", `{"account":{"title":"New","address":["x"]},"reason":"r"}`)
	if shown := made["wouldCreate"].(map[string]any); shown["number"] != nil || shown["createdAt"] != nil {
		t.Errorf("shown as if it were certain: %v", shown)
	}
	change := client.PropertyPatch{AddOptions: []string{"SLATE"}, DefaultValue: client.Set(client.ValueList{"Metal"})}
	_, err := s.server.Client.Properties.Update(t.Context(), "roof", change)
	must(t, err)
	for range 2 {
		for _, c := range []struct {
			tool  string
			token any
		}{{"update", slate}, {"create_or_match", made["token"]}} {
			if text, failed := s.call(t, c.tool, fmt.Sprintf(`{"token":%q}`, c.token)); !failed || !strings.Contains(text, "options were changed; nothing was written") {
				t.Errorf("%s: %s", c.tool, text)
			}
		}
	}
	if got := s.do(t, "changes", `{}`)["changes"].([]any); len(got) != 2 {
		t.Errorf("something was written: %v", got)
	}
}

// A contact that was renamed is no change of the account.
func TestRenamedContact(t *testing.T) {
	t.Parallel()
	s := newRoofs(t)
	token := s.do(t, "preview_update", `{"id":1,"patch":{"size":2},"reason":"r"}`)["token"]
	_, err := s.server.Client.Contacts.Update(t.Context(), 1, client.ContactPatch{Name: client.Set("Kim")})
	must(t, err)
	if got := s.do(t, "update", fmt.Sprintf(`{"token":%q}`, token)); fmt.Sprint(got["changes"]) != "[map[after:2 before:<nil> member:size]]" {
		t.Errorf("%v", got["changes"])
	}
	got := s.do(t, "preview_update", `{"id":1,"patch":{"contacts":[]},"reason":"r"}`)
	if fmt.Sprint(got["changes"]) != "[map[after:[] before:[1] member:contacts]]" {
		t.Errorf("%v", got["changes"])
	}
}

// What is wrong is said by the names that the agent knows.
func TestToolsNames(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	made := s.do(t, "create_or_match", `{"account":{"title":"New","address":["x"]},"reason":"r"}`)["token"]
	for _, c := range []struct{ tool, arguments, want string }{
		{"get", `{"id":"1"}`, "the arguments are not those of the tool: id must be an integer; got string"},
		{"get", `{"id":1.5}`, "id must be an integer; got number 1.5"},
		{"get", `[1]`, "they must be an object; got array"},
		{"preview_update", `{"id":1,"patch":{"size":1},"reason":"r","allow_new_options":"yes"}`, "allow_new_options must be true or false; got string"},
		{"preview_update", `{"id":1,"patch":{"size":1},"reason":"\u200b"}`, "reason must say"},
		{"preview_update", `{"id":1,"patch":{"size":1},"reason":"a\u2028b"}`, "reason must say"},
		{"find", `{"operator":"eq","value":"x"}`, "give the member"},
		{"find", `{"words":"sunrise","value":"x"}`, "give the member"},
		{"find", `{"member":"titel","operator":"like"}`, `member must be a member of accounts or the keyName of a property; got "titel"`},
		{"find", `{"member":"titel","operator":"like"}`, "operator must be one of eq, "},
		{"find", `{"member":"title","operator":"eq"}`, "value must not be empty"},
		{"create_or_match", fmt.Sprintf(`{"token":%q,"match_by":"address"}`, made), "give the token alone"},
		{"create_or_match", fmt.Sprintf(`{"token":%q,"reason":"another"}`, made), "give the token alone"},
		{"create_or_match", fmt.Sprintf(`{"token":%q,"allow_new_options":true}`, made), "give the token alone"},
	} {
		if text, failed := s.call(t, c.tool, c.arguments); !failed || !strings.Contains(text, c.want) {
			t.Errorf("%s %s: %s", c.tool, c.arguments, text)
		}
	}
}
