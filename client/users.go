package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiclient"
)

// Users calls the operations on users.
type Users struct{ c *Client }

// List iterates over the users of the company. An error is the last item.
func (s *Users) List(ctx context.Context) iter.Seq2[User, error] {
	return list(func(ctx context.Context, editors ...apiclient.RequestEditorFn) (*http.Response, error) {
		return s.c.raw.ListUsers(ctx, &api.ListUsersParams{PageSize: pageSize(0)}, editors...)
	}, whole[User]).all(ctx)
}

// Invite makes a user, who sets a password with the invitation's token. It is
// not sent again after a lost answer, since a second invitation would be
// refused. ErrConflict if the e-mail address is taken.
func (s *Users) Invite(ctx context.Context, user UserInvite) (*InvitedUser, error) {
	body, err := write(user)
	if err != nil {
		return nil, err
	}
	resp, sendErr := s.c.raw.InviteUserWithBody(ctx, jsonType, body)
	return answer[InvitedUser](resp, sendErr, http.StatusCreated)
}

// Accept sets the password of an invited user. It needs no key.
func (s *Users) Accept(ctx context.Context, invitation InvitationAccept) (*User, error) {
	body, err := write(invitation)
	if err != nil {
		return nil, err
	}
	return found[User](s.c.raw.AcceptInvitationWithBody(ctx, jsonType, body))
}
