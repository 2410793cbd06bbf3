package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
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
		Action: initialize,
	}
}

// initialize looks at what it is given before it makes a file, or tables.
func initialize(ctx context.Context, cmd *cli.Command) error {
	company := identity.NewCompany{Name: strings.TrimSpace(cmd.String("company")), Email: cmd.String("email")}
	if cmd.Bool("password-stdin") {
		var err error
		if company.Password, err = firstLine(cmd.Root().Reader); err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
	}
	if err := company.Check(); err != nil {
		return err
	}
	open := func(ctx context.Context, cmd *cli.Command) (store.Store, error) {
		return openStore(ctx, cmd.String("db"), opening{create: true, up: true})
	}
	return withStore(open, func(ctx context.Context, cmd *cli.Command, store store.Store) error {
		return addCompany(ctx, cmd, store, company)
	})(ctx, cmd)
}

func addCompany(ctx context.Context, cmd *cli.Command, store store.Store, company identity.NewCompany) error {
	if known, err := store.Company(ctx, company.Name); err == nil {
		return fmt.Errorf("the company name %s is taken in %s; choose another one, or make a key for a user of that company with accountsd key create",
			fault.Quote(known.Name), nameOf(cmd.String("db")))
	}
	created, err := createCompany(ctx, store, company, cmd.Bool("sample-data"))
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.Root().ErrWriter, "Made the company %s with the admin %s in %s.\n", created.Company.Name, created.User.Email, nameOf(cmd.String("db")))
	return showKey(cmd, created.Token)
}

func createCompany(ctx context.Context, to store.Store, company identity.NewCompany, sample bool) (created identity.CreatedCompany, err error) {
	if !sample {
		return server.NewServices(to, server.ServiceConfig{}).Users.CreateCompany(ctx, company)
	}
	err = to.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		created, err = createSample(ctx, tx, company)
		return err
	})
	return created, err
}

func firstLine(r io.Reader) (string, error) {
	lines := bufio.NewScanner(r)
	lines.Scan()
	return lines.Text(), lines.Err()
}
