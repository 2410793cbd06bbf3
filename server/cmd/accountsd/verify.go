package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/verify"
)

const verifyHelp = `Reads one state of the database, while others may write to it, and looks for what cannot be: damage in the files, rows that
refer to none, counts that do not fit, entries of the history that were altered, left out or put elsewhere, and accounts that are
not what their history ends in. Each fault is one line, with what to do about it, and the exit status is 1 if there is any.

In the end it prints the last entry of each company's history with its hash. Whoever notes these elsewhere can tell later that no
entry up to there is another one than it was.

A server on an SQLite file goes on writing, but the log beside the file grows until the file is read; where much is written,
verify a backup. The files of a PostgreSQL cluster are for pg_amcheck and its checksums.

With --against, it compares instead what the database has with what another installation answers, as of a standby and its source:
the accounts with custom members and contacts, the contacts, the properties with options, the users and the last change, by the
hashes of their JSON. The first records that differ are named, and the exit status is 1 if there is any; what is written meanwhile
differs. The key of scope admin is read from the variable ACCOUNTSD_KEY, or from the file of --key-file.`

func verifyCommand() *cli.Command {
	return &cli.Command{
		Name:        "verify",
		Usage:       "look for damage, and whether the history leads to what there is",
		Description: verifyHelp,
		Flags: []cli.Flag{
			dbFlag(),
			&cli.StringFlag{Name: "against", Usage: "compare with the installation at `URL`, and do nothing else", Validator: checkURL, Sources: fromEnv("AGAINST")},
			keyFileFlag(), progressFlag(), logFormatFlag(),
		},
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if url := cmd.String("against"); url != "" {
				return compareWith(ctx, cmd, url)
			}
			result, err := verifyDatabase(ctx, cmd, cmd.String("db"))
			switch {
			case ctx.Err() != nil:
				return errors.New("interrupted; nothing can be said of the database")
			case err != nil:
				return err
			}
			return summarizeVerify(cmd, nameOf(cmd.String("db")), result)
		},
	}
}

// verified is a database that is verified.
type verified interface {
	verify.Database
	io.Closer
}

// openVerified opens a database whose records can be verified.
func openVerified(ctx context.Context, db string) (verified, error) {
	if isPostgres(db) {
		return orNil[verified](postgres.OpenVerified(ctx, db))
	}
	s, err := sqlite.OpenVerified(ctx, db)
	if err != nil {
		return nil, err
	}
	if err := s.Outdated(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// verifyDatabase verifies a database, and prints the faults.
func verifyDatabase(ctx context.Context, cmd *cli.Command, db string) (result verify.Result, err error) {
	d, err := openVerified(ctx, db)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	report := &faults{cmd: cmd, bars: &stepBars{cmd: cmd}}
	defer report.bars.finish()
	return verify.Run(ctx, d, report.options())
}

// faults are printed as they are found.
type faults struct {
	cmd  *cli.Command
	bars *stepBars
}

func (f *faults) options() verify.Options {
	return verify.Options{
		Found: func(fault verify.Fault) {
			f.bars.finish() // which may be on the same terminal
			fmt.Fprintln(f.cmd.Root().Writer, fault)
		},
		Progress: func(step verify.Step, done, total int64) { f.bars.set(string(step), done, total) },
	}
}

// summarizeVerify prints the ends of the histories, and what was found.
func summarizeVerify(cmd *cli.Command, name string, result verify.Result) error {
	table := tabwriter.NewWriter(cmd.Root().Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "COMPANY\tSEQUENCE\tHASH")
	for _, company := range result.Companies {
		fmt.Fprintf(table, "%d\t%d\t%x\n", company.CompanyID, company.Sequence, company.Hash)
	}
	err := table.Flush()
	looked := fmt.Sprintf("%s, %s and %s of history, in %s", plural.Of(result.Accounts, "account", "accounts"), plural.Of(result.Contacts, "contact", "contacts"),
		plural.Of(result.Entries, "entry", "entries"), result.Took.Round(100*time.Millisecond))
	if result.Faults > 0 {
		return errors.Join(err, fmt.Errorf("%s in %s: looked at %s", plural.Of(result.Faults, "fault", "faults"), name, looked))
	}
	fmt.Fprintf(cmd.Root().ErrWriter, "%s has no fault: looked at %s\n", name, looked)
	return err
}
