package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

// bodyOf reads assignments. It asks for the company's properties if there are
// custom ones among them.
func bodyOf[T any](ctx context.Context, c *client.Client, args []string) (T, error) {
	var properties []client.Property
	if mentionsCustom(args) {
		var err error
		if properties, err = c.Properties.List(ctx); err != nil {
			var none T
			return none, err
		}
	}
	return assignments[T](args, properties)
}

func changeOptions(cmd *cli.Command) []client.ChangeOption {
	var options []client.ChangeOption
	if cmd.Bool("allow-new-options") {
		options = append(options, client.AllowNewOptions())
	}
	if cmd.Bool("dry-run") {
		options = append(options, client.DryRun())
	}
	return options
}

func (t *terminal) createAccount(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() == 0 {
		return usagef("give assignments such as title=Sunrise address=\"120 Mission Street\"")
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	body, err := bodyOf[client.AccountCreate](ctx, c, cmd.Args().Slice())
	if err != nil {
		return err
	}
	var options []client.CreateOption
	for _, option := range changeOptions(cmd) {
		options = append(options, option)
	}
	if by := cmd.String("match-by"); by != "" {
		options = append(options, client.MatchBy(client.MatchMember(by)))
	}
	if strategy := cmd.String("on-match"); strategy != "" {
		options = append(options, client.OnMatch(client.MatchStrategy(strategy)))
	}
	made, err := c.Accounts.Create(ctx, body, options...)
	if err != nil {
		return err
	}
	if !made.Created {
		fmt.Fprintf(t.err, "Account %d already existed.\n", made.ID)
	}
	return t.showAccount(cmd, &made.Account)
}

func (t *terminal) updateAccount(ctx context.Context, cmd *cli.Command) error {
	if cmd.NArg() < 2 {
		return usagef("give an id, and assignments such as title=Sunrise")
	}
	list, err := ids(cmd.Args().Slice()[:1])
	if err != nil {
		return err
	}
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	patch, err := bodyOf[client.AccountPatch](ctx, c, cmd.Args().Tail())
	if err != nil {
		return err
	}
	var options []client.UpdateOption
	for _, option := range changeOptions(cmd) {
		options = append(options, option)
	}
	if tag := cmd.String("if-match"); tag != "" {
		options = append(options, client.IfMatch(tag))
	}
	updated, err := c.Accounts.Update(ctx, list[0], patch, options...)
	if err != nil {
		return err
	}
	if cmd.Bool("dry-run") {
		fmt.Fprintln(t.err, "Nothing was written.")
	}
	return t.showAccount(cmd, updated)
}

// setActive archives or restores all accounts, or none.
func (t *terminal) setActive(active bool) cli.ActionFunc {
	return func(ctx context.Context, cmd *cli.Command) error {
		list, err := ids(cmd.Args().Slice())
		if err != nil {
			return err
		}
		c, err := connect(cmd)
		if err != nil {
			return err
		}
		updates := make([]client.BatchUpdate, len(list))
		for i, id := range list {
			updates[i] = client.BatchUpdate{ID: id, Set: client.AccountPatch{IsActive: client.Set(active)}}
		}
		accounts, err := c.Accounts.Batch(ctx, updates)
		if err != nil {
			return err
		}
		return printList(t.printer(cmd, accountColumns), each(accounts))
	}
}

func (t *terminal) deleteAccounts(ctx context.Context, cmd *cli.Command) error {
	list, err := ids(cmd.Args().Slice())
	if err != nil {
		return err
	}
	var options []client.DeleteOption
	if tag := cmd.String("if-match"); tag != "" {
		options = append(options, client.IfMatch(tag))
	}
	return t.deleteAll(cmd, "account", list, func(c *client.Client, id int64) error { return c.Accounts.Delete(ctx, id, options...) })
}

// deleteAll asks, and then removes record after record.
func (t *terminal) deleteAll(cmd *cli.Command, what string, list []int64, remove func(*client.Client, int64) error) error {
	c, err := connect(cmd)
	if err != nil {
		return err
	}
	if !cmd.Bool("yes") {
		names := strings.Trim(fmt.Sprint(list), "[]")
		if err := t.confirm(fmt.Sprintf("Remove %s %s for good?", what, names)); err != nil {
			return err
		}
	}
	for _, id := range list {
		if err := remove(c, id); err != nil {
			return fmt.Errorf("%s %d: %w", what, id, err)
		}
		fmt.Fprintf(t.err, "Removed %s %d.\n", what, id)
	}
	return nil
}

// each makes a list of what is there already.
func each[T any](values []T) func(yield func(T, error) bool) {
	return func(yield func(T, error) bool) {
		for _, value := range values {
			if !yield(value, nil) {
				return
			}
		}
	}
}
