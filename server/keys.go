package server

import (
	"context"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/query"
)

// ListKeys answers GET /api-keys.
func (s *Server) ListKeys(ctx context.Context, req apiserver.ListKeysRequestObject) (apiserver.ListKeysResponseObject, error) {
	page, err := newPaging(byID, req.Params.PageSize, req.Params.Page, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	loaded, err := s.Keys.List(ctx, actorOf(ctx), page.Page)
	if err != nil {
		return nil, err
	}
	keys, link := cutPage(ctx, page, loaded, func(k identity.Key) query.Cursor { return query.Cursor{ID: k.ID} })
	return apiserver.ListKeys200JSONResponse{KeyListJSONResponse: apiserver.KeyListJSONResponse{
		Body: convertAll(keys, ToAPIKey), Headers: apiserver.KeyListResponseHeaders{Link: link},
	}}, nil
}

// CreateKey answers POST /api-keys, which asks for a password and not for a key.
func (s *Server) CreateKey(ctx context.Context, _ apiserver.CreateKeyRequestObject) (apiserver.CreateKeyResponseObject, error) {
	actor := actorOf(ctx)
	issued, err := s.Keys.Create(ctx, actor, sentBody[identity.NewKey](ctx))
	if err != nil {
		return nil, err
	}
	return apiserver.CreateKey200JSONResponse{CreatedKeyJSONResponse: apiserver.CreatedKeyJSONResponse{
		Body: ToAPICreatedKey(issued, actor.User.Email),
	}}, nil
}

// RevokeKey answers DELETE /api-keys/{keyId}.
func (s *Server) RevokeKey(ctx context.Context, req apiserver.RevokeKeyRequestObject) (apiserver.RevokeKeyResponseObject, error) {
	if err := s.Keys.Revoke(ctx, actorOf(ctx), req.KeyID); err != nil {
		return nil, err
	}
	return apiserver.RevokeKey204Response{}, nil
}

func (s *Server) refuseKey(r request, n identity.NewKey) error {
	_, err := s.Keys.Create(r, r.actor, n)
	return err
}

// ToAPIKey converts a key.
func ToAPIKey(k identity.Key) api.Key {
	return api.Key{
		ID:          k.ID,
		UserID:      k.UserID,
		Name:        k.Name,
		Description: k.Description,
		Prefix:      k.Prefix,
		Scopes:      toAPIScopes(k.Scope),
		CreatedAt:   timestamp.Of(k.CreatedAt),
		Handling:    orNull(api.KeyHandling(k.Handling)),
		AllowedIps:  identity.NetworkTexts(k.AllowedIPs),
		ExpiresAt:   timeOrNull(k.ExpiresAt),
		RevokedAt:   timeOrNull(k.RevokedAt),
		LastUsedAt:  timeOrNull(k.LastUsedAt),
	}
}

// ToAPICreatedKey converts a new key of the user with the e-mail address.
func ToAPICreatedKey(issued identity.IssuedKey, email string) api.CreatedKey {
	k := issued.Key
	return api.CreatedKey{
		Token:       issued.Token,
		ID:          k.ID,
		CompanyID:   k.CompanyID,
		Name:        k.Name,
		Description: k.Description,
		Email:       email,
		Scopes:      toAPIScopes(k.Scope),
		AllowedIps:  identity.NetworkTexts(k.AllowedIPs),
		ExpiresAt:   timeOrNull(k.ExpiresAt),
	}
}

// toAPIScopes lists all that a key may do.
func toAPIScopes(strongest identity.Scope) []api.Scope {
	var scopes []api.Scope
	for _, scope := range identity.Scopes {
		if strongest.Includes(scope) {
			scopes = append(scopes, api.Scope(scope))
		}
	}
	return scopes
}
