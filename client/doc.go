// Package client calls an accountsd server: the system of record for customer
// accounts.
//
// # Start
//
// A [Client] is made once, with the server's URL and an API key. It is safe for
// concurrent use.
//
//	c, err := client.New("https://accounts.example.com/v1", client.WithAPIKey(os.Getenv("ACCOUNTS_KEY")))
//
// The operations are grouped by what they are about: [Accounts], [Contacts],
// [Properties] (the definitions of the custom members of accounts), [Users],
// [Keys], [Webhooks] and the [Audit] log.
//
//	account, err := c.Accounts.Get(ctx, 42)
//
// A property that is unique is a key of one's own, such as the id in another
// system: [Accounts.GetBy] finds an account by it, and [MatchUnique] matches by it.
// [Accounts.BatchItems] upserts many accounts by it, with a receipt for each; with [Each],
// each for itself.
//
// # Change an account
//
// A patch holds what is to change. A member is absent, which leaves it as it is,
// or made by [Set] or [Clear]:
//
//	account, err := c.Accounts.Update(ctx, 42, client.AccountPatch{
//		Title:        client.Set("Sunrise Solar"),
//		PrimaryEmail: client.Clear[string](),
//		Custom:       client.Values{"roof_type": "Tile", "gate_code": nil},
//	})
//
// It may also say what to add to numbers and lists, what to remove from lists, and
// what to fill where there is no value, whatever others write meanwhile:
//
//	account, err := c.Accounts.Update(ctx, 42, client.AccountPatch{
//		Add:    &client.AccountAddition{Value: client.Set(500.0), Contacts: []int64{7}},
//		Remove: &client.AccountRemoval{Custom: client.Values{"tags": client.ListOf("Gold")}},
//		Fill:   &client.AccountFill{PrimaryPhone: client.Set("(415) 555-0142")},
//	})
//
// The patch takes effect as a whole or not at all. [AllowNewOptions] adds labels
// to a dropdown, [DryRun] only looks, [IfMatch] guards against lost updates, and
// [Reason] is shown with the change in the history. With [Merge], IfMatch guards by
// member: only a change of the same one stands in the way, and the error's Conflicts
// have the values. To calculate the new state from the old one, use
// [Accounts.UpdateFunc], which does not lose what others write meanwhile.
//
// [Values] of custom members are made by [Decimal], [Day], [Moment] and [ListOf] where
// Go has no type of its own for them, and read by their methods.
//
// [Accounts.UpdateWhere] carries out a patch on all accounts that match, and
// [Accounts.PreviewWhere] tells before which those are.
//
// # Look back
//
// [Accounts.History] has the changes of an account. [At] and [AtVersion] show an account
// as it was, and [AccountFilter].At all of them. [Accounts.Revert] takes a change back,
// and [Accounts.Undelete] brings a deleted account back.
//
// [Accounts.Duplicates] finds accounts that may be one, and [Accounts.Merge] makes one of
// them; [Accounts.MergedHistory] has what happened to all of them.
//
// # Lists
//
// Lists are iterators that load page after page:
//
//	for account, err := range c.Accounts.List(ctx, client.AccountFilter{Words: "sunrise"}) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(account.Title)
//	}
//
// [Accounts.Page] returns one page instead, for a program that shows them.
// [Accounts.Search] tests any member, custom ones too.
//
// [Accounts.Changes] lists what has happened to all accounts. [Accounts.Follow] goes on
// with what happens, as it happens, for a copy that is to stay current, and
// [Accounts.AwaitChanges] waits for the next changes only. [Webhooks] have the server send
// them instead; package github.com/accountsd/accountsd/client/webhook verifies what comes.
//
// # Errors
//
// Every error is an [Error], with the status, the server's code and message, all
// offences of the request, and the request's id. Its kind is tested for with
// errors.Is:
//
//	var e *client.Error
//	switch {
//	case errors.Is(err, client.ErrNotFound):
//	case errors.As(err, &e):
//		for _, field := range e.Fields {
//			fmt.Println(field.Field, field.Message)
//		}
//		for _, c := range e.Conflicts { // of ErrPrecondition
//			fmt.Println(c.Member, c.Base, c.Current, c.Mine)
//		}
//	}
//
// [KeepResponse] also keeps the answer of a call as it came, with its headers.
//
// # What happens when the line breaks
//
// A call that may go better next time is made again: after an error of the
// connection, an answer that was cut off, and the statuses 408, 429, 502, 503
// and 504. The waits double, are jittered, and are as long as the server asks
// for by Retry-After, up to a minute; the call's context ends them. A write
// carries a name of its own (the header Idempotency-Key) that is the same each
// time, so it is carried out once, however often it is sent. Writes that the API
// cannot name ([Users.Invite], [Users.Accept], [Keys.Create], [Webhooks.Create]) are sent again
// only where it is certain that nothing was done.
//
// A call without a deadline ends after a minute ([WithTimeout]); an attempt has no time of its
// own but that of the [http.Client] and its transport. Answers are read
// up to 32 MiB ([WithMaxResponseBytes]). The key is sent to the host of the
// URL and to no other, whatever redirects or links say.
//
// # In tests
//
// Package github.com/accountsd/accountsd/server/servertest runs the real server
// inside a test:
//
//	s := servertest.New(t)
//	account := s.Account(t, client.AccountCreate{Title: "Sunrise Solar", Address: []string{"120 Mission Street"}})
//	run(s.Client, account.ID)
//
// The package links nothing but the standard library and what the generated code
// needs, which is small. Traces come from package otelclient, and the tools of an
// agent from package mcp; both are modules of their own.
package client
