package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/follow"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

const followHelp = `Keeps a database equal to another installation, by its API alone: the accounts, contacts, properties and users of the company
of a key, and the whole history, with their ids, numbers, versions, times, authors and sequences. The key must have the scope admin.
It is read from the variable ACCOUNTSD_KEY, or from the file of --key-file.

The database must be a new file, an empty database, or one that has followed before, which goes on where it was. It runs until
SIGINT, SIGTERM or SIGHUP, and waits for a source that does not answer. Until accountsd promote has made the database one of its own, no
command serves it or writes to it; accountsd verify --against compares it with the source.

Not carried, since the API does not tell it: ` + follow.NotCarried + `.`

func keyFileFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "key-file", Usage: "read the key of the source from the first line of the file at `PATH`, and not from the variable ACCOUNTSD_KEY", Sources: fromEnv("KEY_FILE")}
}

func followCommand() *cli.Command {
	return &cli.Command{
		Name:        "follow",
		Usage:       "keep a database equal to another installation, as its standby",
		Description: followHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "the `URL` of the source, as in https://accounts.example.com", Required: true, Validator: checkURL, Sources: fromEnv("FROM")},
			dbFlag(), keyFileFlag(),
			&cli.DurationFlag{Name: "interval", Usage: "look at the source every `DURATION`", Value: time.Second, Validator: positive[time.Duration], Sources: fromEnv("INTERVAL")},
			&cli.BoolFlag{Name: "restart", Usage: "remove the SQLite file of an earlier copy, once the source has answered, and make the copy anew", Sources: fromEnv("RESTART")},
			logFormatFlag(),
		},
		Action: followSource,
	}
}

// checkURL refuses what is no URL of an installation.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("must be a URL such as https://accounts.example.com; got %s", fault.Quote(text))
	}
	return nil
}

// sourceClient returns a client of an installation, with the key of the command.
func sourceClient(cmd *cli.Command, url string) (*client.Client, error) {
	key := os.Getenv("ACCOUNTSD_KEY")
	if path := cmd.String("key-file"); path != "" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("read the key: %w", err)
		}
		defer file.Close()
		if key, err = firstLine(file); err != nil {
			return nil, fmt.Errorf("read the key: %w", err)
		}
	}
	if key = strings.TrimSpace(key); key == "" {
		return nil, usageError(cmd, "set ACCOUNTSD_KEY to a key of %s with the scope admin, or name a file that has it with --key-file", url)
	}
	return client.New(url, client.WithAPIKey(key), client.WithUserAgent("accountsd-"+cmd.Name), client.WithMaxResponseBytes(maxAnswer))
}

// maxAnswer is more than a page of the largest accounts there can be.
const maxAnswer = 1 << 30

// openFollower opens a database that follows, or may begin to.
func openFollower(ctx context.Context, name string, create bool) (follow.Store, error) {
	if isPostgres(name) {
		return orNil[follow.Store](postgres.Open(ctx, name, postgres.Config{Config: engine.Config{MaxConns: commandConnections}, KeepSchema: !create, Follows: true}))
	}
	if create {
		return orNil[follow.Store](sqlite.OpenFollower(ctx, name))
	}
	return orNil[follow.Store](sqlite.OpenExistingFollower(ctx, name))
}

func followSource(ctx context.Context, cmd *cli.Command) (err error) {
	logger := newLogger(cmd.Root().ErrWriter, cmd.String("log-format"))
	from, to := cmd.String("from"), cmd.String("db")
	c, err := sourceClient(cmd, from)
	if err != nil {
		return err
	}
	if cmd.Bool("restart") {
		if err := startAnew(ctx, cmd, from, to, c); err != nil {
			return err
		}
	}
	s, err := openFollower(ctx, to, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return follow.New(s, from, c, follow.Config{Interval: cmd.Duration("interval"), Logger: logger}).Run(ctx)
}

// startAnew removes an earlier copy, once it is known that another one can be made.
func startAnew(ctx context.Context, cmd *cli.Command, from, to string, c *client.Client) error {
	if isPostgres(to) {
		return usageError(cmd, "--restart is for an SQLite file; for a PostgreSQL database, name an empty one")
	}
	if err := follow.Check(ctx, from, c); err != nil {
		return err
	}
	return sqlite.RemoveFollower(ctx, to)
}
