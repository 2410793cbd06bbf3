package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

var auditColumns = []string{"sequence", "at", "actor", "action", "subject", "details"}

func auditCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "audit", Usage: "show who did what with keys, users, properties, webhooks and files of accounts, and which logins failed", Action: connected(t.audit),
		Description: "The earliest entry comes first. It takes a key with the scope admin. Changes of accounts are shown by the commands\nchanges and history.",
		Flags: []cli.Flag{limitFlag(),
			&cli.StringFlag{Name: "after", Usage: "begin after the entry with `SEQUENCE`"},
			&cli.StringFlag{Name: "action", Usage: "only entries of `ACTION`, such as key.created"},
		},
	}
}

func (t *terminal) audit(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	filter := client.AuditFilter{After: cmd.String("after"), Action: client.AuditAction(cmd.String("action"))}
	return printRecords(t, cmd, auditColumns, c.Audit.List(ctx, filter))
}
