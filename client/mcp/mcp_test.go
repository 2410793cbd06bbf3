package mcp_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/client/mcp"
	"github.com/accountsd/accountsd/server/servertest"
)

// session is an agent that calls the tools of a real server.
type session struct {
	*sdk.ClientSession
	server *servertest.Server
}

func connect(t *testing.T, s *servertest.Server, c *client.Client) *session {
	t.Helper()
	server, err := mcp.New(t.Context(), c, "test")
	must(t, err)
	here, there := sdk.NewInMemoryTransports()
	_, err = server.Connect(t.Context(), there, nil)
	must(t, err)
	cs, err := sdk.NewClient(&sdk.Implementation{Name: "Claudia", Version: "1"}, nil).Connect(t.Context(), here, nil)
	must(t, err)
	t.Cleanup(func() { _ = cs.Close() })
	return &session{cs, s}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// call calls a tool with arguments as JSON.
func (s *session) call(t *testing.T, name, arguments string) (text string, failed bool) {
	t.Helper()
	result, err := s.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: json.RawMessage(arguments)})
	if err != nil {
		return err.Error(), true
	}
	return result.Content[0].(*sdk.TextContent).Text, result.IsError
}

// do is call of what must succeed, with its result.
func (s *session) do(t *testing.T, name, arguments string) map[string]any {
	t.Helper()
	text, failed := s.call(t, name, arguments)
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); failed || err != nil {
		t.Fatalf("%s %s: %s", name, arguments, text)
	}
	return got
}

func newSession(t *testing.T) *session {
	t.Helper()
	s := servertest.New(t)
	s.Account(t, client.AccountCreate{Title: "Sunrise Solar", Address: []string{"120 Mission Street"}})
	return connect(t, s, s.Client)
}

func TestTools(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	tools, err := s.ListTools(t.Context(), nil)
	must(t, err)
	if len(tools.Tools) != 8 {
		t.Errorf("%d tools", len(tools.Tools))
	}
	if got := s.do(t, "describe", `{}`); got["mayWrite"] != true || len(got["members"].([]any)) != 12 {
		t.Errorf("%v", got)
	}
	if got := s.do(t, "find", `{"words":"sunrise"}`); got["total"] != 1.0 {
		t.Errorf("%v", got)
	}
	if got := s.do(t, "find", `{"member":"title","operator":"contains","value":"solar","limit":1}`); got["total"] != 1.0 {
		t.Errorf("%v", got)
	}
	preview := s.do(t, "preview_update", `{"id":1,"patch":{"title":"Sunrise","custom":{}},"reason":"they moved"}`)
	if got := s.do(t, "get", `{"id":1}`); got["title"] != "Sunrise Solar" {
		t.Errorf("it was written: %v", got)
	}
	if got := fmt.Sprint(preview["changes"]); got != "[map[after:Sunrise before:Sunrise Solar member:title]]" {
		t.Errorf("%s", got)
	}
	for range 2 {
		if got := s.do(t, "update", fmt.Sprintf(`{"token":%q}`, preview["token"])); got["account"].(map[string]any)["title"] != "Sunrise" {
			t.Errorf("%v", got)
		}
	}
	made := s.do(t, "create_or_match", `{"account":{"title":"Harbor","address":["x"]},"reason":"a new customer"}`)
	for range 2 {
		s.do(t, "create_or_match", fmt.Sprintf(`{"token":%q}`, made["token"]))
	}
	if got := s.do(t, "create_or_match", `{"account":{"title":"harbor","address":["y"]},"reason":"again"}`); got["matched"] == nil || got["token"] != nil {
		t.Errorf("%v", got)
	}
	history := s.do(t, "history", `{"id":1}`)["changes"].([]any)
	if len(history) != 2 || history[0].(map[string]any)["reason"] != "Claudia: they moved" {
		t.Errorf("%v", history)
	}
	if got := s.do(t, "changes", `{"after":"0000000000000000002"}`)["changes"].([]any); len(got) != 1 || got[0].(map[string]any)["reason"] != "Claudia: a new customer" {
		t.Errorf("%v", got)
	}
}

// What is refused says what would be right, and writes nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	stale := s.do(t, "preview_update", `{"id":1,"patch":{"size":1},"reason":"r"}`)["token"]
	_, err := s.server.Client.Accounts.Update(t.Context(), 1, client.AccountPatch{Title: client.Set("By somebody else")})
	must(t, err)
	created := s.do(t, "create_or_match", `{"account":{"title":"New","address":["x"]},"reason":"r"}`)["token"]
	for _, c := range []struct{ tool, arguments, want string }{
		{"update", `{"token":"preview-none"}`, "make a preview"},
		{"update", `{}`, "make a preview"},
		{"update", fmt.Sprintf(`{"token":%q}`, stale), "since the preview (title); nothing was written"},
		{"update", fmt.Sprintf(`{"token":%q}`, stale), "since the preview (title); nothing was written"},
		{"update", fmt.Sprintf(`{"token":%q}`, created), "give it to create_or_match"},
		{"update", fmt.Sprintf(`{"token":%q,"patch":{"title":"x"}}`, stale), "unknown field"},
		{"create_or_match", fmt.Sprintf(`{"token":%q,"account":{"title":"Other","address":["x"]}}`, created), "give the token alone"},
		{"create_or_match", fmt.Sprintf(`{"token":%q}`, stale), "give it to update"},
		{"create_or_match", `{"account":{"title":"X"},"reason":"r"}`, "address is required"},
		{"create_or_match", `{"account":{"title":"X","address":["x"]},"match_by":"none","reason":"r"}`, "match_by must be one of"},
		{"preview_update", `{"id":1,"patch":{"titel":"x"},"reason":"r"}`, `did you mean "title"?`},
		{"preview_update", `{"id":99,"patch":{"title":"x"},"reason":"r"}`, "not"},
		{"preview_update", `{"id":1,"patch":{"title":"x"}}`, "reason must say"},
		{"preview_update", `{"id":1,"patch":{"title":"x"},"reason":"a\nb"}`, "reason must say"},
		{"find", `{"words":"x","limit":1000}`, "limit must be from 1 to 50"},
		{"changes", `{"after":"99"}`, "read the accounts anew"},
	} {
		if text, failed := s.call(t, c.tool, c.arguments); !failed || !strings.Contains(text, c.want) {
			t.Errorf("%s %s: %s", c.tool, c.arguments, text)
		}
	}
	if got := s.do(t, "changes", `{}`)["changes"].([]any); len(got) != 2 {
		t.Errorf("something was written: %v", got)
	}
}

