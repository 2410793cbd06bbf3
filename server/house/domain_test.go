package house_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/contact"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store/teststore"
	"github.com/accountsd/accountsd/server/webhook"
	"github.com/accountsd/accountsd/server/write"
)

// domain answers what the domain says of the bodies of an operation, without
// the spec: the parser and the operation behind it.
type domain struct {
	asks  map[string]func(body any) fault.Offences // by operationId
	valid map[string]map[string]any                // a body that nothing is wrong with
}

// newDomain has a company with two accounts, a contact, a property with an option
// and a user, each with the id 1.
func newDomain(t *testing.T) *domain {
	t.Helper()
	ctx := t.Context()
	s := server.NewServices(teststore.Open(t), server.ServiceConfig{Region: "US"})
	made, err := s.Users.CreateCompany(ctx, identity.NewCompany{Name: "Sunrise", Email: "ada@example.com"})
	must(t, err)
	actor := made.Actor
	_, err = s.Intake.Create(ctx, actor, intake.CreateRequest{
		MatchBy: account.MatchNone, Patch: account.Patch{Title: patch.Set("Sunrise"), Address: patch.Set([]string{"1 Main Street"})},
	})
	must(t, err)
	_, err = s.Intake.Create(ctx, actor, intake.CreateRequest{
		MatchBy: account.MatchNone, Patch: account.Patch{Title: patch.Set("Sunrise, too"), Address: patch.Set([]string{"1 Main Street"})},
	})
	must(t, err)
	_, err = s.Contacts.Create(ctx, actor, contact.Patch{Name: patch.Set("Jo Park")}, write.Mode[account.Contact]{})
	must(t, err)
	_, err = s.Properties.Create(ctx, actor, property.New{Property: schema.Property{
		Name: "Roof type", Key: "roof_type", Type: schema.Dropdown, Multiple: true, Options: []string{"Tile"},
	}}, write.Mode[schema.Property]{})
	must(t, err)
	invited, err := s.Users.Invite(ctx, actor, identity.NewUser{Email: "lin@example.com"})
	must(t, err)
	user := actor.User.ID
	hook, err := s.Webhooks.Create(ctx, actor, webhook.ParseNew(map[string]any{"url": "https://hooks.example.com"}))
	must(t, err)
	return &domain{
		asks: map[string]func(any) fault.Offences{
			"updateAccount": asking(s.Accounts.Parse, func(p account.Patch) (account.Account, error) {
				return s.Accounts.Update(ctx, actor, account.UpdateRequest{ID: 1, Patch: p})
			}),
			"updateAccounts": asking(s.Accounts.ParseForMany, func(p account.Patch) (account.SelectionResult, error) {
				return s.Accounts.UpdateSelection(ctx, actor, account.SelectionRequest{Patch: p, MaxAffected: 1})
			}),
			"createAccount": asking(s.Accounts.Parse, func(p account.Patch) (intake.CreateResult, error) {
				return s.Intake.Create(ctx, actor, intake.CreateRequest{Patch: p, MatchBy: account.MatchNone})
			}),
			"batchUpdateAccounts": asking(s.Intake.ParseBatch, func(b intake.BatchRequest) ([]account.Account, error) {
				if b.Items != nil {
					_, err := s.Intake.BatchItems(ctx, actor, intake.ItemsRequest{Items: b.Items, Findings: b.Findings})
					return nil, err
				}
				return s.Accounts.Batch(ctx, actor, b.BatchRequest)
			}),
			"mergeAccounts": asking(lineage.ParseMerge, func(m lineage.MergeRequest) (account.Account, error) {
				m.ID = 1
				return s.Lineage.Merge(ctx, actor, m)
			}),
			"createContact": asking(s.Contacts.Parse, func(p contact.Patch) (account.Contact, error) {
				return s.Contacts.Create(ctx, actor, p, write.Mode[account.Contact]{})
			}),
			"updateContact": asking(s.Contacts.Parse, func(p contact.Patch) (account.Contact, error) {
				return s.Contacts.Update(ctx, actor, 1, p, write.Mode[account.Contact]{})
			}),
			"createProperty": asking(property.ParseNew, func(n property.New) (schema.Property, error) {
				return s.Properties.Create(ctx, actor, n, write.Mode[schema.Property]{})
			}),
			"updateProperty": asking(property.ParsePatch, func(p property.Patch) (schema.Property, error) {
				return s.Properties.Update(ctx, actor, property.UpdateRequest{Key: "roof_type", Patch: p})
			}),
			"inviteUser": asking(identity.ParseNewUser, func(n identity.NewUser) (identity.InvitedUser, error) {
				return s.Users.Invite(ctx, actor, n)
			}),
			"acceptInvitation": asking(identity.ParseAcceptance, func(a identity.Acceptance) (identity.User, error) {
				return s.Logins.Accept(ctx, a)
			}),
			"updateUser": asking(identity.ParseUserPatch, func(p identity.UserPatch) (identity.User, error) {
				return s.Users.Update(ctx, actor, user, p)
			}),
			"resetPassword": asking(identity.ParseReset, func(r identity.Reset) (identity.InvitedUser, error) {
				return s.Logins.ResetPassword(ctx, actor, user, r)
			}),
			"changePassword": asking(identity.ParseNewPassword, func(n identity.NewPassword) (bool, error) {
				return false, s.Logins.ChangePassword(ctx, actor, n)
			}),
			"createKey": asking(identity.ParseNewKey, func(n identity.NewKey) (identity.IssuedKey, error) {
				return s.Keys.Create(ctx, actor, n)
			}),
			"notifyAliasUser": asking(alias.ParseNotice, func(n alias.Notice) (alias.Report, error) {
				return s.Alias.Notify(ctx, actor, user, n)
			}),
			"rehearseAliasMigration": asking(alias.ParseRehearsal, func(n alias.NewRehearsal) (alias.Report, error) {
				return s.Alias.Rehearse(ctx, actor, user, n)
			}),
			"createWebhook": asking(webhook.ParseNew, func(n webhook.New) (webhook.Webhook, error) {
				return s.Webhooks.Create(ctx, actor, n)
			}),
			"updateWebhook": asking(webhook.ParsePatch, func(p webhook.Patch) (webhook.Webhook, error) {
				return s.Webhooks.Update(ctx, actor, hook.ID, p)
			}),
			"rotateWebhookSecret": asking(webhook.ParseRotation, func(r webhook.Rotation) (webhook.Webhook, error) {
				return s.Webhooks.RotateSecret(ctx, actor, hook.ID, r)
			}),
			"replayWebhook": asking(webhook.ParseReplay, func(r webhook.Replay) (webhook.Webhook, error) {
				return s.Webhooks.Replay(ctx, actor, hook.ID, r)
			}),
		},
		valid: map[string]map[string]any{
			"updateAccount":          {},
			"updateAccounts":         {},
			"createAccount":          {"title": "Harbor", "address": []any{"5 Pier Road"}},
			"batchUpdateAccounts":    {"updates": []any{map[string]any{"id": json.Number("1"), "set": map[string]any{}}}},
			"mergeAccounts":          {"from": []any{map[string]any{"id": json.Number("2")}}},
			"createContact":          {"name": "Lee Chan"},
			"updateContact":          {},
			"createProperty":         {"name": "Color", "type": "DROPDOWN"},
			"updateProperty":         {},
			"inviteUser":             {"email": "new@example.com"},
			"acceptInvitation":       {"token": invited.Token, "password": "a long password"},
			"updateUser":             {},
			"resetPassword":          {},
			"changePassword":         {"newPassword": "a long password"},
			"createKey":              {},
			"notifyAliasUser":        {"message": "We tidy up."},
			"rehearseAliasMigration": {"until": "2999-01-01T00:00:00Z"},
			"createWebhook":          {"url": "https://hooks.example.com"},
			"updateWebhook":          {},
			"rotateWebhookSecret":    {},
			"replayWebhook":          {"after": "0"},
		},
	}
}

