package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/store/migration"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

const migrateHelp = `The schema of a database has a version, and each release knows the steps to its own. A server takes them when it
starts, unless it is told --migrate=false. Of several servers that start at once on one PostgreSQL database, one does it and
the others wait. Other commands bring up an SQLite file as well, but leave a PostgreSQL database as it is. There is no way
back, and an older program refuses a newer schema: so a copy of an SQLite file is kept beside it, unless --keep-copy=false says
not to; of a PostgreSQL database take one first.`

func migrateCommand() *cli.Command {
	return &cli.Command{
		Name:        "migrate",
		Usage:       "look at the schema of the database, and bring it up to date",
		Description: migrateHelp,
		Commands: []*cli.Command{
			{
				Name:  "status",
				Usage: "tell the version of the schema, and the steps that are missing, and change nothing",
				Flags: []cli.Flag{
					dbFlag(),
					&cli.StringFlag{Name: "format", Usage: "table or json", Value: "table", Validator: oneOf("table", "json"), Sources: fromEnv("FORMAT")},
				},
				Action: showSchema,
			},
			{
				Name:   "up",
				Usage:  "take the steps that are missing; an empty PostgreSQL database gets its tables",
				Flags:  []cli.Flag{dbFlag(), keepCopyFlag()},
				Action: bringUp,
			},
		},
	}
}

// keepCopyFlag is of the commands that are there to bring up a schema; the others keep
// a copy.
func keepCopyFlag() cli.Flag {
	return &cli.BoolFlag{
		Name: "keep-copy", Usage: "keep a copy of an SQLite file of an older schema beside it, as accounts.db.schema5", Value: true, DefaultText: "true", Sources: fromEnv("KEEP_COPY"),
	}
}

// schemaState is how far the schema of a database has come.
type schemaState struct {
	Database string   `json:"database"`
	State    string   `json:"state"`   // current, behind or newer
	Version  int      `json:"version"` // of the schema; 0: there is none
	Known    int      `json:"known"`   // the version that this program needs
	Missing  []string `json:"missing"` // the steps from the one to the other
}

func readSchema(ctx context.Context, db string) (schemaState, error) {
	steps, versionOf := sqlite.Migrations(), sqlite.VersionOf
	if isPostgres(db) {
		steps, versionOf = postgres.Migrations(), postgres.VersionOf
	}
	version, err := versionOf(ctx, db)
	if err != nil {
		return schemaState{}, err
	}
	return stateOf(nameOf(db), version, steps), nil
}

func stateOf(name string, version int, steps migration.Steps) schemaState {
	s := schemaState{Database: name, State: "current", Version: version, Known: steps.Latest(), Missing: []string{}}
	for next := version + 1; next <= s.Known; next++ {
		s.State = "behind"
		s.Missing = append(s.Missing, strings.TrimSuffix(path.Base(steps.Name(next)), ".sql"))
	}
	if version > s.Known {
		s.State = "newer"
	}
	return s
}

func showSchema(ctx context.Context, cmd *cli.Command) error {
	state, err := readSchema(ctx, cmd.String("db"))
	if err != nil {
		return err
	}
	if cmd.String("format") == "json" {
		return writeJSON(cmd.Root().Writer, state)
	}
	return state.write(cmd.Root().Writer)
}

func (s schemaState) write(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "DATABASE\t%s\nSTATE\t%s\nVERSION\t%d\nKNOWN\t%d\nMISSING\t%s\n", s.Database, s.State, s.Version, s.Known, cmp.Or(strings.Join(s.Missing, ", "), "-"))
	return table.Flush()
}

func bringUp(ctx context.Context, cmd *cli.Command) error {
	db := cmd.String("db")
	before, err := readSchema(ctx, db)
	if err != nil {
		return err
	}
	s, err := openStore(ctx, db, opening{up: true, noCopy: !cmd.Bool("keep-copy")})
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	text := fmt.Sprintf("%s was up to date, at version %d", before.Database, before.Version)
	if len(before.Missing) > 0 {
		text = fmt.Sprintf("%s went from version %d to %d: %s", before.Database, before.Version, before.Known, strings.Join(before.Missing, ", "))
	}
	_, err = fmt.Fprintln(cmd.Root().Writer, text)
	return err
}
