package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

func (t *terminal) getAccounts(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	options := slices.Concat(when(cmd.Bool("contacts"), client.IncludeContacts()), when(cmd.Bool("archived"), client.IncludeArchived()))
	if cmd.IsSet("at") {
		moment, _ := readMoment(cmd.String("at")) // It was checked.
		options = append(options, moment)
	}
	if key := cmd.String("by"); key != "" {
		return t.getAccountBy(ctx, cmd, c, key, options)
	}
	list, err := ids(cmd.Args().Slice())
	if err != nil {
		return err
	}
	if len(list) == 1 {
		a, err := c.Accounts.Get(ctx, list[0], options...)
		if err != nil {
			return err
		}
		return t.showAccount(cmd, a)
	}
	return t.listOf(ctx, cmd, c, func(yield func(client.Account, error) bool) {
		for _, id := range list {
			a, err := c.Accounts.Get(ctx, id, options...)
			if err != nil {
				yield(client.Account{}, fmt.Errorf("account %d: %w", id, err))
				return
			}
			if !yield(*a, nil) {
				return
			}
		}
	})
}

// getAccountBy prints the account that has a value of a unique property.
func (t *terminal) getAccountBy(ctx context.Context, cmd *cli.Command, c *client.Client, key string, options []client.GetOption) error {
	if cmd.NArg() > 0 {
		return usagef("give ids, or --by")
	}
	sought, err := readKey(key)
	if err != nil {
		return err
	}
	a, err := c.Accounts.GetBy(ctx, sought[0], sought[1], options...)
	if err != nil {
		return err
	}
	return t.showAccount(cmd, a)
}

// readKey reads the key name and the value of a unique property.
func readKey(text string) (key [2]string, err error) {
	keyName, value, ok := strings.Cut(text, "=")
	if !ok || keyName == "" || value == "" {
		return key, usagef("must look like external_id=A-1001; got %q", text)
	}
	return [2]string{strings.TrimPrefix(keyName, "custom."), value}, nil
}
