package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/sqlite"
	"github.com/accountsd/accountsd/server/store/verify"
)

const copyHelp = `Copies the records of all companies, with their ids, history, users, keys and all else, from an SQLite file to a
PostgreSQL database or back. The target must be a new file or an empty database, and gets the schema of this program. An SQLite
file to copy from is brought to that schema as well; a PostgreSQL database must have it. In the end both databases are read again,
and the rows of each table and their checksums are compared and printed.

What is copied is the source as it was when the copy began. It may be served meanwhile; but what is written to it then is not in
the copy, and the exit status is 3. To move, stop the server, copy, and start it on the target: then the status is 0. A copy
while the server runs is a rehearsal, which tells how long that will take.

When the same command is given again, a copy that was interrupted goes on where it was; if what it had copied has changed in
the source, that is said, and --restart begins anew. Until the copy is complete, the other commands refuse the target.`

func copyCommand() *cli.Command {
	return &cli.Command{
		Name:        "copy",
		Usage:       "copy all records to another database",
		Description: copyHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "`PATH` of an SQLite file, or postgres:// URL, to copy from", Required: true, Validator: checkDatabase, Sources: fromEnv("FROM")},
			&cli.StringFlag{Name: "to", Usage: "`PATH` of an SQLite file, or postgres:// URL, to copy to", Required: true, Validator: checkDatabase, Sources: fromEnv("TO")},
			&cli.BoolFlag{Name: "restart", Usage: "begin anew where a copy into the target was interrupted", Sources: fromEnv("RESTART")},
			progressFlag(), logFormatFlag(),
		},
		Action: copyRecords,
	}
}

// errOutdated is the outcome of a copy that lacks what was written meanwhile, with a
// status of its own. What it has to say was said.
var errOutdated = cli.Exit("", 3)

// bulk is a database that is copied from or to.
type bulk interface {
	copying.Database
	io.Closer
}

func copyRecords(ctx context.Context, cmd *cli.Command) (err error) {
	from, err := openBulk(ctx, cmd, "from", sqlite.OpenSource, postgres.OpenSource)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := openBulk(ctx, cmd, "to", sqlite.OpenTarget, postgres.OpenTarget)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	bars := &stepBars{cmd: cmd}
	progress := func(step copying.Step, done, total int64) { bars.set(string(step), done, total) }
	result, err := copying.Copy(ctx, from, to, copying.Options{Restart: cmd.Bool("restart"), Progress: progress})
	if err == nil {
		if err = checkHashes(ctx, cmd, to, bars); errors.Is(err, errUnsound) {
			bars.finish()
			return errors.Join(summarizeCopy(cmd, result), err)
		}
	}
	bars.finish()
	switch {
	case err == nil:
		return summarizeCopy(cmd, result)
	case ctx.Err() != nil:
		return errors.New("interrupted; the same command goes on from here")
	}
	return err
}

// openBulk opens what a flag names.
func openBulk(ctx context.Context, cmd *cli.Command, flag string,
	file func(context.Context, string) (*sqlite.Bulk, error), server func(context.Context, string) (*postgres.Bulk, error)) (bulk, error) {
	name := cmd.String(flag)
	if isPostgres(name) {
		return server(ctx, name)
	}
	opened, err := file(ctx, name)
	return orNil[bulk](opened, ofFlag(flag, err))
}

// ofFlag is the error of what a flag names. The store names the flag that most commands
// have.
func ofFlag(flag string, err error) error {
	known, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err
	}
	return &fault.Error{Kind: known.Kind, Message: strings.ReplaceAll(known.Message, "--db", "--"+flag), Err: known.Err}
}

// errUnsound is of a copy that has all that the source has, and what is wrong there.
var errUnsound = errors.New("the copy is complete, but what was copied is not sound")

// checkHashes checks the hashes of the history that was copied.
func checkHashes(ctx context.Context, cmd *cli.Command, copied bulk, bars *stepBars) error {
	report := &faults{cmd: cmd, bars: bars}
	var result verify.Result
	err := copied.Look(ctx, func(s db.Session) (err error) {
		result, err = verify.Hashes(ctx, s, report.options())
		return err
	})
	if err == nil && result.Faults > 0 {
		err = fmt.Errorf("%w: %s in the hashes of its history; see accountsd verify", errUnsound, plural.Of(result.Faults, "fault", "faults"))
	}
	return err
}

// stepBars show how far a command is, by a bar for each step.
type stepBars struct {
	cmd  *cli.Command
	step string
	bar  *bar
}

func (s *stepBars) set(step string, done, total int64) {
	if s.bar == nil || s.step != step {
		s.finish()
		s.step, s.bar = step, newBar(s.cmd, step)
	}
	s.bar.set(done, total)
}

func (s *stepBars) finish() {
	if s.bar != nil {
		s.bar.finish()
		s.bar = nil
	}
}

// summarizeCopy prints the tables, and says what the copy is not.
func summarizeCopy(cmd *cli.Command, result copying.Result) error {
	words := cmd.Root().ErrWriter
	rows, err := printTables(cmd.Root().Writer, result.Tables)
	text := fmt.Sprintf("%d rows are the same in both databases, after %s", rows, result.Took.Round(100*time.Millisecond))
	if result.Resumed > 0 {
		text += fmt.Sprintf("; %d of them were copied earlier", result.Resumed)
	}
	fmt.Fprintln(words, text)
	if len(result.Unknown) > 0 {
		fmt.Fprintf(words, "not copied, since only one of the databases has such tables: %s\n", strings.Join(result.Unknown, ", "))
	}
	if len(result.Changed) == 0 {
		return err
	}
	fmt.Fprintf(words, "the source was written to after the copy had begun, and the copy lacks that: %s; to move, stop the server first, and copy into another new file or empty database\n",
		strings.Join(result.Changed, ", "))
	return errors.Join(err, errOutdated)
}

// printTables prints the tables, and returns how many rows they have.
func printTables(w io.Writer, tables []copying.Copied) (rows int64, err error) {
	slices.SortFunc(tables, func(a, b copying.Copied) int { return strings.Compare(a.Name, b.Name) })
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TABLE\tROWS\tCHECKSUM")
	for _, t := range tables {
		rows += t.Rows
		fmt.Fprintf(table, "%s\t%d\t%x\n", t.Name, t.Rows, t.Sum[:8])
	}
	return rows, table.Flush()
}
