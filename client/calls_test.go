package client_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/api"
)

const (
	contactJSON  = `{"id":5,"name":"Jo","title":null,"emails":[],"phones":[],"accounts":[],"createdByUser":null,"createdAt":"2026-11-02T09:30:00.000Z","updatedAt":"2026-11-02T09:30:00.000Z"}`
	propertyJSON = `{"name":"Roof type","keyName":"roof_type","type":"DROPDOWN","isMultiple":false,"options":["Tile"],"defaultValue":[],"isCustom":true,"indexed":false,"unique":false}`
)

func drain[T any](list iter.Seq2[T, error]) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

var at = time.Date(2026, 11, 24, 1, 0, 0, 0, time.FixedZone("", 3600))

// calls is each method with its request, word for word.
var calls = map[string]struct {
	call   func(context.Context, *client.Client) error
	answer http.HandlerFunc
	want   request // without the header
	header map[string]string
}{
	"get": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Accounts.Get(ctx, 42, client.IncludeContacts(), client.IncludeArchived(), client.IfNoneMatch(`"42-6"`))
			return err
		}, okAccount, request{method: "GET", path: "/v1/accounts/42", query: "include_contacts=true&include_archived=true"},
		map[string]string{"If-None-Match": `"42-6"`, "X-Api-Key": key, "User-Agent": "accountsd-go"},
	},
	"get by": {
		func(ctx context.Context, c *client.Client) error {
			for _, none := range []string{"", ".", ".."} {
				if _, err := c.Accounts.GetBy(ctx, "external_id", none); !errors.Is(err, client.ErrInvalid) {
					return errors.New("it was sent: " + none)
				}
			}
			_, err := c.Accounts.GetBy(ctx, "external_id", "a/b c%+é", client.IncludeContacts(), client.IncludeArchived(), client.IfNoneMatch(`"42-6"`))
			return err
		}, okAccount, request{method: "GET", path: "/v1/accounts/by/external_id/a/b c%+é", query: "include_contacts=true&include_archived=true"},
		map[string]string{"If-None-Match": `"42-6"`},
	},
	"get of the past": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Accounts.Get(ctx, 42, client.At(at.Add(time.Hour)))
			return err
		}, okAccount, request{method: "GET", path: "/v1/accounts/42", query: "at=2026-11-24T01%3A00%3A00.000Z"}, nil,
	},
	"get of a version": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Accounts.Get(ctx, 42, client.AtVersion(7), client.IncludeArchived())
			return err
		}, okAccount, request{method: "GET", path: "/v1/accounts/42", query: "include_archived=true&at=7"}, nil,
	},
	"list of the past": {
		func(ctx context.Context, c *client.Client) error {
			return drain(c.Accounts.List(ctx, client.AccountFilter{Words: "x", At: at}))
		}, reply(200, "[]"), request{method: "GET", path: "/v1/accounts", query: "q=x&at=2026-11-24T00%3A00%3A00.000Z&page_size=100"}, nil,
	},
	"list": {
		func(ctx context.Context, c *client.Client) error {
			return drain(c.Accounts.List(ctx, client.AccountFilter{
				Words: "sun, rise&x", Title: "t", Address: "a", PrimaryName: "n", PrimaryEmail: "@e+f", PrimaryPhone: "(1)",
				UpdatedAfter: at, UpdatedBefore: at, IncludeArchived: true, Order: client.EarliestFirst, IncludeContacts: true, IncludeTotal: true, PageSize: 7,
			}))
		}, reply(200, "[]"), request{method: "GET", path: "/v1/accounts", query: "q=sun%2C+rise%26x&title=t&address=a&primaryName=n&primaryEmail=%40e%2Bf" +
			"&primaryPhone=%281%29&updated_after=2026-11-24T00%3A00%3A00.000Z&updated_before=2026-11-24T00%3A00%3A00.000Z&order_by=asc&include_contacts=true&include_archived=true&page_size=7&include_total=true"}, nil,
	},
	"search": {
		func(ctx context.Context, c *client.Client) error {
			return drain(c.Accounts.Search(ctx, client.AccountSearch{
				Where: client.Where("roof_type", client.In, "Tile, red", `6" tube`), Or: new(client.Where("size", client.Between, 1.5, 20)),
			}))
		}, reply(200, "[]"), request{method: "GET", path: "/v1/accounts/search", query: "prop1=roof_type&op1=in&value1=%22Tile%2C+red%22%2C%226%22%22+tube%22" +
			"&logic=or&prop2=size&op2=between&value2=%221.5%22%2C%2220%22&page_size=100"}, nil,
	},
	"create": {
		func(ctx context.Context, c *client.Client) error {
			made, err := c.Accounts.Create(ctx, client.AccountCreate{Title: "T", Address: []string{"A"}, AccountType: client.Set(client.Commercial), Contacts: client.Set([]int64{5})},
				client.MatchBy(client.MatchEmail), client.OnMatch(client.EnrichMatch), client.AllowNewOptions(), client.DryRun(), client.IdempotencyKey("k"))
			if err == nil && !made.Created {
				err = errors.New("not created")
			}
			return err
		}, reply(201, accountJSON), request{method: "POST", path: "/v1/accounts", query: "allow_new_options=true&match_by=primaryEmail&match_found_strategy=enrich&dry_run=true",
			body: `{"title":"T","address":["A"],"accountType":"COMMERCIAL","contacts":[5]}`}, map[string]string{"Idempotency-Key": "k", "Content-Type": "application/json"},
	},
	"update": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Accounts.Update(ctx, 42, client.AccountPatch{
				Title: client.Set(""), Address: client.Set([]string{"A"}), Description: client.Clear[string](), IsActive: client.Set(false), Number: client.Set[int64](9),
				Value: client.Set(0.0), Custom: client.Values{"n": client.Decimal("1.50"), "r": nil}, Contacts: client.Clear[[]int64](),
			}, client.IfMatch(`"42-7"`), client.Merge(), client.DryRun(), client.Reason("told by phone"))
			return err
		}, okAccount, request{method: "PATCH", path: "/v1/accounts/42", query: "dry_run=true",
			body: `{"title":"","description":null,"address":["A"],"isActive":false,"number":9,"custom":{"n":1.50,"r":null},"contacts":null,"value":0}`},
		map[string]string{"If-Match": `"42-7"`, "Prefer": "merge", "Content-Type": "application/json", "X-Reason": "told by phone"},
	},
	"update of nothing": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Accounts.Update(ctx, 42, client.AccountPatch{})
			return err
		}, okAccount, request{method: "PATCH", path: "/v1/accounts/42", body: `{}`}, nil,
	},
	"delete": {
		func(ctx context.Context, c *client.Client) error {
			return c.Accounts.Delete(ctx, 42, client.IfMatch("*"), client.Reason("Größe, 100 %"))
		},
		reply(204, ""), request{method: "DELETE", path: "/v1/accounts/42"}, map[string]string{"If-Match": "*", "X-Reason": "UTF-8''Gr%C3%B6%C3%9Fe%2C%20100%20%25"},
	},
	"revert": {
		func(ctx context.Context, c *client.Client) error {
			got, err := c.Accounts.Revert(ctx, 42, "0007", client.IfMatch("*"), client.DryRun(), client.Reason("a mistake"))
			if err == nil && (got.ID != 42 || got.Members[0] != "title" || got.LeftOut[0].Member != "size") {
				err = errors.New("another answer")
			}
			return err
		}, reply(200, revertedJSON), request{method: "POST", path: "/v1/accounts/42/changes/0007/revert", query: "dry_run=true"},
		map[string]string{"If-Match": "*", "X-Reason": "a mistake"},
	},
	"undelete": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Accounts.Undelete(ctx, 42, client.DryRun(), client.IdempotencyKey("k"))
			return err
		}, reply(200, revertedJSON), request{method: "POST", path: "/v1/accounts/42/undelete", query: "dry_run=true"}, map[string]string{"Idempotency-Key": "k"},
	},
	"batch": {
		func(ctx context.Context, c *client.Client) error {
			got, err := c.Accounts.Batch(ctx, []client.BatchUpdate{{ID: 42, IfMatch: `"42-7"`, Set: client.AccountPatch{Title: client.Set("x")}}, {ID: 43}}, client.AllowNewOptions(), client.Merge())
			if err == nil && (len(got) != 1 || got[0].ID != 42) {
				err = errors.New("other accounts")
			}
			return err
		}, reply(200, `{"accounts":[`+accountJSON+`]}`), request{method: "POST", path: "/v1/accounts/batch", query: "allow_new_options=true",
			body: `{"updates":[{"id":42,"ifMatch":"\"42-7\"","set":{"title":"x"}},{"id":43,"set":{}}]}`}, map[string]string{"Prefer": "merge"},
	},
	"preview of a selection": {
		func(ctx context.Context, c *client.Client) error {
			got, err := c.Accounts.PreviewWhere(ctx, client.Selection{
				Filter: client.AccountFilter{Words: "sunrise", IncludeArchived: true}, Where: client.Where("roof_type", client.Equals, "Tile"), MaxAffected: 9,
			}, client.AccountPatch{Add: &client.AccountAddition{Value: client.Set(0.5)}})
			if err == nil && (got.Matched != 2 || len(got.Accounts) != 1 || got.Accounts[0].ID != 42 || got.ETag != `"t"`) {
				err = errors.New("other accounts")
			}
			return err
		}, reply(200, `{"matched":2,"accounts":[{"id":42,"title":"T","version":2,"fields":{}}]}`, "ETag", `"t"`), request{
			method: "PATCH", path: "/v1/accounts", body: `{"add":{"value":0.5}}`,
			query: "q=sunrise&prop1=roof_type&op1=eq&value1=Tile&include_archived=true&max_affected=9&dry_run=true",
		}, nil,
	},
	"update of a selection": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Accounts.UpdateWhere(ctx, client.Selection{Filter: client.AccountFilter{Title: "x"}, MaxAffected: 1}, client.AccountPatch{},
				client.IfMatch(`"t"`), client.AllowNewOptions(), client.IdempotencyKey("k"), client.Reason("r"))
			return err
		}, reply(200, `{"matched":0,"accounts":[]}`), request{
			method: "PATCH", path: "/v1/accounts", body: `{}`, query: "title=x&max_affected=1&dry_run=false&allow_new_options=true",
		}, map[string]string{"If-Match": `"t"`, "Idempotency-Key": "k", "X-Reason": "r"},
	},
	"changes": {
		func(ctx context.Context, c *client.Client) error { return drain(c.Accounts.Changes(ctx, "0042")) },
		reply(200, `{"changes":[]}`), request{method: "GET", path: "/v1/accounts/changes", query: "after=0042&page_size=100"}, nil,
	},
	"duplicates": {
		func(ctx context.Context, c *client.Client) error {
			return drain(c.Accounts.Duplicates(ctx, client.DuplicateFilter{Reason: client.SameTitle, AccountID: 42, IncludeArchived: true}))
		},
		reply(200, `{"groups":[]}`), request{method: "GET", path: "/v1/accounts/duplicates", query: "reason=title&account_id=42&include_archived=true&page_size=100"}, nil,
	},
	"merge": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Accounts.Merge(ctx, 42, client.AccountMerge{
				From: []client.MergeSource{{ID: 57, IfMatch: `"57-2"`}, {ID: 58}}, Take: map[string]int64{"title": 57},
			}, client.IfMatch(`"42-7"`), client.DryRun(), client.IdempotencyKey("k"), client.Reason("same"))
			return err
		}, okAccount, request{method: "POST", path: "/v1/accounts/42/merge", query: "dry_run=true", body: `{"from":[{"id":57,"ifMatch":"\"57-2\""},{"id":58}],"take":{"title":57}}`},
		map[string]string{"If-Match": `"42-7"`, "Idempotency-Key": "k", "X-Reason": "same"},
	},
	"history of the merged": {
		func(ctx context.Context, c *client.Client) error { return drain(c.Accounts.MergedHistory(ctx, 42)) },
		reply(200, `{"changes":[]}`), request{method: "GET", path: "/v1/accounts/42/changes", query: "include_merged=true&page_size=100"}, nil,
	},
	"audit": {
		func(ctx context.Context, c *client.Client) error {
			return drain(c.Audit.List(ctx, client.AuditFilter{After: "0042", Action: "key.created"}))
		}, reply(200, `{"entries":[]}`), request{method: "GET", path: "/v1/audit", query: "after=0042&action=key.created&page_size=100"}, nil,
	},
	"history": {
		func(ctx context.Context, c *client.Client) error { return drain(c.Accounts.History(ctx, 42)) },
		reply(200, `{"changes":[]}`), request{method: "GET", path: "/v1/accounts/42/changes", query: "page_size=100"}, nil,
	},
	"contact": {
		func(ctx context.Context, c *client.Client) error { _, err := c.Contacts.Get(ctx, 5); return err },
		reply(200, contactJSON), request{method: "GET", path: "/v1/contacts/5"}, nil,
	},
	"contacts": {
		func(ctx context.Context, c *client.Client) error {
			return drain(c.Contacts.List(ctx, client.ContactFilter{Words: "jo", AccountID: 42, UpdatedAfter: at, Order: client.LatestFirst}))
		}, reply(200, "[]"), request{method: "GET", path: "/v1/contacts", query: "q=jo&account_id=42&updated_after=2026-11-24T00%3A00%3A00.000Z&order_by=desc&page_size=100"}, nil,
	},
	"create contact": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Contacts.Create(ctx, client.ContactCreate{Name: "Jo", Emails: []string{"jo@example.com"}, AccountIDs: []int64{42}}, client.IdempotencyKey("k"))
			return err
		}, reply(201, contactJSON), request{method: "POST", path: "/v1/contacts", body: `{"name":"Jo","emails":["jo@example.com"],"accountIds":[42]}`}, map[string]string{"Idempotency-Key": "k"},
	},
	"update contact": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Contacts.Update(ctx, 5, client.ContactPatch{Title: client.Clear[string](), Phones: client.Set([]string{})})
			return err
		}, reply(200, contactJSON), request{method: "PATCH", path: "/v1/contacts/5", body: `{"title":null,"phones":[]}`}, nil,
	},
	"delete contact": {
		func(ctx context.Context, c *client.Client) error { return c.Contacts.Delete(ctx, 5) },
		reply(204, ""), request{method: "DELETE", path: "/v1/contacts/5"}, nil,
	},
	"properties": {
		func(ctx context.Context, c *client.Client) error {
			got, err := c.Properties.List(ctx)
			if err == nil && len(got) != 1 {
				err = errors.New("other properties")
			}
			return err
		}, reply(200, `{"account":[`+propertyJSON+`],"client":[]}`), request{method: "GET", path: "/v1/properties", query: "record_type=account"}, nil,
	},
	"create property": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Properties.Create(ctx, client.PropertyCreate{Name: "Roof type", Type: client.Dropdown, Options: []string{"Tile"}})
			return err
		}, reply(201, propertyJSON), request{method: "POST", path: "/v1/properties", body: `{"name":"Roof type","type":"DROPDOWN","options":["Tile"]}`}, nil,
	},
	"update property": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Properties.Update(ctx, "roof_type", client.PropertyPatch{RenameOptions: []client.OptionRename{{From: "Tile", To: "Clay"}}, DefaultValue: client.Set(client.ValueList{})}, client.Force())
			return err
		}, reply(200, propertyJSON), request{method: "PATCH", path: "/v1/properties/roof_type", query: "force=true", body: `{"renameOptions":[{"from":"Tile","to":"Clay"}],"defaultValue":[]}`}, nil,
	},
	"delete property": {
		func(ctx context.Context, c *client.Client) error {
			return c.Properties.Delete(ctx, "roof_type", client.Force())
		},
		reply(204, ""), request{method: "DELETE", path: "/v1/properties/roof_type", query: "force=true"}, nil,
	},
	"users": {
		func(ctx context.Context, c *client.Client) error { return drain(c.Users.List(ctx)) },
		reply(200, "[]"), request{method: "GET", path: "/v1/users", query: "page_size=100"}, nil,
	},
	"invite": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Users.Invite(ctx, client.UserInvite{Email: "lin@example.com", IsAdmin: true})
			return err
		}, reply(201, `{}`), request{method: "POST", path: "/v1/users", body: `{"email":"lin@example.com","isAdmin":true}`}, nil,
	},
	"accept": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Users.Accept(ctx, client.InvitationAccept{Token: "inv", Password: "p"})
			return err
		}, reply(200, `{}`), request{method: "POST", path: "/v1/users/accept", body: `{"token":"inv","password":"p"}`}, nil,
	},
	"invite again": {
		func(ctx context.Context, c *client.Client) error { _, err := c.Users.InviteAgain(ctx, 7); return err },
		reply(200, `{}`), request{method: "POST", path: "/v1/users/7/invitation"}, nil,
	},
	"update user": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Users.Update(ctx, 7, client.UserPatch{LastName: client.Clear[string](), Disabled: client.Set(true)})
			return err
		}, reply(200, `{}`), request{method: "PATCH", path: "/v1/users/7", body: `{"lastName":null,"disabled":true}`}, nil,
	},
	"reset password": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Users.ResetPassword(ctx, 7, client.PasswordReset{RevokeKeys: true})
			return err
		}, reply(200, `{}`), request{method: "POST", path: "/v1/users/7/password-reset", body: `{"revokeKeys":true}`}, nil,
	},
	"change password": {
		func(ctx context.Context, c *client.Client) error {
			return c.Users.ChangePassword(ctx, client.Login{Email: "ada@example.com", Password: "secret"}, "new")
		}, reply(204, ""), request{method: "POST", path: "/v1/users/me/password", body: `{"newPassword":"new"}`},
		map[string]string{"Authorization": "Basic YWRhQGV4YW1wbGUuY29tOnNlY3JldA==", "X-Api-Key": ""},
	},
	"create key in a company": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Keys.CreateAs(ctx, client.Login{Email: "ada@example.com", Password: "secret", CompanyID: 2}, client.KeyCreate{Name: "n"})
			return err
		}, reply(200, `{}`), request{method: "POST", path: "/v1/api-keys", query: "company_id=2", body: `{"name":"n"}`},
		map[string]string{"Authorization": "Basic YWRhQGV4YW1wbGUuY29tOnNlY3JldA=="},
	},
	"keys": {
		func(ctx context.Context, c *client.Client) error { return drain(c.Keys.List(ctx)) },
		reply(200, "[]"), request{method: "GET", path: "/v1/api-keys", query: "page_size=100"}, nil,
	},
	"create key": {
		func(ctx context.Context, c *client.Client) error {
			_, err := c.Keys.Create(ctx, "ada@example.com", "secret", client.KeyCreate{Name: "n", Scopes: []client.Scope{client.ScopeRead}, ExpiresAt: client.Set(client.TimeOf(at))})
			return err
		}, reply(200, `{}`), request{method: "POST", path: "/v1/api-keys", body: `{"name":"n","scopes":["read"],"expiresAt":"2026-11-24T00:00:00.000Z"}`},
		map[string]string{"Authorization": "Basic YWRhQGV4YW1wbGUuY29tOnNlY3JldA==", "X-Api-Key": ""},
	},
	"revoke": {
		func(ctx context.Context, c *client.Client) error { return c.Keys.Revoke(ctx, 3) },
		reply(204, ""), request{method: "DELETE", path: "/v1/api-keys/3"}, nil,
	},
}

