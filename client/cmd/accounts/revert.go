package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

func revertCommand(t *terminal, dryRun, ifMatch cli.Flag) *cli.Command {
	return &cli.Command{
		Name: "revert", Usage: "take a change of an account back", ArgsUsage: "ID SEQUENCE", Action: connected(t.revert),
		Description: "The sequence is that of the change in the history. What was changed since is not touched, and then nothing is written;\nwith --merge the rest is.",
		Flags: []cli.Flag{dryRun, ifMatch,
			&cli.BoolFlag{Name: "merge", Usage: "leave out what was changed since, and take the rest back"}},
	}
}

func undeleteCommand(t *terminal, dryRun cli.Flag) *cli.Command {
	return &cli.Command{
		Name: "undelete", Usage: "bring a deleted account back", ArgsUsage: "ID", Action: connected(t.undelete), Flags: []cli.Flag{dryRun},
	}
}

func (t *terminal) revert(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	if cmd.NArg() != 2 {
		return usagef("give an id, and the sequence of a change in its history")
	}
	id, err := firstID(cmd)
	if err != nil {
		return err
	}
	tag := cmd.String("if-match")
	made, err := c.Accounts.Revert(ctx, id, cmd.Args().Get(1), slices.Concat(
		when[client.RevertOption](cmd.Bool("dry-run"), client.DryRun()),
		when[client.RevertOption](cmd.Bool("merge"), client.Merge()),
		when[client.RevertOption](tag != "", client.IfMatch(tag)))...)
	return t.showReverted(cmd, made, err)
}

func (t *terminal) undelete(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	id, err := oneID(cmd)
	if err != nil {
		return err
	}
	made, err := c.Accounts.Undelete(ctx, id, when[client.UndeleteOption](cmd.Bool("dry-run"), client.DryRun())...)
	return t.showReverted(cmd, made, err)
}

// showReverted prints an account of which a change was taken back, and tells what was
// left out.
func (t *terminal) showReverted(cmd *cli.Command, made *client.RevertedAccount, err error) error {
	if err != nil {
		return err
	}
	for _, left := range made.LeftOut {
		fmt.Fprintln(t.err, "Left out:", left.Reason)
	}
	t.tellDryRun(cmd)
	return t.showAccount(cmd, &made.Account)
}
