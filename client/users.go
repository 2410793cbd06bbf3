package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
)

// Users calls the operations on users.
type Users struct{ c *Client }

// List iterates over the users of the company. An error is the last item.
func (s *Users) List(ctx context.Context) iter.Seq2[User, error] {
	return list(s.c.raw.ListUsers, &api.ListUsersParams{PageSize: new(maxPageSize)}, whole[User]).all(ctx)
}

// Invite makes a user, who sets a password with the invitation's token. It is
// not sent again after a lost answer, since a second invitation would be
// refused. ErrConflict if the e-mail address is taken.
func (s *Users) Invite(ctx context.Context, user UserInvite) (*InvitedUser, error) {
	resp, err := s.c.raw.InviteUser(ctx, user)
	return answer[InvitedUser](resp, err, http.StatusCreated)
}

// Accept sets the password of an invited user. It needs no key.
func (s *Users) Accept(ctx context.Context, invitation InvitationAccept) (*User, error) {
	return answer[User](s.c.raw.AcceptInvitation(ctx, invitation))
}
