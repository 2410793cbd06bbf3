package server

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
)

// ListUsers answers GET /users.
func (s *Server) ListUsers(ctx context.Context, req apiserver.ListUsersRequestObject) (apiserver.ListUsersResponseObject, error) {
	page, err := newPaging(byID, req.Params.PageSize, req.Params.Page, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	filter := identity.UserFilter{ID: valueOf(req.Params.ID), Email: valueOf(req.Params.Email)}
	loaded, err := s.Users.List(ctx, actorOf(ctx), filter, page.Page)
	if err != nil {
		return nil, err
	}
	users, link := cutPage(ctx, page, loaded, func(u identity.User) query.Cursor { return query.Cursor{ID: u.ID} })
	return apiserver.ListUsers200JSONResponse{UserListJSONResponse: apiserver.UserListJSONResponse{
		Body: convertAll(users, ToAPIUser), Headers: apiserver.UserListResponseHeaders{Link: link},
	}}, nil
}

func checkUsers(c *gin.Context) error { return identity.UserFilter{Email: c.Query("email")}.Check() }

// GetSelf answers GET /users/me.
func (s *Server) GetSelf(ctx context.Context, _ apiserver.GetSelfRequestObject) (apiserver.GetSelfResponseObject, error) {
	self, err := s.Users.Self(ctx, actorOf(ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.GetSelf200JSONResponse{SelfJSONResponse: apiserver.SelfJSONResponse{Body: api.Self{
		User: ToAPIUser(self.User), Company: api.Company{ID: self.Company.ID, Name: self.Company.Name}, Key: ToAPIKey(self.Key),
	}}}, nil
}

// InviteUser answers POST /users.
func (s *Server) InviteUser(ctx context.Context, _ apiserver.InviteUserRequestObject) (apiserver.InviteUserResponseObject, error) {
	invited, err := s.Users.Invite(ctx, actorOf(ctx), sentBody[identity.NewUser](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.InviteUser201JSONResponse{InvitedUserJSONResponse: apiserver.InvitedUserJSONResponse{Body: ToAPIInvitedUser(invited)}}, nil
}

// AcceptInvitation answers POST /users/accept, which anyone with the token may
// call.
func (s *Server) AcceptInvitation(ctx context.Context, _ apiserver.AcceptInvitationRequestObject) (apiserver.AcceptInvitationResponseObject, error) {
	user, err := s.Logins.Accept(ctx, sentBody[identity.Acceptance](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.AcceptInvitation200JSONResponse{UserJSONResponse: apiserver.UserJSONResponse{Body: ToAPIUser(user)}}, nil
}

// UpdateUser answers PATCH /users/{userId}.
func (s *Server) UpdateUser(ctx context.Context, req apiserver.UpdateUserRequestObject) (apiserver.UpdateUserResponseObject, error) {
	user, err := s.Users.Update(ctx, actorOf(ctx), req.UserID, sentBody[identity.UserPatch](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.UpdateUser200JSONResponse{UserJSONResponse: apiserver.UserJSONResponse{Body: ToAPIUser(user)}}, nil
}

// InviteUserAgain answers POST /users/{userId}/invitation.
func (s *Server) InviteUserAgain(ctx context.Context, req apiserver.InviteUserAgainRequestObject) (apiserver.InviteUserAgainResponseObject, error) {
	invited, err := s.Users.InviteAgain(ctx, actorOf(ctx), req.UserID)
	if err != nil {
		return nil, err
	}
	return apiserver.InviteUserAgain200JSONResponse{InvitedUserJSONResponse: apiserver.InvitedUserJSONResponse{Body: ToAPIInvitedUser(invited)}}, nil
}

// ResetPassword answers POST /users/{userId}/password-reset.
func (s *Server) ResetPassword(ctx context.Context, req apiserver.ResetPasswordRequestObject) (apiserver.ResetPasswordResponseObject, error) {
	reset, err := s.Logins.ResetPassword(ctx, actorOf(ctx), req.UserID, sentBody[identity.Reset](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.ResetPassword200JSONResponse{InvitedUserJSONResponse: apiserver.InvitedUserJSONResponse{Body: ToAPIInvitedUser(reset)}}, nil
}

// ChangePassword answers POST /users/me/password, which asks for the former
// password and not for a key.
func (s *Server) ChangePassword(ctx context.Context, _ apiserver.ChangePasswordRequestObject) (apiserver.ChangePasswordResponseObject, error) {
	if err := s.Logins.ChangePassword(ctx, actorOf(ctx), sentBody[identity.NewPassword](ctx)); err != nil {
		return nil, err
	}
	return apiserver.ChangePassword204Response{}, nil
}

func (s *Server) refuseUserUpdate(r request, p identity.UserPatch) error {
	_, err := s.Users.Update(r, r.actor, r.id("userId"), p)
	return err
}

func (s *Server) refuseReset(r request, reset identity.Reset) error {
	_, err := s.Logins.ResetPassword(r, r.actor, r.id("userId"), reset)
	return err
}

func (s *Server) refusePassword(r request, n identity.NewPassword) error {
	return s.Logins.ChangePassword(r, r.actor, n)
}

func (s *Server) refuseUser(r request, n identity.NewUser) error {
	_, err := s.Users.Invite(r, r.actor, n)
	return err
}

func (s *Server) refuseAcceptance(r request, a identity.Acceptance) error {
	_, err := s.Logins.Accept(r, a)
	return err
}

// ToAPIUser converts a user.
func ToAPIUser(u identity.User) api.User {
	return api.User{
		ID:         u.ID,
		Email:      u.Email,
		FirstName:  u.FirstName,
		LastName:   u.LastName,
		IsAdmin:    u.Admin,
		IsInvited:  u.Invited(),
		IsDisabled: u.Disabled(),
		CreatedAt:  timestamp.Of(u.CreatedAt),
	}
}

// ToAPIInvitedUser converts a user with the token of an invitation or a reset.
func ToAPIInvitedUser(i identity.InvitedUser) api.InvitedUser {
	return api.InvitedUser{
		User:       ToAPIUser(i.User),
		Invitation: api.Invitation{Token: i.Token, ExpiresAt: timestamp.Of(i.User.InvitedUntil)},
	}
}
