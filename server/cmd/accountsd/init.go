package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/account"
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

func initialize(ctx context.Context, cmd *cli.Command) (err error) {
	var password string
	if cmd.Bool("password-stdin") {
		if password, err = firstLine(cmd.Root().Reader); err != nil {
			return fmt.Errorf("read the password: %w", err)
		}
	}
	store, err := openStore(ctx, cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	service := account.NewService(store, account.Config{Region: "US"})
	created, err := service.CreateCompany(ctx, account.NewCompany{
		Name: cmd.String("company"), Email: cmd.String("email"), Password: password,
	})
	if err != nil {
		return err
	}
	if cmd.Bool("sample-data") {
		if err := addSampleData(ctx, store, service, created.Actor); err != nil {
			return err
		}
	}
	words := cmd.Root().ErrWriter
	fmt.Fprintf(words, "Made the company %s with the admin %s in %s.\n", created.Company.Name, created.User.Email, cmd.String("db"))
	fmt.Fprintln(words, "This is the key. It is shown once: keep it.")
	_, err = fmt.Fprintln(cmd.Root().Writer, created.Token)
	return err
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}
