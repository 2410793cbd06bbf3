package mcp

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/api"
)

const (
	reasonInput = `"reason":{"type":"string","minLength":1,"maxLength":150,"description":"why, for the people who read the history"}`
	labelsInput = `"allow_new_options":{"type":"boolean","default":false,"description":"add unknown labels to their dropdowns"}`
	tokenInput  = `"token":{"type":"string","description":"that of a preview"}`
)

func (a *agent) writers() []tool {
	return []tool{
		{name: "preview_update", about: "Shows what an update would change, and writes nothing. Its token is for update, and good for this version of the account and this patch only.",
			input: `{"type":"object","additionalProperties":false,"required":["id","patch","reason"],"properties":{` + byID + `,
"patch":{"type":"object","description":"the members to change, as describe lists them; null clears one"},` + labelsInput + `,` + reasonInput + `}}`, call: a.previewUpdate},
		{name: "update", about: "Carries out an update that preview_update has shown, exactly as it was shown. The same token again answers the same and writes nothing.", writes: true,
			input: `{"type":"object","additionalProperties":false,"required":["token"],"properties":{` + tokenInput + `}}`, call: a.update},
		{name: "create_or_match", about: "Creates an account unless one like it is there. Called with account it only shows what would be: the account that matches, or a new one and a token. Called with that token alone it creates it.", writes: true,
			input: `{"type":"object","additionalProperties":false,"properties":{"account":{"type":"object","description":"title and address are required"},
"match_by":{"type":"string","enum":["title","primaryEmail","primaryPhone","address"],"default":"title"},` + labelsInput + `,` + reasonInput + `,` + tokenInput + `}}`, call: a.createOrMatch},
	}
}

func (a *agent) previewUpdate(ctx context.Context, req *sdk.CallToolRequest) (any, error) {
	args, err := arguments[struct {
		ID              int64
		Patch           json.RawMessage
		Reason          string
		AllowNewOptions bool `json:"allow_new_options"`
	}](req)
	if err != nil {
		return nil, err
	}
	reason, err := reasonOf(req, args.Reason)
	if err != nil {
		return nil, err
	}
	account, err := a.client.Accounts.Get(ctx, args.ID, client.IncludeContacts(), client.IncludeArchived())
	if err != nil {
		return nil, err
	}
	p := &preview{kind: updating, id: args.ID, tag: account.ETag, body: args.Patch, reason: reason, labels: args.AllowNewOptions}
	if p.before, err = recordOf(account); err != nil {
		return nil, err
	}
	changes, _, err := a.patched(ctx, p, true)
	if err != nil {
		return nil, err
	}
	if len(changes) == 0 {
		return map[string]any{"changes": changes, "note": "it changes nothing, so there is nothing to carry out"}, nil
	}
	p.shown = changes
	a.previews.add(p)
	return map[string]any{"id": p.id, "changes": changes, "token": p.token}, nil
}

func (a *agent) update(ctx context.Context, req *sdk.CallToolRequest) (any, error) {
	args, err := arguments[struct{ Token string }](req)
	if err != nil {
		return nil, err
	}
	p, err := a.previews.find(args.Token, updating)
	if err != nil {
		return nil, err
	}
	look := func() (any, error) {
		changes, _, err := a.patched(ctx, p, true)
		return changes, err
	}
	return p.carryOut(look, func() (any, error) {
		changes, after, err := a.patched(ctx, p, false)
		if err != nil {
			return nil, err
		}
		return map[string]any{"id": p.id, "changes": changes, "account": after}, nil
	})
}

// patched is what becomes of the account of a preview, and what of it differs.
func (a *agent) patched(ctx context.Context, p *preview, dry bool) (changes []change, after map[string]any, err error) {
	if after, err = a.patch(ctx, p, dry); err != nil {
		return nil, nil, p.explain(ctx, a, err)
	}
	return difference(p.before, after), after, nil
}

// patch sends what a preview is of, to be looked at or carried out.
func (a *agent) patch(ctx context.Context, p *preview, dry bool) (map[string]any, error) {
	params := &api.UpdateAccountParams{IfMatch: &p.tag, AllowNewOptions: &p.labels, DryRun: &dry}
	if !dry {
		params.IdempotencyKey, params.XReason = &p.token, new(client.HeaderText(p.reason))
	}
	after, _, err := answerOf(a.client.API().UpdateAccountWithBody(ctx, p.id, params, "application/json", bytes.NewReader(p.body)))
	return after, err
}

// explain says of an account that is another one by now what has changed.
func (p *preview) explain(ctx context.Context, a *agent, err error) error {
	if !errors.Is(err, client.ErrPrecondition) {
		return err
	}
	account, err := a.client.Accounts.Get(ctx, p.id, client.IncludeContacts(), client.IncludeArchived())
	if err != nil {
		return err
	}
	now, err := recordOf(account)
	if err != nil {
		return err
	}
	var members []string
	for _, c := range difference(p.before, now) {
		members = append(members, c.Member)
	}
	return &staleError{fmt.Sprintf("somebody has changed the account since the preview (%s); nothing was written: look at it, and make a new preview", cmp.Or(strings.Join(members, ", "), "its version"))}
}

// staleError is of a preview that is of no use any more.
type staleError struct{ text string }

func (e *staleError) Error() string { return e.text }