// A key that only reads gets no tools to write.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	s := servertest.New(t, servertest.WithPassword("a long password"))
	key, err := s.Client.Keys.Create(t.Context(), servertest.Email, "a long password", client.KeyCreate{Name: "reader", Scopes: []client.Scope{client.ScopeRead}})
	must(t, err)
	reader, err := client.New(s.URL, client.WithAPIKey(key.Token))
	must(t, err)
	connected := connect(t, s, reader)
	tools, err := connected.ListTools(t.Context(), nil)
	must(t, err)
	if how := connected.InitializeResult().Instructions; len(tools.Tools) != 5 || strings.Contains(how, "preview_update") {
		t.Errorf("%d tools; %s", len(tools.Tools), how)
	}
}

// shown is what a preview has shown.
type shown struct {
	token   string
	changes map[string]string // by member: before and after
}

// Whatever an agent calls in whatever order, also at once and while others write: nothing
// is written that was not previewed word for word, and nothing twice.
func TestHostileOrders(t *testing.T) {
	t.Parallel()
	s := newSession(t)
	const orders, accounts = 1000, 4
	for i := range accounts - 1 {
		s.server.Account(t, client.AccountCreate{Title: fmt.Sprint("Account ", i), Address: []string{"x"}})
	}
	random := rand.New(rand.NewPCG(1, 2))
	var previews []shown
	tokens := []string{"", "preview-", "null", strings.Repeat("x", 1000)}
	for n := range orders {
		token, id := tokens[random.IntN(len(tokens))], random.IntN(accounts)+1
		if random.IntN(2) == 0 {
			token = tokens[len(tokens)-1-random.IntN(3)] // else nearly all are stale
		}
		switch random.IntN(8) {
		case 0, 1:
			patch := fmt.Sprintf(`{"size":%d,"description":"text %d"}`, random.IntN(3)+1, random.IntN(3))
			got := s.do(t, "preview_update", fmt.Sprintf(`{"id":%d,"patch":%s,"reason":"p%d"}`, id, patch, len(previews)))
			if made, ok := got["token"].(string); ok {
				previews = append(previews, shown{made, changesOf(got)})
				tokens = append(tokens, made)
			}
		case 2:
			s.call(t, "update", fmt.Sprintf(`{"token":%q,"patch":{"title":"never"}}`, token))
		case 3:
			s.call(t, "create_or_match", fmt.Sprintf(`{"token":%q}`, token))
			s.call(t, "update", fmt.Sprintf(`{"id":%d,"token":%q}`, id, token))
		case 4:
			_, err := s.server.Client.Accounts.Update(t.Context(), int64(id), client.AccountPatch{Value: client.Set(float64(n + 1))}, client.Reason("by a person"))
			must(t, err)
		default:
			var group sync.WaitGroup
			for range 1 + random.IntN(3) {
				group.Go(func() { s.call(t, "update", fmt.Sprintf(`{"token":%q}`, token)) })
			}
			group.Wait()
		}
	}
	s.judge(t, previews)
}

func changesOf(preview map[string]any) map[string]string {
	changes := make(map[string]string)
	for _, item := range preview["changes"].([]any) {
		c := item.(map[string]any)
		changes[c["member"].(string)] = fmt.Sprint(c["before"], " to ", c["after"])
	}
	return changes
}

// judge holds what was written against what was shown.
func (s *session) judge(t *testing.T, previews []shown) {
	t.Helper()
	written := make(map[int]bool)
	for change, err := range s.server.Client.Accounts.Changes(t.Context(), "") {
		must(t, err)
		if change.Kind == client.Created || change.Reason != nil && *change.Reason == "by a person" {
			continue
		}
		number := -1
		if change.Reason != nil {
			_, _ = fmt.Sscanf(*change.Reason, "Claudia: p%d", &number)
		}
		if number < 0 || number >= len(previews) || written[number] {
			t.Fatalf("written without a preview of its own: %s", change)
		}
		written[number] = true
		got := make(map[string]string)
		for member, values := range change.Fields {
			got[member] = fmt.Sprint(values.Before, " to ", values.After)
		}
		if want := previews[number].changes; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("written %v, shown %v", got, want)
		}
	}
	if len(written) < len(previews)/10 {
		t.Errorf("only %d of %d previews were carried out", len(written), len(previews))
	}
	t.Logf("%d previews, %d carried out", len(previews), len(written))
}
