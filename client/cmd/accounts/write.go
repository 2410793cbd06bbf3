package main

import (
	"context"
	"fmt"
	"slices"

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

func (t *terminal) createAccount(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	if cmd.NArg() == 0 {
		return usagef("give assignments such as title=Sunrise address=\"120 Mission Street\"")
	}
	body, err := bodyOf[client.AccountCreate](ctx, c, cmd.Args().Slice())
	if err != nil {
		return err
	}
	by, strategy := client.MatchMember(cmd.String("match-by")), client.MatchStrategy(cmd.String("on-match"))
	options := slices.Concat(
		when[client.CreateOption](cmd.Bool("allow-new-options"), client.AllowNewOptions()),
		when[client.CreateOption](cmd.Bool("dry-run"), client.DryRun()),
		when(by != "", client.MatchBy(by)),
		when(strategy != "", client.OnMatch(strategy)))
	made, err := c.Accounts.Create(ctx, body, options...)
	if err != nil {
		return err
	}
	if !made.Created {
		fmt.Fprintf(t.err, "Account %d already existed.\n", made.ID)
	}
	return t.showAccount(cmd, &made.Account)
}

func (t *terminal) updateAccount(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	if cmd.NArg() < 2 {
		return usagef("give an id, and assignments such as title=Sunrise")
	}
	id, err := firstID(cmd)
	if err != nil {
		return err
	}
	patch, err := bodyOf[client.AccountPatch](ctx, c, cmd.Args().Tail())
	if err != nil {
		return err
	}
	tag := cmd.String("if-match")
	if cmd.Bool("merge") && tag == "" {
		return usagef("--merge goes with --if-match: with which version is it to be merged?")
	}
	options := slices.Concat(
		when[client.UpdateOption](cmd.Bool("merge"), client.Merge()),
		when[client.UpdateOption](cmd.Bool("allow-new-options"), client.AllowNewOptions()),
		when[client.UpdateOption](cmd.Bool("dry-run"), client.DryRun()),
		when[client.UpdateOption](tag != "", client.IfMatch(tag)))
	updated, err := c.Accounts.Update(ctx, id, patch, options...)
	if err != nil {
		return err
	}
	t.tellDryRun(cmd)
	return t.showAccount(cmd, updated)
}

// tellDryRun says of a dry run that it was one.
func (t *terminal) tellDryRun(cmd *cli.Command) {
	if cmd.Bool("dry-run") {
		fmt.Fprintln(t.err, "Nothing was written.")
	}
}

// setActive archives or restores all accounts, or none.
func (t *terminal) setActive(active bool) cli.ActionFunc {
	return connected(func(ctx context.Context, cmd *cli.Command, c *client.Client) error {
		list, err := ids(cmd.Args().Slice())
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
	})
}

func deleteAccount(ctx context.Context, cmd *cli.Command, c *client.Client, id int64) error {
	tag := cmd.String("if-match")
	return c.Accounts.Delete(ctx, id, when[client.DeleteOption](tag != "", client.IfMatch(tag))...)
}

// deletes makes the action that removes the records whose ids are given.
func (t *terminal) deletes(what string, remove func(context.Context, *cli.Command, *client.Client, int64) error) cli.ActionFunc {
	return connected(func(ctx context.Context, cmd *cli.Command, c *client.Client) error {
		list, err := ids(cmd.Args().Slice())
		if err != nil {
			return err
		}
		return deleteAll(ctx, t, cmd, what, list, func(id int64) error {
			if err := remove(ctx, cmd, c, id); err != nil {
				return fmt.Errorf("%s %d: %w", what, id, err)
			}
			return nil
		})
	})
}

// deleteAll asks, and then removes record after record.
func deleteAll[ID any](ctx context.Context, t *terminal, cmd *cli.Command, what string, list []ID, remove func(ID) error) error {
	if err := t.confirmed(ctx, cmd, fmt.Sprintf("Remove %s %s?", what, joined(list))); err != nil {
		return err
	}
	for _, id := range list {
		if err := remove(id); err != nil {
			return err
		}
		fmt.Fprintf(t.err, "Removed %s %v.\n", what, id)
	}
	return nil
}

// confirmed asks, if the command line does not say yes.
func (t *terminal) confirmed(ctx context.Context, cmd *cli.Command, question string) error {
	if cmd.Bool("yes") {
		return nil
	}
	return t.confirm(ctx, question)
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