func TestRequests(t *testing.T) {
	t.Parallel()
	for name, test := range calls {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, test.answer)
			must(t, test.call(t.Context(), server.client(t)))
			got := server.asked()[0]
			for name, want := range test.header {
				if sent := got.header.Get(name); sent != want {
					t.Errorf("%s: %q, want %q", name, sent, want)
				}
			}
			if got.header = nil; !reflect.DeepEqual(got, test.want) {
				t.Errorf("sent\n%+v, want\n%+v", got, test.want)
			}
			refusing := serve(t, problem(403, "FORBIDDEN"))
			if err := test.call(t.Context(), refusing.client(t)); !errors.Is(err, client.ErrForbidden) {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// What cannot be right is refused before anything is sent.
func TestArgumentsRefusedEarly(t *testing.T) {
	t.Parallel()
	ctx, server := t.Context(), serve(t, okAccount)
	c := server.client(t)
	ignore := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"get":              ignore(c.Accounts.Get(ctx, 0)),
		"update":           ignore(c.Accounts.Update(ctx, -1, client.AccountPatch{})),
		"update func":      ignore(c.Accounts.UpdateFunc(ctx, 0, func(*client.Account) error { return nil })),
		"delete":           c.Accounts.Delete(ctx, 0),
		"history":          drain(c.Accounts.History(ctx, 0)),
		"empty batch":      ignore(c.Accounts.Batch(ctx, nil)),
		"batch without id": ignore(c.Accounts.Batch(ctx, []client.BatchUpdate{{}})),
		"no member":        drain(c.Accounts.Search(ctx, client.AccountSearch{})),
		"no second member": ignore(c.Accounts.SearchPage(ctx, client.AccountSearch{Where: client.Where("title", client.Equals, "x"), And: &client.Condition{}})),
		"and with or":      drain(c.Accounts.Search(ctx, client.AccountSearch{Where: client.Where("a", client.Equals, 1), And: &client.Condition{Member: "b"}, Or: &client.Condition{Member: "c"}})),
		"no number":        ignore(c.Accounts.Update(ctx, 42, client.AccountPatch{Custom: client.Values{"n": client.Decimal("twelve")}})),
		"no value":         ignore(c.Accounts.Create(ctx, client.AccountCreate{Custom: client.Values{"n": make(chan int)}})),
		"contact":          ignore(c.Contacts.Get(ctx, 0)),
		"update contact":   ignore(c.Contacts.Update(ctx, 0, client.ContactPatch{})),
		"delete contact":   c.Contacts.Delete(ctx, 0),
		"property":         ignore(c.Properties.Update(ctx, "", client.PropertyPatch{})),
		"delete property":  c.Properties.Delete(ctx, ""),
		"key":              c.Keys.Revoke(ctx, 0),
		"user":             ignore(c.Users.Update(ctx, 0, client.UserPatch{})),
		"invite nobody":    ignore(c.Users.InviteAgain(ctx, 0)),
		"reset nobody":     ignore(c.Users.ResetPassword(ctx, -1, client.PasswordReset{})),
		"no old password":  c.Users.ChangePassword(ctx, client.Login{Email: "ada@example.com"}, "new"),
		"no password":      ignore(c.Keys.Create(ctx, "ada@example.com", "", client.KeyCreate{})),
	} {
		if e, ok := errors.AsType[*client.Error](err); !ok || !errors.Is(err, client.ErrInvalid) || e.Status != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked := server.asked(); len(asked) != 0 {
		t.Errorf("sent %v", asked)
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"", "accounts.example.com", "ftp://accounts.example.com", "http://", "https://ada:pw@example.com/v1", "https://example.com/v1?x=1", "https://example.com/v1?", "https://example.com/#x", "http://[::1", "http://a b"} {
		if _, err := client.New(wrong); !errors.Is(err, client.ErrInvalid) || strings.Contains(err.Error(), "pw") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	for _, path := range []string{"", "/", "/v1", "/v1/"} {
		server := serve(t, okAccount)
		c, err := client.New(server.URL+path, client.WithAPIKey(" "+key+"\n"), client.WithUserAgent("crm/2"))
		must(t, err)
		_, err = c.Accounts.Get(t.Context(), 42)
		must(t, err)
		if got := server.asked()[0]; got.path != "/v1/accounts/42" || got.header.Get("X-Api-Key") != key || got.header.Get("User-Agent") != "crm/2" {
			t.Errorf("%q: %+v", path, got)
		}
	}
}

func TestReasonOfAClient(t *testing.T) {
	t.Parallel()
	server := serve(t, okAccount)
	c := server.client(t, client.WithReason("clean-up of Größen"))
	_, err := c.Accounts.Get(t.Context(), 42)
	must(t, err)
	_, err = c.Accounts.Update(t.Context(), 42, client.AccountPatch{})
	must(t, err)
	_, err = c.Accounts.Update(t.Context(), 42, client.AccountPatch{}, client.Reason("utf-8''x"))
	must(t, err)
	for i, want := range []string{"", "UTF-8''clean-up%20of%20Gr%C3%B6%C3%9Fen", "UTF-8''utf-8%27%27x"} {
		if got := server.asked()[i].header.Get("X-Reason"); got != want {
			t.Errorf("request %d has the reason %q, want %q", i, got, want)
		}
	}
}

func TestMiddlewareSeesEveryAttempt(t *testing.T) {
	t.Parallel()
	var seen []string
	note := func(name string) client.Middleware {
		return func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				seen = append(seen, name+" "+r.Header.Get("X-Api-Key"))
				return next.RoundTrip(r)
			})
		}
	}
	c := serve(t, reset, okAccount).client(t, client.WithMiddleware(note("outer"), note("inner")))
	_, err := c.Accounts.Get(t.Context(), 42)
	must(t, err)
	if want := []string{"outer " + key, "inner " + key, "outer " + key, "inner " + key}; !reflect.DeepEqual(seen, want) {
		t.Errorf("%v", seen)
	}
}

