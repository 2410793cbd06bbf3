package crowd

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest/history"
)

// Report counts what a crowd did.
type Report struct {
	Operations, Unknown, Refused int
	Changes, Options, Contacts   int
}

// String is the report in a line.
func (r Report) String() string {
	return fmt.Sprintf("%d operations, of which %d were refused and %d left without an answer; %d changes, %d options, %d contacts",
		r.Operations, r.Refused, r.Unknown, r.Changes, r.Options, r.Contacts)
}

// Check reads all accounts, options, contacts and changes through each server, and
// returns an error for all that cannot be, or is not once. The crowd must have been
// stopped.
func (c *Crowd) Check(ctx context.Context) (Report, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var errs []error
	for i, server := range c.direct {
		errs = append(errs, c.readAll(ctx, i, server), c.checkOptions(ctx, server), c.checkContacts(ctx, server), c.checkFeed(ctx, i))
	}
	operations := c.record.all()
	errs = append(errs, c.checkTitles(), history.Check(operations, c.config.Folder), c.follower.feed.Check(operations))
	report := Report{Operations: len(operations), Changes: len(c.follower.feed), Contacts: len(c.record.contacts)}
	for _, o := range operations {
		switch o.Outcome {
		case history.Unknown:
			report.Unknown++
		case history.Refused:
			report.Refused++
		}
	}
	report.Options = len(labels(operations))
	return report, errors.Join(errs...)
}

// readAll reads each account once more, as one more client.
func (c *Crowd) readAll(ctx context.Context, at int, server *client.Client) error {
	for i := range c.accounts {
		id := c.accounts[i].id.Load()
		if id == 0 {
			continue
		}
		o := history.Operation{Client: at, Account: c.accounts[i].title, Called: c.record.now(), Outcome: history.Done}
		got, err := server.Accounts.Get(ctx, id, client.IncludeContacts())
		if err != nil {
			return fmt.Errorf("read %s: %w", o.Account, err)
		}
		o.Returned, o.Seen = c.record.now(), c.seen(got)
		c.record.add(o)
	}
	return nil
}

// checkTitles checks that no account was created twice.
func (c *Crowd) checkTitles() error {
	for title, n := range c.follower.titles {
		if n > 1 {
			return fmt.Errorf("%s was created %d times", title, n)
		}
	}
	return nil
}

// labels are those that were written, in lower case.
func labels(operations []history.Operation) map[string]bool {
	found := make(map[string]bool)
	for _, o := range operations {
		label, ok := o.Patch[history.Label]
		if ok && (o.Outcome == history.Done && o.Kind == history.Update || o.Outcome == history.Made) {
			found[label] = true
		}
	}
	return found
}

// checkOptions checks that each label is an option once, however it was spelled.
func (c *Crowd) checkOptions(ctx context.Context, server *client.Client) error {
	properties, err := server.Properties.List(ctx)
	if err != nil {
		return fmt.Errorf("read the options: %w", err)
	}
	at := slices.IndexFunc(properties, func(p client.Property) bool { return p.KeyName == c.property })
	if at < 0 {
		return errors.New("the property is gone")
	}
	count := make(map[string]int)
	for _, option := range properties[at].Options {
		count[strings.ToLower(option)]++
	}
	for label, n := range count {
		if n > 1 {
			return fmt.Errorf("%q is an option %d times: %q", label, n, properties[at].Options)
		}
	}
	for label := range labels(c.record.all()) {
		if count[label] == 0 {
			return fmt.Errorf("%q was written and is no option: %q", label, properties[at].Options)
		}
	}
	return nil
}

// checkContacts checks that each person and each contact that a client has made is
// there once, and that the accounts of a person are linked to the same one.
func (c *Crowd) checkContacts(ctx context.Context, server *client.Client) error {
	ids := make(map[string][]int64) // by e-mail address or, where there is none, by name
	for contact, err := range server.Contacts.List(ctx, client.ContactFilter{}) {
		if err != nil {
			return fmt.Errorf("read the contacts: %w", err)
		}
		name := contact.Name
		if len(contact.Emails) > 0 {
			name = contact.Emails[0]
		}
		ids[name] = append(ids[name], contact.ID)
	}
	for name, found := range ids {
		if len(found) > 1 {
			return fmt.Errorf("%s is a contact %d times: %v", name, len(found), found)
		}
	}
	for name, id := range c.record.contacts {
		if id != 0 && !slices.Equal(ids[name], []int64{id}) {
			return fmt.Errorf("%s was made with the id %d, and has %v", name, id, ids[name])
		}
	}
	return c.checkPersons(ids)
}

func (c *Crowd) checkPersons(ids map[string][]int64) error {
	emails := make(map[string]string)
	for i := range c.accounts {
		emails[c.accounts[i].title] = c.accounts[i].email
	}
	for _, o := range c.record.all() {
		if linked := listed(ids[emails[o.Account]]); o.Outcome == history.Made && o.Seen.Members[history.Contacts] != linked {
			return fmt.Errorf("%v is not linked to %s, who is contact %s", o, emails[o.Account], linked)
		}
	}
	return nil
}

// checkFeed checks that a server tells the whole feed as the follower has seen it.
func (c *Crowd) checkFeed(ctx context.Context, server int) error {
	again := &follower{servers: c.follower.servers[server : server+1]}
	if err := again.follow(ctx, func() bool { return true }); err != nil {
		return err
	}
	if !slices.Equal(again.feed, c.follower.feed) {
		return fmt.Errorf("the feed has %d changes, and they are not the %d that a follower has seen", len(again.feed), len(c.follower.feed))
	}
	return nil
}
