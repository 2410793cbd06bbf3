package server

import (
	"context"

	"github.com/accountsd/accountsd/gen/apiserver"
)

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
