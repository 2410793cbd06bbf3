package main

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/sqlite"
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
		Action: inStore(createKey),
	}
}

func createKey(ctx context.Context, cmd *cli.Command, store *sqlite.Store) error {
	var scopes []identity.Scope
	for _, scope := range cmd.StringSlice("scopes") {
		scopes = append(scopes, identity.Scope(scope))
	}
	token, err := server.NewServices(store, server.ServiceConfig{}).Identity.CreateKeyFor(ctx, cmd.String("email"), cmd.String("name"), scopes)
	if err != nil {
		return err
	}
	return showKey(cmd, token)
}
