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

// Self tells for which user and company the key acts, and what it may do.
func (s *Users) Self(ctx context.Context) (*Self, error) {
	return answer[Self](s.c.raw.GetSelf(ctx, nil))
}

// Invite makes a user, who sets a password with the invitation's token. It is
// not sent again after a lost answer, since a second invitation would be
// refused. ErrConflict if the e-mail address is taken.
func (s *Users) Invite(ctx context.Context, user UserInvite) (*InvitedUser, error) {
	resp, err := s.c.raw.InviteUser(ctx, nil, user)
	return answer[InvitedUser](resp, err, http.StatusCreated)
}

// InviteAgain makes another token for a user who has not accepted the
// invitation; the former one is good no more. ErrConflict if there is nothing to
// accept.
func (s *Users) InviteAgain(ctx context.Context, id int64) (*InvitedUser, error) {
	return answer[InvitedUser](s.c.raw.InviteUserAgain(ctx, id, nil, checkIDs("user", id)))
}

// Update changes a user: the names, and whether the user is an admin or can do
// anything at all. ErrConflict if that would take the company's last active admin.
func (s *Users) Update(ctx context.Context, id int64, patch UserPatch) (*User, error) {
	return answer[User](s.c.raw.UpdateUser(ctx, id, nil, patch, checkIDs("user", id)))
}

// ResetPassword ends a user's password. The user sets another one with the token,
// by Accept.
func (s *Users) ResetPassword(ctx context.Context, id int64, reset PasswordReset) (*InvitedUser, error) {
	return answer[InvitedUser](s.c.raw.ResetPassword(ctx, id, nil, reset, checkIDs("user", id)))
}

// ChangePassword sets the password of a user, who proves to be one by the former
// one. The client's own key is not sent, and need not be there.
func (s *Users) ChangePassword(ctx context.Context, login Login, newPassword string) error {
	params, body := &api.ChangePasswordParams{CompanyID: optional(login.CompanyID)}, api.PasswordChange{NewPassword: newPassword}
	return noContent(s.c.raw.ChangePassword(ctx, params, body, login.authenticate))
}

// Accept sets the password of a user who was invited, or whose password was
// reset. It needs no key.
func (s *Users) Accept(ctx context.Context, invitation InvitationAccept) (*User, error) {
	return answer[User](s.c.raw.AcceptInvitation(ctx, nil, invitation))
}
