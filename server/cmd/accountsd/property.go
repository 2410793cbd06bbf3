package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/account"
)

func propertyCreateCommand() *cli.Command {
	return &cli.Command{
		Name:  "create",
		Usage: "define a custom property of a company's accounts; its keyName goes to standard output",
		Flags: []cli.Flag{
			dbFlag(), companyFlag(),
			&cli.StringFlag{Name: "name", Usage: "the property's `NAME`, from which its keyName is made", Required: true, Sources: fromEnv("NAME")},
			&cli.StringFlag{Name: "type", Usage: "TEXT, NUMERIC, BOOLEAN, DATE or DROPDOWN", Required: true, Sources: fromEnv("TYPE")},
			&cli.BoolFlag{Name: "multiple", Usage: "its value is a list", Sources: fromEnv("MULTIPLE")},
			// A comma is part of a label, so there is no variable for this one.
			&cli.StringSliceFlag{Name: "option", Usage: "a `LABEL` of a DROPDOWN; may be repeated", Config: cli.StringConfig{TrimSpace: true}},
		},
		DisableSliceFlagSeparator: true,
		Action:                    createProperty,
	}
}

func createProperty(ctx context.Context, cmd *cli.Command) (err error) {
	store, err := openStore(ctx, cmd)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	company, err := store.Company(ctx, cmd.String("company"))
	if err != nil {
		return err
	}
	property, err := account.NewService(store, account.Config{}).CreateProperty(ctx, account.Property{
		CompanyID: company.ID,
		Name:      cmd.String("name"),
		Type:      account.PropertyType(cmd.String("type")),
		Multiple:  cmd.Bool("multiple"),
		Options:   cmd.StringSlice("option"),
	})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.Root().Writer, property.Key)
	return err
}
