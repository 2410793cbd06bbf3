package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/gen/plural"
	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/transfer"
)

const importHelp = `FILE holds one account in each row, as CSV or as NDJSON (a JSON object on each line). "-" is standard input, which is
saved to a temporary file first.

The columns of CSV are id, number, title, description, address, isActive, primaryEmail, primaryPhone, accountType, value,
size, contacts, and custom.KEY for each property; case, spaces and underscores do not count in their names. createdAt and
updatedAt of exports, line and errors of rejected rows are passed over. An unknown column or
member stops the import before anything is written. A cell with several values is a JSON array, as in
["12 Main St","Springfield"] or [17,4]. An empty cell clears a member that can be cleared, and leaves title, address,
isActive and number as they are; a cell of two quotes is an empty text. A line of NDJSON means what the body of PATCH
means.

If there is an id column, rows are matched by id and update the accounts: an id that is not found is rejected, and a row
without one is a new account. Otherwise rows are matched by title, and those that match are skipped. What the strategies do:
  skip     leave the account that matches as it is
  update   change the members that the row has
  add      the same, but what it has for a list or for a number is added to that, and an empty cell clears nothing
  remove   take what the row has for lists out of them, and leave the other members as they are
  enrich   fill only the members without a value
  replace  make the account what the row says; what the row lacks is cleared
A row that matches nothing is a new account, for which title and address are needed; with remove it is rejected. A line of
NDJSON may say itself what to add, to remove and to fill, with the strategy update. To import a file twice by add adds
its numbers twice. Without --match-by id, an id column
is ignored. With --match-by custom.KEYNAME, the key of another system in a unique property, each row must have one: with
--strategy update, the file can be imported again and again, and by several commands at once, and makes no account twice.
The strategies add and remove leave that key as it is.

A row that cannot be imported is rejected with all the reasons, without affecting the others. Rejected rows go to a file
that can be corrected and imported. If there are any, the exit status is 3. When the same command is given again, an
interrupted import continues after the last row that was stored, unless the file has changed; so does one from standard
input, if the data is the same.

Files of other programs: "accountsd import --suggest FILE" prints which member each column seems to be. Edit that, and give
it by --map-file. The marks =, +, - and @ at the beginning of a text may have an apostrophe before them, as in exports.

The command works while the server runs. With --dry-run it imports into a temporary copy, which it removes in the end: of an
SQLite file, or of what a PostgreSQL database has of the company, as an SQLite file on this machine. So it finds exactly what
the import would find, writes nothing to the database and keeps nobody waiting, but takes the time and the room for a copy
(TMPDIR says where). Only a kill leaves it there.`

