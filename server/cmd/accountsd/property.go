package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/property"
	"github.com/accountsd/accountsd/server/schema"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/write"
)

func propertyCommand() *cli.Command {
	return &cli.Command{
		Name:     "property",
		Usage:    "manage custom properties",
		Commands: []*cli.Command{propertyCreateCommand(), propertyListCommand()},
	}
}

func propertyCreateCommand() *cli.Command {
	return &cli.Command{
		Name:  "create",
		Usage: "define a custom property of a company's accounts; its keyName goes to standard output",
		Flags: []cli.Flag{
			dbFlag(), companyFlag(),
			&cli.StringFlag{Name: "name", Usage: "the property's `NAME`, from which its keyName is made", Required: true, Sources: fromEnv("NAME")},
			&cli.StringFlag{Name: "type", Usage: "TEXT, NUMERIC, BOOLEAN, DATE or DROPDOWN", Required: true, Validator: oneOf("TEXT", "NUMERIC", "BOOLEAN", "DATE", "DROPDOWN"), Sources: fromEnv("TYPE")},
			&cli.BoolFlag{Name: "multiple", Usage: "its value is a list", Sources: fromEnv("MULTIPLE")},
			&cli.BoolFlag{Name: "unique", Usage: "no two accounts have the same value: a key such as the id in another system", Sources: fromEnv("UNIQUE")},
			// A comma is part of a label, so there is no variable for this one.
			&cli.StringSliceFlag{Name: "option", Usage: "a `LABEL` of a DROPDOWN; may be repeated", Config: cli.StringConfig{TrimSpace: true}},
		},
		DisableSliceFlagSeparator: true,
		Action:                    inCompany(createProperty),
	}
}

func createProperty(ctx context.Context, cmd *cli.Command, store store.Store, company identity.Company) error {
	kind := schema.Type(cmd.String("type"))
	made, err := server.NewServices(store, server.ServiceConfig{}).Properties.Create(ctx, identity.Actor{CompanyID: company.ID}, property.New{Property: schema.Property{
		Name:     cmd.String("name"),
		Type:     kind,
		Index:    kind.DefaultIndex(),
		Multiple: cmd.Bool("multiple"),
		Options:  cmd.StringSlice("option"),
		Unique:   cmd.Bool("unique"),
	}}, write.Mode[schema.Property]{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(cmd.Root().Writer, made.Key)
	return err
}

func propertyListCommand() *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the custom properties of a company's accounts",
		Flags: []cli.Flag{
			dbFlag(), companyFlag(),
			&cli.StringFlag{Name: "format", Usage: "table or json", Value: "table", Validator: oneOf("table", "json"), Sources: fromEnv("FORMAT")},
		},
		Action: inCompany(listProperties),
	}
}

func listProperties(ctx context.Context, cmd *cli.Command, store store.Store, company identity.Company) error {
	list, err := store.Properties(ctx, company.ID)
	if err != nil {
		return err
	}
	if cmd.String("format") == "json" {
		properties := make([]api.Property, len(list))
		for i, p := range list {
			properties[i] = server.ToAPIProperty(p)
		}
		return writeJSON(cmd.Root().Writer, properties)
	}
	table := tabwriter.NewWriter(cmd.Root().Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KEY NAME\tTYPE\tNAME\tOPTIONS")
	for _, p := range list {
		kind := string(p.Type)
		if p.Multiple {
			kind += " list"
		}
		if p.Unique {
			kind += " unique"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.Key, kind, printable(p.Name), cmp.Or(printable(strings.Join(p.Options, ", ")), "-"))
	}
	return table.Flush()
}