// mark is an offence that makes an operation write nothing.
const mark = "the mark"

// asking is what the server does with a body of which something is wrong.
func asking[T, R any, P interface {
	*T
	Offences() *fault.Offences
}](parse func(any) T, carryOut func(T) (R, error)) func(any) fault.Offences {
	return func(body any) fault.Offences {
		parsed := parse(body)
		found := P(&parsed).Offences()
		*found = append(*found, fault.Offence{In: fault.InBody, Path: []string{mark}})
		_, err := carryOut(parsed)
		e, ok := errors.AsType[*fault.Error](err)
		if !ok {
			return fault.Offences{{Message: "carried out, though something was wrong"}}
		}
		return slices.DeleteFunc(fault.Offences(e.Fields), func(o fault.Offence) bool { return len(o.Path) == 0 || o.Path[0] == mark })
	}
}

// at are the offences of a member; of what is in it too if deep is set. One of
// a value that is taken is none.
func at(offences fault.Offences, pointer string, deep bool) fault.Offences {
	var found fault.Offences
	for _, o := range offences {
		if o.Kind == fault.KindConflict {
			continue
		}
		if o.Pointer() == pointer || deep && strings.HasPrefix(o.Pointer(), pointer+"/") {
			found = append(found, o)
		}
	}
	return found
}

