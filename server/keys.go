package server

import (
	"context"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
)

// CreateKey answers POST /api-keys, which asks for a password and not for a key.
func (s *Server) CreateKey(ctx context.Context, req apiserver.CreateKeyRequestObject) (apiserver.CreateKeyResponseObject, error) {
	if req.Body == nil {
		req.Body = &api.KeyCreate{}
	}
	actor := actorOf(ctx)
	issued, err := s.accounts.IssueKey(ctx, actor, FromAPINewKey(*req.Body))
	if err != nil {
		return nil, err
	}
	return apiserver.CreateKey200JSONResponse{CreatedKeyJSONResponse: apiserver.CreatedKeyJSONResponse{
		Body: ToAPICreatedKey(issued, actor.User.Email),
	}}, nil
}

// RevokeKey answers DELETE /api-keys/{keyId}.
func (s *Server) RevokeKey(ctx context.Context, req apiserver.RevokeKeyRequestObject) (apiserver.RevokeKeyResponseObject, error) {
	if err := s.accounts.RevokeKey(ctx, actorOf(ctx), req.KeyID); err != nil {
		return nil, err
	}
	return apiserver.RevokeKey204Response{}, nil
}
