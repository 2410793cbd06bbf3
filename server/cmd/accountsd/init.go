package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

func initCommand() *cli.Command {
	return &cli.Command{
		Name:  "init",
		Usage: "make a company, its first user and a key; only the key goes to standard output",
		Flags: []cli.Flag{
			dbFlag(), companyFlag(), emailFlag(),
			&cli.BoolFlag{Name: "password-stdin", Usage: "read the user's password from the first line of standard input", Sources: fromEnv("PASSWORD_STDIN")},
			&cli.BoolFlag{Name: "sample-data", Usage: "fill the company with sample properties, contacts and accounts", Sources: fromEnv("SAMPLE_DATA")},
		},
		Action: inStore(initialize),
	}
}

func initialize(ctx context.Context, cmd *cli.Command, store *sqlite.Store) error {
	var password string
	if cmd.Bool("password-stdin") {
		var err error
		if password, err = firstLine(cmd.Root().Reader); err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
	}
	services := server.NewServices(store, server.ServiceConfig{Region: "US"})
	created, err := services.Identity.CreateCompany(ctx, identity.NewCompany{
		Name: cmd.String("company"), Email: cmd.String("email"), Password: password,
	})
	if err != nil {
		return err
	}
	if cmd.Bool("sample-data") {
		if err := addSampleData(ctx, services, created.Actor); err != nil {
			return err
		}
	}
	fmt.Fprintf(cmd.Root().ErrWriter, "Made the company %s with the admin %s in %s.\n", created.Company.Name, created.User.Email, cmd.String("db"))
	return showKey(cmd, created.Token)
}

func firstLine(r io.Reader) (string, error) {
	lines := bufio.NewScanner(r)
	lines.Scan()
	return lines.Text(), lines.Err()
}
