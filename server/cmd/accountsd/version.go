package main

import (
	"cmp"
	"context"
	"fmt"
	"runtime/debug"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print what was built from which commit, and the versions of the schemas that it needs",
		Action: func(_ context.Context, cmd *cli.Command) error {
			_, err := fmt.Fprintf(cmd.Root().Writer, "%s version %s\n", cmd.Root().Name, cmd.Root().Version)
			return err
		},
	}
}

// version is what a binary knows of its making.
type version struct {
	module, commit, date string
}

// readVersion returns what the Go tool noted in the binary.
func readVersion() version {
	v := version{module: "unknown", commit: "unknown", date: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.module = cmp.Or(info.Main.Version, v.module)
	modified := ""
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			v.commit = setting.Value[:min(12, len(setting.Value))]
		case "vcs.time":
			v.date = setting.Value
		case "vcs.modified":
			if setting.Value == "true" {
				modified = " and changes"
			}
		}
	}
	v.commit += modified
	return v
}

// String is the version in one line.
func (v version) String() string {
	return fmt.Sprintf("%s (commit %s of %s, schema %d on SQLite, %d on PostgreSQL)", v.module, v.commit, v.date, sqlite.SchemaVersion(), postgres.SchemaVersion())
}

// attributes are the version for the log of a server on a database.
func (v version) attributes(db string) []any {
	return []any{"version", v.module, "commit", v.commit, "date", v.date, "schema", schemaVersion(db)}
}