func importCommand() *cli.Command {
	return &cli.Command{
		Name:        "import",
		Usage:       "add and change accounts by the rows of a file",
		ArgsUsage:   "FILE",
		Description: importHelp,
		Flags: []cli.Flag{
			dbFlag(), emailFlag(), whichCompanyFlag(), formatFlag(), regionFlag(),
			&cli.StringFlag{Name: "delimiter", Usage: "the `CHARACTER` between cells, or tab", DefaultText: "by the header: comma, semicolon, tab or pipe", Sources: fromEnv("DELIMITER")},
			&cli.StringFlag{Name: "encoding", Usage: "the `NAME` of the file's encoding, such as windows-1252", DefaultText: "by the file: UTF-8 or UTF-16", Sources: fromEnv("ENCODING")},
			&cli.StringSliceFlag{Name: "map", Usage: "`COLUMN=MEMBER` for a column with another name, COLUMN+COLUMN=MEMBER for several, COLUMN= to pass it over; can be repeated"},
			&cli.StringFlag{Name: "map-file", Usage: "`FILE` with such a mapping on each line", Sources: fromEnv("MAP_FILE")},
			&cli.BoolFlag{Name: "suggest", Usage: "print a mapping for --map-file, with a sample of each column, and import nothing"},
			&cli.StringFlag{Name: "date-format", Usage: "how dates are written, such as DD.MM.YYYY or MM/DD/YY HH:mm", DefaultText: "YYYY-MM-DD or RFC 3339", Sources: fromEnv("DATE_FORMAT")},
			&cli.StringFlag{Name: "decimal", Usage: "the decimal `MARK` of numbers, . or ,; the other one may part groups of three digits", DefaultText: "a point, and no groups", Sources: fromEnv("DECIMAL")},
			&cli.StringSliceFlag{Name: "true", Usage: "a `WORD` for true; can be repeated"},
			&cli.StringSliceFlag{Name: "false", Usage: "a `WORD` for false; can be repeated"},
			&cli.StringSliceFlag{Name: "null", Usage: "a `WORD` that is as an empty cell; can be repeated"},
			&cli.StringFlag{Name: "split", Usage: "the `TEXT` that parts several values in a cell", Sources: fromEnv("SPLIT")},
			&cli.StringFlag{Name: "match-by", Usage: "find the account of a row by `MEMBER`: id, number, title, primaryEmail, primaryPhone, address, custom.KEYNAME of a unique property, or none", DefaultText: "id if there is one, otherwise title", Sources: fromEnv("MATCH_BY")},
			&cli.StringFlag{Name: "strategy", Usage: "what to do with an account that matches: skip, replace, enrich, update, add or remove", DefaultText: "update by id, otherwise skip", Sources: fromEnv("STRATEGY")},
			&cli.BoolFlag{Name: "allow-new-options", Usage: "add unknown dropdown labels to the options", Sources: fromEnv("ALLOW_NEW_OPTIONS")},
			&cli.BoolFlag{Name: "dry-run", Usage: "report what would happen, and write nothing but the file of --rejected, if that is given", Sources: fromEnv("DRY_RUN")},
			&cli.StringFlag{Name: "rejected", Usage: "`FILE` for rejected rows and the reasons, which must not exist yet", DefaultText: "the name with .rejected before the extension", Sources: fromEnv("REJECTED")},
			&cli.BoolFlag{Name: "restart", Usage: "begin with the first row even if an import of the file was interrupted", Sources: fromEnv("RESTART")},
			progressFlag(), logFormatFlag(),
		},
		// A comma may be part of a column's name.
		DisableSliceFlagSeparator: true,
		Action:                    importAccounts,
	}
}

func formatFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "format", Usage: "csv or ndjson", DefaultText: "by the file's extension: .csv, .ndjson or .jsonl", Sources: fromEnv("FORMAT")}
}

// errRejected is the outcome of an import that left rows out, with a status of
// its own. What it has to say is in the summary.
var errRejected = cli.Exit("", 3)

func importAccounts(ctx context.Context, cmd *cli.Command) (err error) {
	path := cmd.Args().First()
	if cmd.Args().Len() != 1 {
		return usageError(cmd, "import takes one FILE, or - for standard input; got %d", cmd.Args().Len())
	}
	format, err := transfer.ParseFormat(cmd.String("format"), path)
	if err != nil {
		return err
	}
	file, err := openInput(path, cmd.Root().Reader)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return inStore(func(ctx context.Context, cmd *cli.Command, store store.Store) error {
		if cmd.Bool("suggest") {
			return suggest(ctx, cmd, store, file, format)
		}
		run := &importRun{cmd: cmd, path: path, file: file, rejected: cmd.String("rejected")}
		if cmd.Bool("dry-run") {
			return run.dry(ctx, store, format)
		}
		return run.into(ctx, store, format)
	})(ctx, cmd)
}

