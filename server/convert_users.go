package server

import (
	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
)

// FromAPINewUser converts a validated invitation.
func FromAPINewUser(body api.UserInvite) account.NewUser {
	return account.NewUser{
		Email:     body.Email,
		FirstName: body.FirstName,
		LastName:  body.LastName,
		Admin:     body.IsAdmin,
	}
}

// FromAPIAcceptance converts what an invited user sends.
func FromAPIAcceptance(body api.InvitationAccept) account.Acceptance {
	return account.Acceptance{
		Token:     body.Token,
		Password:  body.Password,
		FirstName: body.FirstName,
		LastName:  body.LastName,
	}
}

// ToAPIUser converts a user.
func ToAPIUser(u account.User) api.User {
	return api.User{
		ID:        u.ID,
		Email:     u.Email,
		FirstName: textOrNull(u.FirstName),
		LastName:  textOrNull(u.LastName),
		IsAdmin:   u.Admin,
		IsInvited: u.Invited(),
		CreatedAt: timestamp.Of(u.CreatedAt),
	}
}

// ToAPIInvitedUser converts a user who was just invited.
func ToAPIInvitedUser(i account.InvitedUser) api.InvitedUser {
	return api.InvitedUser{
		User:       ToAPIUser(i.User),
		Invitation: api.Invitation{Token: i.Token, ExpiresAt: timestamp.Of(i.User.InvitedUntil)},
	}
}
