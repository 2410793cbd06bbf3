package main

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/lenient"
	"github.com/accountsd/accountsd/server/store"
)

func keyCommand() *cli.Command {
	return &cli.Command{
		Name:  "key",
		Usage: "manage API keys",
		Commands: []*cli.Command{
			keyCreateCommand(),
			{
				Name:   "list",
				Usage:  "list the keys of a company",
				Flags:  []cli.Flag{dbFlag(), companyFlag()},
				Action: inCompany(listCompanyKeys),
			},
			{
				Name:      "revoke",
				Usage:     "end keys of a company at once",
				ArgsUsage: "ID...",
				Flags:     []cli.Flag{dbFlag(), companyFlag()},
				Action:    inCompany(revokeKeys),
			},
		},
	}
}

func keyCreateCommand() *cli.Command {
	return &cli.Command{
		Name:  "create",
		Usage: "make a key for a user; only the key goes to standard output",
		Flags: []cli.Flag{
			dbFlag(), emailFlag(), whichCompanyFlag(),
			&cli.StringFlag{Name: "name", Usage: "what the key is for", Sources: fromEnv("NAME")},
			&cli.StringSliceFlag{Name: "scopes", Config: trimmed, Usage: "what the key may do: read, write or admin; each includes the ones before it", Value: []string{"write"}, Sources: fromEnv("SCOPES")},
			&cli.StringFlag{Name: "handling", Usage: "how requests are read that do not say it themselves: strict, or lenient for programs of the former API", Validator: oneOf("strict", "lenient"), Sources: fromEnv("HANDLING")},
			&cli.StringSliceFlag{Name: "allowed-ips", Config: trimmed, Usage: "refuse the key from elsewhere than `NETWORK`, as 203.0.113.0/24, or an address; can be repeated", DefaultText: "from anywhere", Sources: fromEnv("ALLOWED_IPS")},
		},
		Action: inStore(createKey),
	}
}

func createKey(ctx context.Context, cmd *cli.Command, store store.Store) error {
	var scopes []identity.Scope
	for _, scope := range cmd.StringSlice("scopes") {
		scopes = append(scopes, identity.Scope(scope))
	}
	var networks []netip.Prefix
	for _, text := range cmd.StringSlice("allowed-ips") {
		network, err := identity.ParseNetwork(text)
		if err != nil {
			return usageError(cmd, "--allowed-ips %s", err)
		}
		networks = append(networks, network)
	}
	user, err := findUser(ctx, cmd, store, cmd.String("email"))
	if err != nil {
		return err
	}
	token, err := quiet(store).Keys.CreateFor(ctx, user, identity.NewKey{
		Name: cmd.String("name"), Scopes: scopes, Handling: lenient.Handling(cmd.String("handling")), AllowedIPs: networks,
	})
	if err != nil {
		return err
	}
	return showKey(cmd, token)
}

func listCompanyKeys(ctx context.Context, cmd *cli.Command, store store.Store, company identity.Company) error {
	table := tabwriter.NewWriter(cmd.Root().Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tUSER\tKEY\tSCOPE\tNAME\tCREATED\tEXPIRES\tREVOKED\tUSED\tFROM")
	for after := int64(0); ; {
		keys, err := store.Keys(ctx, company.ID, 0, after, listed)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			return table.Flush()
		}
		for _, k := range keys {
			fmt.Fprintf(table, "%d\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", k.ID, k.UserID, k.Prefix, k.Scope, cmp.Or(printable(k.Name), "-"),
				formatTime(k.CreatedAt), cmp.Or(formatTime(k.ExpiresAt), "-"), cmp.Or(formatTime(k.RevokedAt), "-"),
				cmp.Or(formatTime(k.LastUsedAt), "-"), cmp.Or(strings.Join(identity.NetworkTexts(k.AllowedIPs), ","), "anywhere"))
		}
		after = keys[len(keys)-1].ID
	}
}

func revokeKeys(ctx context.Context, cmd *cli.Command, store store.Store, company identity.Company) error {
	if !cmd.Args().Present() {
		return usageError(cmd, "name the ids of the keys, as key list shows them")
	}
	keys := quiet(store).Keys
	for _, text := range cmd.Args().Slice() {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || strconv.FormatInt(id, 10) != text { // 01 and +1 are none
			return usageError(cmd, "an id must be an integer; got %s", fault.Quote(text))
		}
		if err := keys.Revoke(ctx, operator(company.ID), id); err != nil {
			return fmt.Errorf("%d: %w", id, err)
		}
		if _, err := fmt.Fprintf(cmd.Root().Writer, "key %d is revoked\n", id); err != nil {
			return err
		}
	}
	return nil
}
