package server

import (
	"context"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// ListUsers answers GET /users.
func (s *Server) ListUsers(ctx context.Context, req apiserver.ListUsersRequestObject) (apiserver.ListUsersResponseObject, error) {
	page, err := newPaging(byID, req.Params.PageSize, req.Params.Page, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	loaded, err := s.accounts.Users(ctx, actorOf(ctx), page.Page)
	if err != nil {
		return nil, err
	}
	users, link := cutPage(ctx, page, loaded, func(u account.User) account.Cursor { return account.Cursor{ID: u.ID} })
	return apiserver.ListUsers200JSONResponse{UserListJSONResponse: apiserver.UserListJSONResponse{
		Body: convertAll(users, ToAPIUser), Headers: apiserver.UserListResponseHeaders{Link: link},
	}}, nil
}

// InviteUser answers POST /users.
func (s *Server) InviteUser(ctx context.Context, req apiserver.InviteUserRequestObject) (apiserver.InviteUserResponseObject, error) {
	invited, err := s.accounts.InviteUser(ctx, actorOf(ctx), FromAPINewUser(*req.Body))
	if err != nil {
		return nil, err
	}
	return apiserver.InviteUser201JSONResponse{InvitedUserJSONResponse: apiserver.InvitedUserJSONResponse{Body: ToAPIInvitedUser(invited)}}, nil
}

// AcceptInvitation answers POST /users/accept, which anyone with the token may
// call.
func (s *Server) AcceptInvitation(ctx context.Context, req apiserver.AcceptInvitationRequestObject) (apiserver.AcceptInvitationResponseObject, error) {
	user, err := s.accounts.AcceptInvitation(ctx, FromAPIAcceptance(*req.Body))
	if err != nil {
		return nil, err
	}
	return apiserver.AcceptInvitation200JSONResponse{UserJSONResponse: apiserver.UserJSONResponse{Body: ToAPIUser(user)}}, nil
}