// createArguments are those of create_or_match.
type createArguments struct {
	Account         json.RawMessage
	MatchBy         api.MatchMember `json:"match_by"`
	AllowNewOptions bool            `json:"allow_new_options"`
	Reason, Token   string
}

func (a *agent) createOrMatch(ctx context.Context, req *sdk.CallToolRequest) (any, error) {
	args, err := arguments[createArguments](req)
	if err != nil {
		return nil, err
	}
	if args.Token == "" {
		return a.previewCreate(ctx, req, args)
	}
	if args.Account != nil || args.MatchBy != "" || args.Reason != "" || args.AllowNewOptions {
		return nil, errors.New("give the token alone: it carries out what was shown, and nothing else; to create another account, leave the token out")
	}
	p, err := a.previews.find(args.Token, creating)
	if err != nil {
		return nil, err
	}
	look := func() (any, error) {
		now, err := a.create(ctx, p, true)
		if err == nil && now["matched"] != nil {
			return p.shown, nil // Then nothing is written.
		}
		return now, err
	}
	return p.carryOut(look, func() (any, error) { return a.create(ctx, p, false) })
}

func (a *agent) previewCreate(ctx context.Context, req *sdk.CallToolRequest, args createArguments) (any, error) {
	if args.MatchBy == client.MatchNone {
		return nil, errors.New("match_by must be one of title, primaryEmail, primaryPhone, address")
	}
	reason, err := reasonOf(req, args.Reason)
	if err != nil {
		return nil, err
	}
	p := &preview{kind: creating, body: args.Account, create: args, reason: reason, labels: args.AllowNewOptions}
	shown, err := a.create(ctx, p, true)
	if err != nil {
		return nil, err
	}
	if shown["matched"] == nil {
		p.shown = maps.Clone(shown)
		a.previews.add(p)
		shown["token"] = p.token
	}
	return shown, nil
}

// create sends what a preview is of. An account that matches is left as it is.
func (a *agent) create(ctx context.Context, p *preview, dry bool) (map[string]any, error) {
	params := &api.CreateAccountParams{AllowNewOptions: &p.labels, DryRun: &dry, MatchBy: new(cmp.Or(p.create.MatchBy, client.MatchTitle))}
	if !dry {
		params.IdempotencyKey, params.XReason = &p.token, new(client.HeaderText(p.reason))
	}
	account, status, err := answerOf(a.client.API().CreateAccountWithBody(ctx, params, "application/json", bytes.NewReader(p.body)))
	switch {
	case err != nil:
		return nil, err
	case status == 200:
		return map[string]any{"matched": account, "note": "nothing was written; use preview_update to change it"}, nil
	case dry:
		return map[string]any{"wouldCreate": foreseen(account, p.body)}, nil
	}
	return map[string]any{"created": account}, nil
}

// foreseen is a new account without what the server decides only when it is written.
func foreseen(account map[string]any, body []byte) map[string]any {
	for _, name := range []string{"id", "createdAt", "updatedAt"} {
		delete(account, name)
	}
	if sent, err := decode(body); err != nil || sent["number"] == nil {
		delete(account, "number")
	}
	return account
}

// maxReason is how many characters the server takes.
const maxReason = 200

// reasonOf is the reason of a write with the name of the agent that gives it.
func reasonOf(req *sdk.CallToolRequest, given string) (string, error) {
	given = strings.TrimFunc(given, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsGraphic(r) })
	if given == "" || len([]rune(given)) > 150 || strings.ContainsFunc(given, breaksLine) {
		return "", errors.New("reason must say in 1 to 150 characters on one line why this is written")
	}
	name := "agent"
	if params := req.Session.InitializeParams(); params != nil && params.ClientInfo != nil {
		name = cmp.Or(strings.Join(strings.FieldsFunc(params.ClientInfo.Name, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) }), " "), name)
	}
	if room := maxReason - len([]rune(given)) - 2; len([]rune(name)) > room {
		name = string([]rune(name)[:room])
	}
	return name + ": " + given, nil
}

func breaksLine(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }

// change is what becomes of a member.
type change struct {
	Member string `json:"member"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// byServer are the members that every write changes.
var byServer = []string{"updatedAt", "updatedBy", "custom"}

// difference lists the members that differ, custom ones singly.
func difference(before, after map[string]any) []change {
	changes := []change{}
	add := func(prefix string, before, after map[string]any) {
		names := maps.Clone(before)
		maps.Copy(names, after)
		for _, name := range slices.Sorted(maps.Keys(names)) {
			if (prefix != "" || !slices.Contains(byServer, name)) && !reflect.DeepEqual(before[name], after[name]) {
				changes = append(changes, change{prefix + name, before[name], after[name]})
			}
		}
	}
	add("", linked(before), linked(after))
	customBefore, _ := before["custom"].(map[string]any)
	customAfter, _ := after["custom"].(map[string]any)
	add("custom.", customBefore, customAfter)
	return changes
}

// linked is an account with the ids of its contacts in place of these, which others may
// change without a change of the account.
func linked(account map[string]any) map[string]any {
	contacts, _ := account["contacts"].([]any)
	ids := make([]any, len(contacts))
	for i, contact := range contacts {
		if fields, ok := contact.(map[string]any); ok {
			ids[i] = fields["id"]
		}
	}
	shown := maps.Clone(account)
	shown["contacts"] = ids
	return shown
}
