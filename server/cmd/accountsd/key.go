package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/account"
)

func keyCreateCommand() *cli.Command {
	return &cli.Command{
		Name:  "create",
		Usage: "make a key for a user; only the key goes to standard output",
		Flags: []cli.Flag{
			dbFlag(), emailFlag(),
			&cli.StringFlag{Name: "name", Usage: "what the key is for", Sources: fromEnv("NAME")},
			&cli.StringSliceFlag{Name: "scopes", Usage: "what the key may do: read, write or admin; each includes the ones before it", Value: []string{"write"}, Sources: fromEnv("SCOPES")},
		},
		Action: createKey,
	}
}

func createKey(ctx context.Context, cmd *cli.Command) (err error) {
	store, err := openStore(ctx, cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	var scopes []account.Scope
	for _, scope := range cmd.StringSlice("scopes") {
		scopes = append(scopes, account.Scope(scope))
	}
	token, err := account.NewService(store, account.Config{}).CreateKey(ctx, cmd.String("email"), cmd.String("name"), scopes)
	if err != nil {
		return err
	}
	fmt.Fprintln(cmd.Root().ErrWriter, "This is the key. It is shown once: keep it.")
	_, err = fmt.Fprintln(cmd.Root().Writer, token)
	return err
}
