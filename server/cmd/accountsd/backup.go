package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/verify"
)

const backupHelp = `Copies an SQLite file to a new one, while others write to it: the copy is what was committed at one moment. It is made
under another name, written to the disk, verified, and then gets its name; so a file with that name is a whole backup. No file is
overwritten. The file beside a database whose name ends in -search is not in it, since that is made anew.

For a PostgreSQL database there are pg_dump, pg_basebackup and an archive of its log: see docs/postgresql.md.`

const restoreHelp = `Makes a database of a backup. The backup is verified first, and nothing is overwritten: where there is a database, stop the
server and move its files away, those whose names end in -wal, -shm and -search, too. The index of words is made anew by the server,
which answers meanwhile.

Who follows the changes of a company and is ahead of the backup is answered 410, and has to read the accounts anew.

To put a backup on PostgreSQL, use accountsd copy --from BACKUP --to postgres://...`

func noVerifyFlag(usage string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: "no-verify", Usage: usage, Sources: fromEnv("NO_VERIFY")}
}

func backupCommand() *cli.Command {
	return &cli.Command{
		Name:        "backup",
		Usage:       "copy the database to a file while it is served",
		Description: backupHelp,
		Flags: []cli.Flag{
			dbFlag(),
			&cli.StringFlag{Name: "to", Usage: "`PATH` of the file to make", Required: true, Sources: fromEnv("TO")},
			noVerifyFlag("do not look whether the copy is sound"),
			progressFlag(), logFormatFlag(),
		},
		Action: backUp,
	}
}

func restoreCommand() *cli.Command {
	return &cli.Command{
		Name:        "restore",
		Usage:       "make a database of a backup",
		Description: restoreHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "`PATH` of the backup", Required: true, Sources: fromEnv("FROM")},
			dbFlag(),
			noVerifyFlag("restore also what is not sound"),
			progressFlag(), logFormatFlag(),
		},
		Action: restore,
	}
}

func backUp(ctx context.Context, cmd *cli.Command) error {
	from, to := cmd.String("db"), cmd.String("to")
	switch {
	case isPostgres(from):
		return usageError(cmd, "a PostgreSQL database is backed up by its own programs: pg_dump for one moment, pg_basebackup and an archive of the log for any; docs/postgresql.md has the commands")
	case isPostgres(to):
		return usageError(cmd, "a backup is a file; accountsd copy copies to a PostgreSQL database")
	}
	if err := copyFile(ctx, cmd, sqlite.Backup{From: from, To: to}, "db"); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.Root().Writer, "%s is a backup of %s\n", to, from)
	return err
}

func restore(ctx context.Context, cmd *cli.Command) error {
	from, to := cmd.String("from"), cmd.String("db")
	switch {
	case isPostgres(to):
		return usageError(cmd, "a backup is restored to a file; to put it on PostgreSQL, use accountsd copy --from %s --to %s, and for what pg_dump or pg_basebackup made see docs/postgresql.md", from, nameOf(to))
	case isPostgres(from):
		return usageError(cmd, "a backup is a file; accountsd copy copies from a PostgreSQL database")
	}
	if err := copyFile(ctx, cmd, sqlite.Backup{From: from, To: to, Fresh: true}, "from"); err != nil {
		return err
	}
	_, err := fmt.Fprintf(cmd.Root().Writer, "%s is restored from %s; accountsd serve --db %s makes the index of words anew\n", to, from, to)
	return err
}

// copyFile makes a copy, verifies it, and shows both. The flag is the one that names
// what is copied.
func copyFile(ctx context.Context, cmd *cli.Command, b sqlite.Backup, flag string) error {
	bars := &stepBars{cmd: cmd}
	b.Progress = func(done, total int64) { bars.set("copying", done, total) }
	if !cmd.Bool("no-verify") {
		b.Check = func(ctx context.Context, path string) error {
			bars.finish()
			return checkCopy(ctx, cmd, b.From, path)
		}
	}
	err := b.Run(ctx)
	bars.finish()
	if err != nil && ctx.Err() != nil {
		return errNoFile
	}
	return ofFlag(flag, err)
}

// checkCopy verifies the copy of a database, whose name it has not yet. Of the records
// of an older program, only the file can be looked at.
func checkCopy(ctx context.Context, cmd *cli.Command, of, path string) (err error) {
	copied, err := sqlite.OpenVerified(ctx, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	copied.Name = of
	report := &faults{cmd: cmd, bars: &stepBars{cmd: cmd}}
	defer report.bars.finish()
	found := int64(0)
	if copied.Outdated() == nil {
		var result verify.Result
		result, err = verify.Run(ctx, copied, report.options())
		found = result.Faults
	} else {
		err = copied.Damage(ctx, func(f verify.Fault) {
			found++
			report.options().Found(f)
		})
	}
	if err == nil && found > 0 {
		err = fmt.Errorf("%s has %s: no file was made; with --no-verify it is made nevertheless", of, plural.Of(found, "fault", "faults"))
	}
	return err
}
