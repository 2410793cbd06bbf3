package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/transfer"
)

const exportHelp = `Writes the accounts of a company in the order of their ids, so that importing the file changes nothing. Each account is
written as it is when its turn comes: while others write, every one that was there at the start and was not deleted is
in the file once. NDJSON shows an account as the API does; "accountsd import --help" describes CSV. A text in
CSV that a spreadsheet would run, since it begins with =, +, -, @, a tab or a carriage return, gets an apostrophe before
it, which import takes off again.`

func exportCommand() *cli.Command {
	return &cli.Command{
		Name:        "export",
		Usage:       "write a company's accounts to a file",
		Description: exportHelp,
		ArgValidator: func(_ context.Context, cmd *cli.Command) error {
			if cmd.Args().Present() {
				return usageError(cmd, "export takes no arguments; use --output %s", cmd.Args().First())
			}
			return nil
		},
		Flags: []cli.Flag{
			dbFlag(), companyFlag(), formatFlag(),
			&cli.StringFlag{Name: "output", Usage: "`FILE` to write, which is replaced once all is written; - is standard output", Value: "-", Sources: fromEnv("OUTPUT")},
			&cli.BoolFlag{Name: "bom", Usage: "begin CSV with a byte order mark, by which Excel tells UTF-8", Sources: fromEnv("BOM")},
			&cli.BoolFlag{Name: "include-archived", Usage: "write archived accounts too", Sources: fromEnv("INCLUDE_ARCHIVED")},
			progressFlag(), logFormatFlag(),
		},
		Action: exportAccounts,
	}
}

func exportAccounts(ctx context.Context, cmd *cli.Command) error {
	path, name := cmd.String("output"), cmd.String("format")
	if path == "-" && name == "" {
		name = string(transfer.CSV)
	}
	format, err := transfer.ParseFormat(name, path)
	if err != nil {
		return err
	}
	if err := spareDatabase(cmd.String("db"), path); err != nil {
		return err
	}
	return inCompany(func(ctx context.Context, cmd *cli.Command, store store.Store, company identity.Company) error {
		n := int64(0)
		err := writeOutput(path, cmd.Root().Writer, func(w io.Writer) (err error) {
			n, err = export(ctx, cmd, store, company.ID, w, format)
			return err
		})
		switch {
		case err != nil && ctx.Err() != nil && path != "-":
			return errNoFile
		case err != nil:
			return err
		}
		_, err = fmt.Fprintf(cmd.Root().ErrWriter, "%s exported\n", plural.Of(n, "account", "accounts"))
		return err
	})(ctx, cmd)
}

// spareDatabase returns an error if what is written to a path would take the place of the
// database that it comes of, or of a file beside it.
func spareDatabase(db, path string) error {
	target, err := os.Stat(path)
	if err != nil {
		return nil // Nothing is there, or writing it tells what is wrong.
	}
	for _, suffix := range []string{"", "-wal", "-shm", "-search"} {
		if part, err := os.Stat(db + suffix); err == nil && os.SameFile(part, target) {
			return fmt.Errorf("--output %s is a file of the database; name another file", path)
		}
	}
	return nil
}

// export writes the accounts, and returns how many.
func export(ctx context.Context, cmd *cli.Command, store store.Store, companyID int64, w io.Writer, format transfer.Format) (int64, error) {
	properties, err := store.Properties(ctx, companyID)
	if err != nil {
		return 0, err
	}
	if cmd.Bool("bom") && format == transfer.CSV {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return 0, err
		}
	}
	archived := cmd.Bool("include-archived")
	total, err := store.CountAccounts(ctx, companyID, account.Query{IncludeArchived: archived})
	if err != nil {
		return 0, err
	}
	if err := noteExport(ctx, store, companyID, map[string]any{"accounts": total, "format": string(format), "includeArchived": archived}); err != nil {
		return 0, err
	}
	writer, err := transfer.NewWriter(w, format, properties, func(a account.Account) any { return server.ToAPIAccount(a) })
	if err != nil {
		return 0, err
	}
	bar := newBar(cmd, "exporting")
	defer bar.finish()
	n := int64(0)
	err = server.NewServices(store, server.ServiceConfig{}).Accounts.Export(ctx, companyID, archived, func(a account.Account) error {
		n++
		bar.set(n, total)
		return writer.Write(a)
	})
	if err != nil {
		return 0, err
	}
	return n, writer.Flush()
}

// noteExport adds to the audit log that an export begins.
func noteExport(ctx context.Context, s store.Store, companyID int64, details map[string]any) error {
	return s.Write(ctx, func(ctx context.Context, tx store.Tx) error {
		return audit.Add(ctx, tx, audit.Entry{CompanyID: companyID, At: store.ClockOf(s).Now(), Action: audit.AccountsExported, Details: details})
	})
}

// writeOutput has a file written, which takes the place of another at the path
// only when it is complete.
func writeOutput(path string, stdout io.Writer, write func(io.Writer) error) error {
	if path == "-" {
		return write(stdout)
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return writeDevice(path, write)
	}
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.part")
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		failed.Path = path // The name of a moment says nothing to anybody.
	}
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // of a file that is not complete
	if err = write(file); err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}

// writeDevice writes to what is not a file, such as a named pipe.
func writeDevice(path string, write func(io.Writer) error) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
