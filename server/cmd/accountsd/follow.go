package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/follow"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/postgres/engine"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

const followHelp = `Keeps a database equal to another installation, by its API alone: the accounts, contacts, properties and users of the company
of a key, and the whole history, with their ids, numbers, versions, times, authors and sequences. The key must have the scope admin.
It is read from the variable ACCOUNTSD_KEY, or from the file of --key-file.

The database must be a new file, an empty database, or one that has followed before, which goes on where it was. It runs until
SIGINT or SIGTERM, and waits for a source that does not answer. Until accountsd promote has made the database one of its own, no
command serves it or writes to it; accountsd verify --against compares it with the source.

Not carried, since the API does not tell it: ` + follow.NotCarried + `.`

const promoteHelp = `Makes a database that has followed another installation one of its own, to be served from then on, and prints a new key of an
admin, and only that, to standard output. Stop the follower first, and make sure that the source is not written to any more.

What the source wrote last, and was not copied yet, is not there; the message says up to which sequence the history is. Ids go on
with a gap, so that none is given out again that the source gave out then. Not there are ` + follow.NotCarried + `:
make keys with accountsd key create, and let users set a password with the token of accountsd user reset-password, or for those
who had not accepted their invitation yet, of accountsd user invite. The indexes of properties are made by the server.`

func keyFileFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "key-file", Usage: "read the key of the source from the first line of the file at `PATH`, and not from the variable ACCOUNTSD_KEY", Sources: fromEnv("KEY_FILE")}
}

func followCommand() *cli.Command {
	return &cli.Command{
		Name:        "follow",
		Usage:       "keep a database equal to another installation, as its standby",
		Description: followHelp,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "from", Usage: "the `URL` of the source, as in https://accounts.example.com", Required: true, Sources: fromEnv("FROM")},
			dbFlag(), keyFileFlag(),
			&cli.DurationFlag{Name: "interval", Usage: "look at the source every `DURATION`", Value: time.Second, Validator: positive[time.Duration], Sources: fromEnv("INTERVAL")},
			&cli.BoolFlag{Name: "restart", Usage: "remove the SQLite file of an earlier copy, and make the copy anew", Sources: fromEnv("RESTART")},
			logFormatFlag(),
		},
		Action: followSource,
	}
}

func promoteCommand() *cli.Command {
	return &cli.Command{
		Name:        "promote",
		Usage:       "make a standby a database of its own; only the new key goes to standard output",
		Description: promoteHelp,
		Flags: []cli.Flag{
			dbFlag(),
			&cli.StringFlag{Name: "email", Usage: "the e-mail `ADDRESS` of the admin who gets the key", DefaultText: "the first admin's", Sources: fromEnv("EMAIL")},
		},
		Action: promote,
	}
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
		return asFollower(postgres.Open(ctx, name, postgres.Config{Config: engine.Config{MaxConns: commandConnections}, KeepSchema: !create, Follows: true}))
	}
	if create {
		return asFollower(sqlite.OpenFollower(ctx, name))
	}
	return asFollower(sqlite.OpenExistingFollower(ctx, name))
}

