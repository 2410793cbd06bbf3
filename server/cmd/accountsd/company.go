package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/store"
)

func companyCommand() *cli.Command {
	return &cli.Command{
		Name:  "company",
		Usage: "show companies",
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the companies", Flags: []cli.Flag{dbFlag()}, Action: inStore(listCompanies)},
		},
	}
}

func listCompanies(ctx context.Context, cmd *cli.Command, store store.Store) error {
	companies, err := store.Companies(ctx)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(cmd.Root().Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tNAME\tCREATED")
	for _, c := range companies {
		fmt.Fprintf(table, "%d\t%s\t%s\n", c.ID, printable(c.Name), formatTime(c.CreatedAt))
	}
	return table.Flush()
}
