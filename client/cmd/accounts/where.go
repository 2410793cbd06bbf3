package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/gen/plural"
)

// differenceColumns are those of what an update by filters has made of accounts.
var differenceColumns = []string{"id", "title", "fields"}

func updateWhereCommand(t *terminal, newOptions cli.Flag) *cli.Command {
	return &cli.Command{
		Name: "update-where", Usage: "change members of all accounts that match", ArgsUsage: "[MEMBER OPERATOR VALUE [and|or MEMBER OPERATOR VALUE]] set ASSIGNMENT...",
		Description: `What would change is shown first, and written when that is confirmed, unless somebody has changed it meanwhile: all of it or
nothing. The tests are those of search, the flags those of list, and the assignments those of update.`,
		Action: connected(t.updateWhere),
		Flags: append(filterFlags(), newOptions, yesFlag(),
			&cli.StringFlag{Name: "words", Usage: "with all of `WORDS`, anywhere in the account"},
			&cli.BoolFlag{Name: "archived", Usage: "change archived ones too"},
			&cli.BoolFlag{Name: "dry-run", Usage: "show what would change, and write nothing"},
			&cli.IntFlag{Name: "max", Value: 100, Usage: "write nothing if more than `N` accounts match, up to 500"}),
		ShellComplete: completeMembers[client.AccountPatch],
	}
}

func (t *terminal) updateWhere(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	selection, patch, err := selectionOf(ctx, cmd, c)
	if err != nil {
		return err
	}
	options := when[client.SelectionOption](cmd.Bool("allow-new-options"), client.AllowNewOptions())
	preview, err := c.Accounts.PreviewWhere(ctx, selection, patch, options...)
	if err != nil {
		return err
	}
	if err := printList(t.printer(cmd, differenceColumns), each(preview.Accounts)); err != nil {
		return err
	}
	found := fmt.Sprintf("%d of %s", len(preview.Accounts), plural.Of(preview.Matched, "matching account", "matching accounts"))
	if cmd.Bool("dry-run") || len(preview.Accounts) == 0 {
		fmt.Fprintf(t.err, "%s would change. Nothing was written.\n", found)
		return nil
	}
	if err := t.confirmed(ctx, cmd, "Change "+found+"?"); err != nil {
		return err
	}
	done, err := c.Accounts.UpdateWhere(ctx, selection, patch, append(options, client.IfMatch(preview.ETag))...)
	if err == nil {
		fmt.Fprintf(t.err, "Changed %s.\n", plural.Of(len(done.Accounts), "account", "accounts"))
	}
	return err
}

// selectionOf reads the tests before the word set, and the assignments behind it.
func selectionOf(ctx context.Context, cmd *cli.Command, c *client.Client) (client.Selection, client.AccountPatch, error) {
	args := cmd.Args().Slice()
	at := 0 // of the word set, behind no test, one, or two
	for _, at = range []int{0, 3, 7} {
		if at < len(args) && args[at] == "set" {
			break
		}
	}
	if at >= len(args)-1 || args[at] != "set" {
		return client.Selection{}, client.AccountPatch{}, usagef("give tests, such as roof_type eq Tile, then set, and assignments such as title=Sunrise")
	}
	selection := client.Selection{Filter: filterOf(cmd), MaxAffected: cmd.Int("max")}
	selection.Filter.Words = cmd.String("words")
	if at > 0 {
		search, err := searchOf(args[:at])
		if err != nil {
			return selection, client.AccountPatch{}, err
		}
		selection.Where, selection.And, selection.Or = search.Where, search.And, search.Or
	}
	patch, err := bodyOf[client.AccountPatch](ctx, c, args[at+1:])
	return selection, patch, err
}