// The generated client stays within reach, and sends in the same way.
func TestGeneratedClient(t *testing.T) {
	t.Parallel()
	server := serve(t, problem(503, "UNAVAILABLE"), okAccount)
	resp, err := server.client(t).API().GetAccountWithResponse(t.Context(), 42, nil)
	must(t, err)
	if resp.JSON200 == nil || resp.JSON200.Title != "Sunrise Solar" || server.asked()[1].header.Get("X-Api-Key") != key {
		t.Errorf("%s %s", resp.Status(), resp.Body)
	}
}

// Every member that a body of the API may have can be sent, and no other.
func TestBodiesFollowTheSpec(t *testing.T) {
	t.Parallel()
	readOnly := map[string]bool{"id": true, "createdAt": true, "updatedAt": true, "createdBy": true, "updatedBy": true, "createdByUser": true, "accounts": true, "isCustom": true, "keyName": true, "type": true}
	for _, pair := range []struct{ own, generated any }{
		{client.AccountPatch{}, api.AccountPatch{}}, {client.AccountCreate{}, api.AccountCreate{}}, {client.BatchUpdate{}, api.AccountBatchUpdate{}},
		{client.ContactCreate{}, api.ContactCreate{}}, {client.ContactPatch{}, api.ContactPatch{}}, {client.PropertyCreate{}, api.PropertyCreate{}},
		{client.PropertyPatch{}, api.PropertyPatch{}}, {client.KeyCreate{}, api.KeyCreate{}}, {client.UserInvite{}, api.UserInvite{}}, {client.InvitationAccept{}, api.InvitationAccept{}},
	} {
		own, generated := members(pair.own), members(pair.generated)
		for name := range own {
			if !generated[name] {
				t.Errorf("%T has the member %s, the spec has not", pair.own, name)
			}
		}
		for name := range generated {
			if !own[name] && !readOnly[name] {
				t.Errorf("%T lacks the member %s", pair.own, name)
			}
		}
	}
}

func members(v any) map[string]bool {
	names := map[string]bool{}
	for field := range reflect.TypeOf(v).Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names[name] = true
	}
	return names
}
