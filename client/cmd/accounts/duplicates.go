package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

var duplicateColumns = []string{"reasons", "count", "accounts"}

func duplicatesCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "duplicates", Usage: "list groups of accounts that may be one", ArgsUsage: "[ID]", Action: connected(t.duplicates),
		Description: "Accounts are in a group if they have the e-mail address, the phone number, the title or the address in common.\n" +
			"With an id, only the groups of that account are listed.",
		Flags: []cli.Flag{limitFlag(),
			&cli.StringFlag{Name: "reason", Usage: "list only those with the same `MEMBER`: primaryEmail, primaryPhone, title or address"},
			&cli.BoolFlag{Name: "archived", Usage: "count archived accounts too"},
		},
	}
}

func (t *terminal) duplicates(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	filter := client.DuplicateFilter{
		Reason:          client.DuplicateReason(cmd.String("reason")),
		IncludeArchived: cmd.Bool("archived"),
		PageSize:        pageSize(cmd),
	}
	if cmd.NArg() > 0 {
		var err error
		if filter.AccountID, err = oneID(cmd); err != nil {
			return err
		}
	}
	return printList(t.printer(cmd, duplicateColumns), limited(cmd, c.Accounts.Duplicates(ctx, filter)))
}

func mergeCommand(t *terminal, dryRun, ifMatch cli.Flag) *cli.Command {
	return &cli.Command{
		Name: "merge", Usage: "make one account of several", ArgsUsage: "ID OTHER...", Action: connected(t.merge),
		Description: "The first account stays, and gets from the others what it has no value of. The others lead to it from then on.\n" +
			"accounts revert takes a merge back.",
		Flags: []cli.Flag{dryRun, ifMatch, yesFlag(),
			&cli.StringSliceFlag{Name: "take", Usage: "take a member from another account: `MEMBER=ID`"},
		},
	}
}

func (t *terminal) merge(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	list, err := ids(cmd.Args().Slice())
	if err != nil {
		return err
	}
	if len(list) < 2 {
		return usagef("give the id of the account that stays, and those of the others")
	}
	merge := client.AccountMerge{Take: make(map[string]int64)}
	for _, id := range list[1:] {
		merge.From = append(merge.From, client.MergeSource{ID: id})
	}
	for _, text := range cmd.StringSlice("take") {
		member, id, _ := strings.Cut(text, "=")
		if merge.Take[member], err = readID(id); err != nil {
			return usagef("--take is written as title=57; got %q", text)
		}
	}
	if !cmd.Bool("dry-run") {
		if err := t.confirmed(ctx, cmd, fmt.Sprintf("Merge account %s into account %d?", joined(list[1:]), list[0])); err != nil {
			return err
		}
	}
	tag := cmd.String("if-match")
	merged, err := c.Accounts.Merge(ctx, list[0], merge, slices.Concat(
		when[client.MergeOption](cmd.Bool("dry-run"), client.DryRun()),
		when[client.MergeOption](tag != "", client.IfMatch(tag)))...)
	if err != nil {
		return err
	}
	t.tellDryRun(cmd)
	return t.showAccount(cmd, merged)
}