// asFollower returns no store that is of a type and nil.
func asFollower[S follow.Store](s S, err error) (follow.Store, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
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

func promote(ctx context.Context, cmd *cli.Command) (err error) {
	name := cmd.String("db")
	s, err := openFollower(ctx, name, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := follow.Promotable(ctx, s); err != nil {
		return err
	}
	admin, err := adminOf(ctx, cmd, s)
	if err != nil {
		return err
	}
	if err := reserveIDs(ctx, name); err != nil {
		return err
	}
	promoted, err := follow.Promote(ctx, s, nil)
	if err != nil {
		return err
	}
	token, err := users(s).CreateKeyFor(ctx, admin, "promotion", []identity.Scope{identity.ScopeAdmin}, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.Root().ErrWriter, "%s is a database of its own now, with the history up to sequence %d. It is without %s.\n", nameOf(name), promoted.Sequence, follow.NotCarried)
	if promoted.Settled > 0 {
		fmt.Fprintf(cmd.Root().ErrWriter, "%s had a contact that was gone; they are unlinked from it.\n", countOf(int64(promoted.Settled), "account"))
	}
	fmt.Fprintf(cmd.Root().ErrWriter, "The key is one of %s.\n", admin.Email)
	return showKey(cmd, token)
}

// adminOf is the user who gets the key.
func adminOf(ctx context.Context, cmd *cli.Command, s follow.Store) (identity.User, error) {
	email := cmd.String("email")
	if email == "" {
		return follow.FirstAdmin(ctx, s)
	}
	user, err := users(s).FindUser(ctx, "", email)
	switch {
	case fault.IsNotFound(err):
		return user, fmt.Errorf("there is no user %s in %s", fault.Quote(email), nameOf(cmd.String("db")))
	case err == nil && (!user.Admin || user.Disabled()):
		return user, fmt.Errorf("%s is not an admin who can act", user.Email)
	}
	return user, err
}

// reserveIDs makes the database give out no id that the source may have given out.
func reserveIDs(ctx context.Context, name string) (err error) {
	var d bulk
	if isPostgres(name) {
		d, err = postgres.OpenTarget(ctx, name)
	} else {
		d, err = sqlite.OpenTarget(ctx, name)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	ids, err := reserved(ctx, d)
	if err != nil {
		return err
	}
	return d.Complete(ctx, ids, func(int64, int64) {})
}

func reserved(ctx context.Context, d copying.Database) (ids map[string]int64, err error) {
	err = d.Look(ctx, func(s db.Session) error {
		known, err := records.Reader{Session: s}.HighestIDs(ctx)
		if err != nil {
			return err
		}
		counters, err := d.Counters(ctx, s)
		ids = follow.IDs(known)
		for table, last := range counters {
			ids[table] = max(ids[table], last)
		}
		return err
	})
	return ids, err
}

// compareWith compares the content of a database with that of an installation.
func compareWith(ctx context.Context, cmd *cli.Command, url string) (err error) {
	name := cmd.String("db")
	c, err := sourceClient(cmd, url)
	if err != nil {
		return err
	}
	if !isPostgres(name) {
		if err := checkVersion(ctx, name); err != nil {
			return err
		}
	}
	s, err := openFollower(ctx, name, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	here, there, err := follow.Compare(ctx, s, url, c)
	if err != nil {
		return err
	}
	return printContents(cmd, name, url, here, there)
}

// shownDifferences are how many records of a kind are named.
const shownDifferences = 10

func printContents(cmd *cli.Command, name, url string, here, there []follow.Content) error {
	table := tabwriter.NewWriter(cmd.Root().Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "KIND\tHERE\tSOURCE\tHASH")
	differ := make(map[string][]string)
	for i, content := range here {
		names := content.Differences(there[i])
		hash := content.Hash()
		if len(names) > 0 {
			hash, differ[content.Kind] = "differs", names
		}
		fmt.Fprintf(table, "%s\t%d\t%d\t%s\n", content.Kind, content.Count(), there[i].Count(), hash)
	}
	err := table.Flush()
	for _, content := range here {
		if names := differ[content.Kind]; names != nil {
			fmt.Fprintf(cmd.Root().Writer, "%s: %s\n", content.Kind, firstOf(names))
		}
	}
	if len(differ) == 0 {
		fmt.Fprintf(cmd.Root().ErrWriter, "%s is what %s has\n", nameOf(name), url)
		return err
	}
	return errors.Join(err, fmt.Errorf("%s is not what %s has: %s differ", nameOf(name), url, countOf(int64(total(differ)), "record")))
}

func total(differ map[string][]string) (n int) {
	for names := range maps.Values(differ) {
		n += len(names)
	}
	return n
}

func firstOf(names []string) string {
	text := strings.Join(names[:min(shownDifferences, len(names))], ", ")
	if more := len(names) - shownDifferences; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
