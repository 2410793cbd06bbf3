package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/follow"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store"
	"github.com/accountsd/accountsd/server/store/copying"
	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/store/postgres"
	"github.com/accountsd/accountsd/server/store/records"
	"github.com/accountsd/accountsd/server/store/sqlite"
)

const promoteHelp = `Makes a database that has followed another installation one of its own, to be served from then on, and prints a new key of an
admin, and only that, to standard output. Stop the follower first, and make sure that the source is not written to any more.

What the source wrote last, and was not copied yet, is not there; the message says up to which sequence the history is. Ids go on
with a gap, so that none is given out again that the source gave out then. Not there are ` + follow.NotCarried + `:
make keys with accountsd key create, and let users set a password with the token of accountsd user reset-password, or for those
who had not accepted their invitation yet, of accountsd user invite. The indexes of properties are made by the server.`

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
	promoted, err := follow.Promote(ctx, s, store.ClockOf(s))
	if err != nil {
		return err
	}
	token, err := quiet(s).Keys.CreateFor(ctx, admin, identity.NewKey{Name: "promotion", Scopes: []identity.Scope{identity.ScopeAdmin}})
	if err != nil {
		return err
	}
	fmt.Fprintf(cmd.Root().ErrWriter, "%s is a database of its own now, with the history up to sequence %d. It is without %s.\n", nameOf(name), promoted.Sequence, follow.NotCarried)
	if promoted.Settled > 0 {
		fmt.Fprintf(cmd.Root().ErrWriter, "accounts that are unlinked from a contact that was gone: %d\n", promoted.Settled)
	}
	if len(promoted.Common) > 0 {
		fmt.Fprintf(cmd.Root().ErrWriter, "Not unique any more, as two accounts have the same value: %s. PATCH /properties/{keyName} with unique tells which.\n", strings.Join(promoted.Common, ", "))
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
	user, err := quiet(s).Users.Find(ctx, "", email)
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
