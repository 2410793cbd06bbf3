package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v3"

	"github.com/accountsd/accountsd/client"
)

var userColumns = []string{"id", "email", "firstName", "lastName", "isAdmin", "isInvited", "isDisabled", "createdAt"}

// invitedUser is a user with what sets a password.
type invitedUser struct {
	client.User
	Token     string      `json:"token"`
	ExpiresAt client.Time `json:"expiresAt"`
}

func usersCommand(t *terminal) *cli.Command {
	return &cli.Command{
		Name: "users", Usage: "read and write the users of the company",
		Commands: []*cli.Command{
			{Name: "list", Usage: "list the users", Action: connected(t.listUsers)},
			{
				Name: "invite", Usage: "make a user, who sets a password with the token", ArgsUsage: "email=ADDRESS ASSIGNMENT...",
				Action: one(t, inviteUser), ShellComplete: completeMembers[client.UserInvite],
			},
			{
				Name: "invite-again", Usage: "make another token for a user who has not accepted; the former one ends", ArgsUsage: "ID",
				Action: one(t, inviteAgain),
			},
			{Name: "disable", Usage: "end all that users may do, and their keys", ArgsUsage: "ID...", Action: t.setDisabled(true), Flags: []cli.Flag{yesFlag()}},
			{Name: "enable", Usage: "let users in again", ArgsUsage: "ID...", Action: t.setDisabled(false)},
			{
				Name: "reset", Usage: "end a user's password; another one is set with the token", ArgsUsage: "ID", Action: one(t, t.resetUser),
				Flags: []cli.Flag{&cli.BoolFlag{Name: "revoke-keys", Usage: "revoke the user's keys too"}, yesFlag()},
			},
		},
	}
}

func (t *terminal) listUsers(ctx context.Context, cmd *cli.Command, c *client.Client) error {
	return printRecords(t, cmd, userColumns, c.Users.List(ctx))
}

func inviteUser(ctx context.Context, cmd *cli.Command, c *client.Client) (*invitedUser, error) {
	body, err := assignments[client.UserInvite](cmd.Args().Slice(), nil)
	if err != nil {
		return nil, err
	}
	return invited(c.Users.Invite(ctx, body))
}

func inviteAgain(ctx context.Context, cmd *cli.Command, c *client.Client) (*invitedUser, error) {
	id, err := oneID(cmd)
	if err != nil {
		return nil, err
	}
	return invited(c.Users.InviteAgain(ctx, id))
}

func invited(user *client.InvitedUser, err error) (*invitedUser, error) {
	if err != nil {
		return nil, err
	}
	return &invitedUser{user.User, user.Invitation.Token, user.Invitation.ExpiresAt}, nil
}

// setDisabled disables or enables user after user.
func (t *terminal) setDisabled(disabled bool) cli.ActionFunc {
	return connected(func(ctx context.Context, cmd *cli.Command, c *client.Client) error {
		list, err := ids(cmd.Args().Slice())
		if err != nil {
			return err
		}
		if disabled {
			if err := t.confirmed(ctx, cmd, fmt.Sprintf("Disable user %s, and revoke all keys?", joined(list))); err != nil {
				return err
			}
		}
		return printList(t.printer(cmd, userColumns), func(yield func(*client.User, error) bool) {
			for _, id := range list {
				user, err := c.Users.Update(ctx, id, client.UserPatch{Disabled: client.Set(disabled)})
				if err != nil {
					err = fmt.Errorf("user %d: %w", id, err)
				}
				if !yield(user, err) || err != nil {
					return
				}
			}
		})
	})
}

func (t *terminal) resetUser(ctx context.Context, cmd *cli.Command, c *client.Client) (*invitedUser, error) {
	id, err := oneID(cmd)
	if err != nil {
		return nil, err
	}
	if err := t.confirmed(ctx, cmd, fmt.Sprintf("End the password of user %d?", id)); err != nil {
		return nil, err
	}
	return invited(c.Users.ResetPassword(ctx, id, client.PasswordReset{RevokeKeys: cmd.Bool("revoke-keys")}))
}