// with is a valid body of the operation in which a member has a value.
func (d *domain) with(op string, path []string, value any) any {
	body := maps.Clone(d.valid[op])
	maps.Copy(body, contexts[op+" "+path[0]])
	return set(body, path, value)
}

// set returns a copy of a tree in which the path leads to the value. A list is
// made of one item.
func set(tree any, path []string, value any) any {
	if len(path) == 0 {
		return value
	}
	if path[0] == "0" {
		list, _ := tree.([]any)
		var first any
		if len(list) > 0 {
			first = list[0]
		}
		return []any{set(first, path[1:], value)}
	}
	object, _ := tree.(map[string]any)
	object = maps.Clone(object)
	if object == nil {
		object = make(map[string]any)
	}
	object[path[0]] = set(object[path[0]], path[1:], value)
	return object
}

// member is a member of a body, or an item of a list in one.
type member struct {
	op       string
	path     []string
	schema   *openapi3.Schema
	required bool
}

func (m member) pointer() string { return "/" + strings.Join(m.path, "/") }

// isEcho tells whether the member is accepted as it was fetched, and not read.
func (m member) isEcho() bool {
	tags, _ := m.schema.Extensions["x-oapi-codegen-extra-tags"].(map[string]any)
	return tags["echo"] == "true"
}

// membersOf lists what can be in the bodies of an operation, but for what is
// inside of an echo.
func membersOf(o operation) []member {
	var found []member
	var walk func(path []string, s *openapi3.Schema)
	walk = func(path []string, s *openapi3.Schema) {
		for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
			m := member{o.OperationID, append(slices.Clip(path), name), whole(s.Properties[name].Value), slices.Contains(s.Required, name)}
			found = append(found, m)
			if !m.isEcho() {
				walk(m.path, m.schema)
			}
		}
		if s.Items != nil && (s.Items.Value.Type != nil || len(s.Items.Value.OneOf) > 0) {
			item := member{op: o.OperationID, path: append(slices.Clip(path), "0"), schema: s.Items.Value}
			found = append(found, item)
			walk(item.path, item.schema)
		}
		for _, one := range s.OneOf {
			walk(path, one.Value)
		}
	}
	walk(nil, o.body())
	return found
}

// whole is a schema with the values and the bounds of those that it is made of.
func whole(s *openapi3.Schema) *openapi3.Schema {
	merged := *s
	for _, part := range s.AllOf {
		if len(merged.Enum) == 0 {
			merged.Enum = part.Value.Enum
		}
		if merged.MaxLength == nil {
			merged.MaxLength = part.Value.MaxLength
		}
	}
	return &merged
}

func number(x float64) json.Number { return json.Number(strconv.FormatFloat(x, 'f', -1, 64)) }
