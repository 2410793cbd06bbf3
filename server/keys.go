package server

import (
	"context"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// ListKeys answers GET /api-keys.
func (s *Server) ListKeys(ctx context.Context, req apiserver.ListKeysRequestObject) (apiserver.ListKeysResponseObject, error) {
	page, err := newPaging(byID, req.Params.PageSize, req.Params.Page, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	loaded, err := s.accounts.Keys(ctx, actorOf(ctx), page.Page)
	if err != nil {
		return nil, err
	}
	keys, link := cutPage(ctx, page, loaded, func(k account.Key) account.Cursor { return account.Cursor{ID: k.ID} })
	return apiserver.ListKeys200JSONResponse{KeyListJSONResponse: apiserver.KeyListJSONResponse{
		Body: convertAll(keys, ToAPIKey), Headers: apiserver.KeyListResponseHeaders{Link: link},
	}}, nil
}

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