// openInput opens a file, or keeps standard input in one, since an import reads
// it twice. That file is gone with the process.
func openInput(path string, stdin io.Reader) (*os.File, error) {
	if path != "-" {
		return os.Open(path)
	}
	file, err := os.CreateTemp("", "accountsd-import-")
	if err != nil {
		return nil, fmt.Errorf("keep standard input: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := io.Copy(file, stdin); err != nil {
		return nil, errors.Join(fmt.Errorf("keep standard input: %w", err), file.Close())
	}
	return file, nil
}

// importRun is one call of the command.
type importRun struct {
	cmd      *cli.Command
	path     string
	file     *os.File
	rejected string
}

// name is what messages call the file.
func (r *importRun) name() string {
	if r.path == "-" {
		return "stdin"
	}
	return r.path
}

func (r *importRun) into(ctx context.Context, store store.Store, format transfer.Format) error {
	user, err := actingUser(ctx, r.cmd, store, r.cmd.String("email"))
	if err != nil {
		return err
	}
	properties, err := store.Properties(ctx, user.CompanyID)
	if err != nil {
		return err
	}
	mapping, err := mappingOf(r.cmd)
	if err != nil {
		return err
	}
	bar := newBar(r.cmd, "importing")
	service := server.NewServices(store, server.ServiceConfig{Region: r.cmd.String("phone-region")}).Importer
	result, err := transfer.Import(ctx, service, identity.Actor{CompanyID: user.CompanyID, User: user.Ref()}, properties, r.file, r.name(), transfer.Options{
		Format:          format,
		Dialect:         dialectOf(r.cmd),
		Cells:           cellsOf(r.cmd),
		Map:             mapping,
		MatchBy:         account.MatchBy(r.cmd.String("match-by")),
		Strategy:        intake.Strategy(r.cmd.String("strategy")),
		AllowNewOptions: r.cmd.Bool("allow-new-options"),
		Region:          r.cmd.String("phone-region"),
		Rejected:        r.rejected,
		Restart:         r.cmd.Bool("restart"),
		Progress:        bar.set,
	})
	bar.finish()
	if err != nil {
		return err
	}
	return r.summarize(result)
}

// suggest prints a mapping of the file to the members of the user's company.
func suggest(ctx context.Context, cmd *cli.Command, store store.Store, file io.Reader, format transfer.Format) error {
	if format != transfer.CSV {
		return errors.New("--suggest is for CSV: the members of NDJSON have the names of the API")
	}
	user, err := actingUser(ctx, cmd, store, cmd.String("email"))
	if err != nil {
		return err
	}
	properties, err := store.Properties(ctx, user.CompanyID)
	if err != nil {
		return err
	}
	mapping, err := transfer.Suggest(file, dialectOf(cmd), properties)
	if err != nil {
		return err
	}
	_, err = io.WriteString(cmd.Root().Writer, mapping)
	return err
}

func dialectOf(cmd *cli.Command) transfer.Dialect {
	return transfer.Dialect{Delimiter: cmd.String("delimiter"), Encoding: cmd.String("encoding")}
}

func cellsOf(cmd *cli.Command) transfer.Cells {
	return transfer.Cells{
		DateFormat: cmd.String("date-format"), Decimal: cmd.String("decimal"), Split: cmd.String("split"),
		True: cmd.StringSlice("true"), False: cmd.StringSlice("false"), Null: cmd.StringSlice("null"),
	}
}

// mappingOf returns the mappings of the command and of its file.
func mappingOf(cmd *cli.Command) ([]string, error) {
	mapping := cmd.StringSlice("map")
	if path := cmd.String("map-file"); path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		mapping = append(mapping, transfer.ParseMapping(string(text))...)
	}
	return mapping, nil
}

func (r *importRun) summarize(result transfer.Result) error {
	words, c := r.cmd.Root().ErrWriter, result.Counts
	dry := r.cmd.Bool("dry-run")
	text := fmt.Sprintf("%s: %s: %d created, %d updated, %d unchanged, %d rejected", r.name(), rowsOf(c.Rows()), c.Created, c.Updated, c.Unchanged, c.Rejected)
	if dry {
		text = "dry run of " + text
	}
	if result.Resumed > 0 {
		text += fmt.Sprintf("; done earlier: %s", rowsOf(result.Resumed))
	}
	kept := result.Rejects != "" && (!dry || r.cmd.String("rejected") != "")
	if kept {
		text += "; rejected rows are in " + result.Rejects
	}
	fmt.Fprintln(words, text)
	if c.Rejected == 0 {
		return nil
	}
	if !kept {
		showReasons(words, result)
	}
	return errRejected
}

func rowsOf(n int64) string { return plural.Of(n, "row", "rows") }

func showReasons(words io.Writer, result transfer.Result) {
	for _, rejection := range result.First {
		fmt.Fprintf(words, "  line %d: %s\n", rejection.Line, strings.Join(rejection.Reasons, "; "))
	}
	if more := result.Counts.Rejected - int64(len(result.First)); more > 0 {
		fmt.Fprintf(words, "  and %d more; --rejected FILE keeps all of them\n", more)
	}
}
