package client_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest"
)

// sample starts a server with a property and one account, whose id is 1.
func sample() (ctx context.Context, c *client.Client, s *servertest.Server) {
	ctx = context.Background()
	s, err := servertest.Start(ctx, servertest.WithPassword("correct horse battery"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err = s.Client.Properties.Create(ctx, client.PropertyCreate{Name: "Roof type", Type: client.Dropdown, Options: []string{"Tile", "Metal"}}); err != nil {
		log.Fatal(err)
	}
	if _, err = s.Client.Accounts.Create(ctx, client.AccountCreate{
		Title: "Sunrise Solar", Address: []string{"120 Mission Street"}, PrimaryEmail: client.Set("office@sunrise.example"), Custom: client.Values{"roof_type": "Tile"},
	}); err != nil {
		log.Fatal(err)
	}
	return ctx, s.Client, s
}

func ExampleNew() {
	ctx, _, s := sample()
	defer s.Close()

	c, err := client.New(s.URL,
		client.WithAPIKey(s.Key),
		client.WithUserAgent("billing/1.4"),
		client.WithRetries(6),
		client.WithTimeout(10*time.Second))
	if err != nil {
		log.Fatal(err)
	}
	account, err := c.Accounts.Get(ctx, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.Title)
	// Output: Sunrise Solar
}

func ExampleAccounts_Update() {
	ctx, c, s := sample()
	defer s.Close()

	account, err := c.Accounts.Update(ctx, 1, client.AccountPatch{
		Title:        client.Set("Sunrise Solar & Roofing"),
		PrimaryEmail: client.Clear[string](),
		Custom:       client.Values{"roof_type": "Thatch"},
	}, client.AllowNewOptions())
	if err != nil {
		log.Fatal(err)
	}
	roof, _ := account.Custom.Text("roof_type")
	fmt.Println(account.Title, roof, account.PrimaryEmail.IsNull())
	// Output: Sunrise Solar & Roofing Thatch true
}

// What is added is added to what is there then, so that nothing need be read, and
// nothing of others is lost.
func ExampleAccountAddition() {
	ctx, c, s := sample()
	defer s.Close()

	patch := client.AccountPatch{
		Add:    &client.AccountAddition{Value: client.Set(0.1), Address: []string{"5 Pier Road"}},
		Remove: &client.AccountRemoval{Address: []string{"120 mission street"}},
		Fill:   &client.AccountFill{PrimaryPhone: client.Set("(415) 555-0142")},
	}
	for range 3 {
		if _, err := c.Accounts.Update(ctx, 1, patch); err != nil {
			log.Fatal(err)
		}
	}
	account, err := c.Accounts.Get(ctx, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Or(account.Value, 0), account.Address, client.Or(account.PrimaryPhone, "none"))
	// Output: 0.3 [5 Pier Road] +14155550142
}

// What is written is what was looked at: if anybody has changed one of the accounts
// since, nothing is.
func ExampleAccounts_UpdateWhere() {
	ctx, c, s := sample()
	defer s.Close()

	unvalued := client.Selection{Where: client.Where("value", client.Exists, false), MaxAffected: 100}
	patch := client.AccountPatch{Value: client.Set(0.0)}
	preview, err := c.Accounts.PreviewWhere(ctx, unvalued, patch)
	if err != nil {
		log.Fatal(err)
	}
	for _, account := range preview.Accounts {
		fmt.Println(account.Title, account.Fields["value"].After)
	}
	done, err := c.Accounts.UpdateWhere(ctx, unvalued, patch, client.IfMatch(preview.ETag))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(done.Accounts) == preview.Matched)
	// Output:
	// Sunrise Solar 0
	// true
}

// Other callers may write at the same time: nothing of theirs is lost.
func ExampleAccounts_UpdateFunc() {
	ctx, c, s := sample()
	defer s.Close()

	account, err := c.Accounts.UpdateFunc(ctx, 1, func(a *client.Account) error {
		a.Value = client.Set(client.Or(a.Value, 0) + 1250.50)
		a.Address = append(a.Address, "5 Pier Road")
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Or(account.Value, 0), account.Address)
	// Output: 1250.5 [120 Mission Street 5 Pier Road]
}

func ExampleIfMatch() {
	ctx, c, s := sample()
	defer s.Close()

	read, err := c.Accounts.Get(ctx, 1)
	if err != nil {
		log.Fatal(err)
	}
	// Somebody else is quicker.
	if _, err := c.Accounts.Update(ctx, 1, client.AccountPatch{Title: client.Set("Sunset Solar")}); err != nil {
		log.Fatal(err)
	}
	_, err = c.Accounts.Update(ctx, 1, client.AccountPatch{IsActive: client.Set(false)}, client.IfMatch(read.ETag))
	fmt.Println(errors.Is(err, client.ErrPrecondition))
	// Output: true
}

// Of two who change an account, the second is told only what both have changed.
func ExampleMerge() {
	ctx, c, s := sample()
	defer s.Close()

	read, err := c.Accounts.Get(ctx, 1)
	if err != nil {
		log.Fatal(err)
	}
	// Somebody else is quicker.
	if _, err := c.Accounts.Update(ctx, 1, client.AccountPatch{Title: client.Set("Sunset Solar")}); err != nil {
		log.Fatal(err)
	}
	account, err := c.Accounts.Update(ctx, 1, client.AccountPatch{Size: client.Set(12.0)}, client.IfMatch(read.ETag), client.Merge())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.Title, client.Or(account.Size, 0))

	_, err = c.Accounts.Update(ctx, 1, client.AccountPatch{Title: client.Set("Sunrise")}, client.IfMatch(read.ETag), client.Merge())
	var e *client.Error
	if errors.As(err, &e) {
		for _, conflict := range e.Conflicts {
			fmt.Println(conflict.Member, conflict.Base, conflict.Current, conflict.Mine)
		}
	}
	// Output:
	// Sunset Solar 12
	// title Sunrise Solar Sunset Solar Sunrise
}

func ExampleDryRun() {
	ctx, c, s := sample()
	defer s.Close()

	preview, err := c.Accounts.Update(ctx, 1, client.AccountPatch{PrimaryPhone: client.Set("(415) 555-0142")}, client.DryRun())
	if err != nil {
		log.Fatal(err)
	}
	stored, err := c.Accounts.Get(ctx, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(client.Or(preview.PrimaryPhone, "none"), client.Or(stored.PrimaryPhone, "none"))
	// Output: +14155550142 none
}

func ExampleError() {
	ctx, c, s := sample()
	defer s.Close()

	_, err := c.Accounts.Update(ctx, 1, client.AccountPatch{
		Title:  client.Set(" "),
		Custom: client.Values{"roof_typ": "Tile"},
	})
	if e, ok := errors.AsType[*client.Error](err); ok {
		fmt.Println(e.Status, e.Code)
		for _, field := range e.Fields {
			fmt.Println("-", field.Field+":", field.Message)
		}
	}
	_, err = c.Accounts.Get(ctx, 4711)
	fmt.Println(errors.Is(err, client.ErrNotFound))
	// Output:
	// 400 VALIDATION_ERROR
	// - title: title must not be blank; got " "
	// - custom.roof_typ: custom.roof_typ is not a property of this company; did you mean "roof_type"?
	// true
}

func ExampleAccounts_Create() {
	ctx, c, s := sample()
	defer s.Close()

	made, err := c.Accounts.Create(ctx, client.AccountCreate{
		Title:        "Sunrise, again",
		Address:      []string{"120 Mission Street"},
		PrimaryEmail: client.Set("office@sunrise.example"),
		PrimaryPhone: client.Set("(415) 555-0142"),
	}, client.MatchBy(client.MatchEmail), client.OnMatch(client.EnrichMatch))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(made.Created, made.ID, made.Title, client.Or(made.PrimaryPhone, ""))
	// Output: false 1 Sunrise Solar +14155550142
}

func ExampleAccounts_List() {
	ctx, c, s := sample()
	defer s.Close()

	for account, err := range c.Accounts.List(ctx, client.AccountFilter{Words: "sunrise mission", Order: client.EarliestFirst}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(account.Number, account.Title)
	}
	// Output: 1 Sunrise Solar
}

func ExampleAccounts_Page() {
	ctx, c, s := sample()
	defer s.Close()

	page, err := c.Accounts.Page(ctx, client.AccountFilter{PageSize: 20, IncludeTotal: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(page.Items), "of", page.Total, page.HasNext())
	// Output: 1 of 1 false
}

func ExampleAccounts_Search() {
	ctx, c, s := sample()
	defer s.Close()

	search := client.AccountSearch{
		Where: client.Where("roof_type", client.In, "Tile", "Metal"),
		And:   new(client.Where("primaryEmail", client.Contains, "@sunrise.example")),
	}
	for account, err := range c.Accounts.Search(ctx, search) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(account.Title)
	}
	// Output: Sunrise Solar
}

func ExampleAccounts_Batch() {
	ctx, c, s := sample()
	defer s.Close()

	accounts, err := c.Accounts.Batch(ctx, []client.BatchUpdate{
		{ID: 1, Set: client.AccountPatch{Custom: client.Values{"roof_type": "Metal"}}},
		{ID: 1, Set: client.AccountPatch{Number: client.Set[int64](1234)}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(accounts), accounts[1].Number, accounts[1].Custom["roof_type"])
	// Output: 2 1234 Metal
}

// A copy keeps the sequence of the last change that it has applied.
func ExampleAccounts_Changes() {
	ctx, c, s := sample()
	defer s.Close()
	if err := c.Accounts.Delete(ctx, 1); err != nil {
		log.Fatal(err)
	}

	last := ""
	for change, err := range c.Accounts.Changes(ctx, last) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(change.AccountID, change.Kind)
		last = change.Sequence
	}
	// Output:
	// 1 created
	// 1 deleted
}

func ExampleAccounts_History() {
	ctx, c, s := sample()
	defer s.Close()
	if _, err := c.Accounts.Update(ctx, 1, client.AccountPatch{Custom: client.Values{"roof_type": "Metal"}}); err != nil {
		log.Fatal(err)
	}

	for change, err := range c.Accounts.History(ctx, 1) {
		if err != nil {
			log.Fatal(err)
		}
		roof := change.Fields["custom.roof_type"]
		fmt.Println(change.Kind, roof.Before, roof.After)
	}
	// Output:
	// updated Tile Metal
	// created <nil> Tile
}

func ExampleContacts() {
	ctx, c, s := sample()
	defer s.Close()

	jo, err := c.Contacts.Create(ctx, client.ContactCreate{Name: "Jo Park", Emails: []string{"jo@sunrise.example"}, AccountIDs: []int64{1}})
	if err != nil {
		log.Fatal(err)
	}
	jo, err = c.Contacts.Update(ctx, jo.ID, client.ContactPatch{Title: client.Set("Facility manager")})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(jo.Name, client.Or(jo.Title, ""), jo.Accounts[0].Title)
	// Output: Jo Park Facility manager Sunrise Solar
}

func ExampleProperties() {
	ctx, c, s := sample()
	defer s.Close()

	// The option is renamed in every account that has it.
	if _, err := c.Properties.Update(ctx, "roof_type", client.PropertyPatch{RenameOptions: []client.OptionRename{{From: "Tile", To: "Clay tile"}}}); err != nil {
		log.Fatal(err)
	}
	account, err := c.Accounts.Get(ctx, 1)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(account.Custom["roof_type"])
	// Output: Clay tile
}

func ExampleKeys_Create() {
	ctx, _, s := sample()
	defer s.Close()

	c, err := client.New(s.URL) // without a key
	if err != nil {
		log.Fatal(err)
	}
	key, err := c.Keys.Create(ctx, servertest.Email, "correct horse battery", client.KeyCreate{Name: "nightly report", Scopes: []client.Scope{client.ScopeRead}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(key.Name, key.Scopes, key.Token[:4])
	// Output: nightly report [read] acc_
}

func ExampleUsers_Invite() {
	ctx, c, s := sample()
	defer s.Close()

	invited, err := c.Users.Invite(ctx, client.UserInvite{Email: "lin@example.com", FirstName: "Lin"})
	if err != nil {
		log.Fatal(err)
	}
	lin, err := c.Users.Accept(ctx, client.InvitationAccept{Token: invited.Invitation.Token, Password: "a password of one's own"})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(lin.Email, lin.IsInvited)
	// Output: lin@example.com false
}

func ExampleWithMiddleware() {
	ctx, _, s := sample()
	defer s.Close()

	logged := func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(req)
			if err == nil {
				fmt.Println(req.Method, req.URL.Path, resp.StatusCode)
			}
			return resp, err
		})
	}
	c, err := client.New(s.URL, client.WithAPIKey(s.Key), client.WithMiddleware(logged))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := c.Properties.List(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: GET /v1/properties 200
}

// What this package has no method for is called through the generated client.
func ExampleClient_API() {
	ctx, c, s := sample()
	defer s.Close()

	resp, err := c.API().ListAccountsWithResponse(ctx, nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(resp.StatusCode(), len(*resp.JSON200))
	// Output: 200 1
}
