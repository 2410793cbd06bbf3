package main

import (
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/server"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store"
)

// listed is how many records a list reads at once.
const listed = 1000

func userCommand() *cli.Command {
	return &cli.Command{
		Name:  "user",
		Usage: "manage users",
		Commands: []*cli.Command{
			{
				Name:   "list",
				Usage:  "list the users of a company",
				Flags:  []cli.Flag{dbFlag(), companyFlag()},
				Action: inCompany(listUsers),
			},
			{
				Name:  "invite",
				Usage: "make a user, or invite one again; only the token of the invitation goes to standard output",
				Flags: []cli.Flag{
					dbFlag(), companyFlag(), emailFlag(),
					&cli.StringFlag{Name: "first-name", Usage: "the user's first `NAME`"},
					&cli.StringFlag{Name: "last-name", Usage: "the user's last `NAME`"},
					&cli.BoolFlag{Name: "admin", Usage: "let the user do all"},
				},
				Action: inCompany(inviteUser),
			},
			{
				Name:   "disable",
				Usage:  "end all keys and the logins of a user at once",
				Flags:  []cli.Flag{dbFlag(), emailFlag(), whichCompanyFlag()},
				Action: onUser(setDisabled(true)),
			},
			{
				Name:   "enable",
				Usage:  "let a disabled user log in again; keys stay revoked",
				Flags:  []cli.Flag{dbFlag(), emailFlag(), whichCompanyFlag()},
				Action: onUser(setDisabled(false)),
			},
			{
				Name:  "reset-password",
				Usage: "end a user's password; only the token to set another one goes to standard output",
				Flags: []cli.Flag{
					dbFlag(), emailFlag(), whichCompanyFlag(),
					&cli.BoolFlag{Name: "revoke-keys", Usage: "revoke all keys of the user as well"},
				},
				Action: onUser(resetPassword),
			},
		},
	}
}

func whichCompanyFlag() *cli.StringFlag {
	return &cli.StringFlag{Name: "company", Usage: "the `NAME` of the company whose user it is, if the address is known to several", Sources: fromEnv("COMPANY")}
}

// quiet are the services of a command, which says itself what it did.
func quiet(store store.Store) server.Services {
	return server.NewServices(store, server.ServiceConfig{Logger: slog.New(slog.DiscardHandler)})
}

// findUser returns the user with an e-mail address, in the company of the flag
// if that is set.
func findUser(ctx context.Context, cmd *cli.Command, store store.Store, email string) (identity.User, error) {
	user, err := quiet(store).Users.Find(ctx, cmd.String("company"), email)
	switch {
	case fault.IsNotFound(err):
		return user, fmt.Errorf("%w; accountsd company list shows the companies, and accountsd user list the users of one", err)
	case fault.KindOf(err) == fault.KindConflict:
		return user, fmt.Errorf("--company: %w", err)
	}
	return user, err
}

// actingUser is findUser for one in whose name something is done.
func actingUser(ctx context.Context, cmd *cli.Command, store store.Store, email string) (identity.User, error) {
	user, err := findUser(ctx, cmd, store, email)
	if err == nil && user.Disabled() {
		return user, fmt.Errorf("%s is disabled", user.Email)
	}
	return user, err
}

// operator acts on the command line for a company, and is none of its users.
func operator(companyID int64) identity.Actor {
	return identity.Actor{CompanyID: companyID, Scope: identity.ScopeAdmin}
}

func listUsers(ctx context.Context, cmd *cli.Command, store store.Store, company identity.Company) error {
	table := tabwriter.NewWriter(cmd.Root().Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ID\tE-MAIL\tNAME\tADMIN\tSTATE")
	for after := int64(0); ; {
		users, err := store.Users(ctx, company.ID, identity.UserFilter{}, after, listed)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			return table.Flush()
		}
		for _, u := range users {
			fmt.Fprintf(table, "%d\t%s\t%s\t%t\t%s\n", u.ID, printable(u.Email), printable(u.FirstName+" "+u.LastName), u.Admin, userState(u))
		}
		after = users[len(users)-1].ID
	}
}

func userState(u identity.User) string {
	switch {
	case u.Disabled():
		return "disabled"
	case u.Invited():
		return "invited until " + formatTime(u.InvitedUntil)
	case u.Resetting:
		return "resetting the password until " + formatTime(u.InvitedUntil)
	}
	return "active"
}

func inviteUser(ctx context.Context, cmd *cli.Command, store store.Store, company identity.Company) error {
	users := quiet(store).Users
	known, err := store.Users(ctx, company.ID, identity.UserFilter{Email: cmd.String("email")}, 0, 1)
	if err != nil {
		return err
	}
	var invited identity.InvitedUser
	if len(known) > 0 {
		invited, err = users.InviteAgain(ctx, operator(company.ID), known[0].ID)
	} else {
		invited, err = users.Invite(ctx, operator(company.ID), identity.ParseNewUser(map[string]any{
			"email": cmd.String("email"), "firstName": cmd.String("first-name"), "lastName": cmd.String("last-name"), "isAdmin": cmd.Bool("admin"),
		}))
	}
	if err != nil {
		return err
	}
	return showToken(cmd, invited)
}

// showToken writes the token of a user, and only that, to standard output.
func showToken(cmd *cli.Command, invited identity.InvitedUser) error {
	fmt.Fprintf(cmd.Root().ErrWriter, "With this token, %s can set a password by POST /v1/users/accept until %s. It is shown once.\n",
		printable(invited.User.Email), formatTime(invited.User.InvitedUntil))
	_, err := fmt.Fprintln(cmd.Root().Writer, invited.Token)
	return err
}

// onUser has a command carried out on the user of the flags.
func onUser(do func(context.Context, *cli.Command, server.Services, identity.User) error) cli.ActionFunc {
	return inStore(func(ctx context.Context, cmd *cli.Command, store store.Store) error {
		user, err := findUser(ctx, cmd, store, cmd.String("email"))
		if err != nil {
			return err
		}
		return do(ctx, cmd, quiet(store), user)
	})
}

func setDisabled(disabled bool) func(context.Context, *cli.Command, server.Services, identity.User) error {
	return func(ctx context.Context, cmd *cli.Command, services server.Services, user identity.User) error {
		user, err := services.Users.Update(ctx, operator(user.CompanyID), user.ID, identity.UserPatch{Disabled: patch.Set(disabled)})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.Root().Writer, "%s is %s\n", printable(user.Email), userState(user))
		return err
	}
}

func resetPassword(ctx context.Context, cmd *cli.Command, services server.Services, user identity.User) error {
	reset, err := services.Logins.ResetPassword(ctx, operator(user.CompanyID), user.ID, identity.Reset{RevokeKeys: cmd.Bool("revoke-keys")})
	if err != nil {
		return err
	}
	return showToken(cmd, reset)
}
