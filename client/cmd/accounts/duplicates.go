package main

import (
	"context"

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
		PageSize:        min(cmd.Int("limit"), 100),
	}
	if cmd.NArg() > 1 {
		return usagef("give one id")
	}
	if cmd.NArg() == 1 {
		id, err := firstID(cmd)
		if err != nil {
			return err
		}
		filter.AccountID = id
	}
	return printList(t.printer(cmd, duplicateColumns), limited(c.Accounts.Duplicates(ctx, filter), cmd.Int("limit")))
}
