package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// GetAccount answers GET /accounts/{accountId}.
func (s *Server) GetAccount(ctx context.Context, req apiserver.GetAccountRequestObject) (apiserver.GetAccountResponseObject, error) {
	a, err := s.accounts.Get(ctx, actorOf(ctx), req.AccountID, isTrue(req.Params.IncludeArchived))
	if err != nil {
		return nil, err
	}
	tag := etag(a)
	// A contact can change while its accounts do not: only an answer without
	// contacts is known to be current by the account's tag.
	if !isTrue(req.Params.IncludeContacts) && !noneMatch(req.Params.IfNoneMatch, tag) {
		return apiserver.GetAccount304Response{Headers: apiserver.NotModifiedResponseHeaders{ETag: &tag}}, nil
	}
	body := ToAPIAccount(a)
	if !isTrue(req.Params.IncludeContacts) {
		body.Contacts = nil
	}
	return apiserver.GetAccount200JSONResponse{AccountJSONResponse: apiserver.AccountJSONResponse{
		Body: body, Headers: apiserver.AccountResponseHeaders{ETag: &tag},
	}}, nil
}

// UpdateAccount answers PATCH /accounts/{accountId}.
func (s *Server) UpdateAccount(ctx context.Context, req apiserver.UpdateAccountRequestObject) (apiserver.UpdateAccountResponseObject, error) {
	update := FromAPIUpdate(req)
	a, err := s.accounts.Update(ctx, actorOf(ctx), update)
	if err != nil {
		return nil, err
	}
	tag, preview := writeHeaders(a, update.DryRun)
	return apiserver.UpdateAccount200JSONResponse{UpdatedAccountJSONResponse: apiserver.UpdatedAccountJSONResponse{
		Body: ToAPIAccount(a), Headers: apiserver.UpdatedAccountResponseHeaders{ETag: tag, Preview: preview},
	}}, nil
}

// CreateAccount answers POST /accounts.
func (s *Server) CreateAccount(ctx context.Context, req apiserver.CreateAccountRequestObject) (apiserver.CreateAccountResponseObject, error) {
	create := FromAPICreate(req)
	result, err := s.accounts.Create(ctx, actorOf(ctx), create)
	if err != nil {
		return nil, err
	}
	tag, preview := writeHeaders(result.Account, create.DryRun)
	body := ToAPIAccount(result.Account)
	if !result.Created {
		return apiserver.CreateAccount200JSONResponse{MatchedAccountJSONResponse: apiserver.MatchedAccountJSONResponse{
			Body: body, Headers: apiserver.MatchedAccountResponseHeaders{ETag: tag, Preview: preview},
		}}, nil
	}
	var location *string
	if !create.DryRun {
		path := fmt.Sprintf("%s/%d", canonicalPath, result.Account.ID)
		location = &path
	}
	return apiserver.CreateAccount201JSONResponse{CreatedAccountJSONResponse: apiserver.CreatedAccountJSONResponse{
		Body: body, Headers: apiserver.CreatedAccountResponseHeaders{ETag: tag, Location: location, Preview: preview},
	}}, nil
}

// DeleteAccount answers DELETE /accounts/{accountId}.
func (s *Server) DeleteAccount(ctx context.Context, req apiserver.DeleteAccountRequestObject) (apiserver.DeleteAccountResponseObject, error) {
	match := FromAPIIfMatch(req.Params.IfMatch, req.AccountID)
	if err := s.accounts.Delete(ctx, actorOf(ctx), req.AccountID, match); err != nil {
		return nil, err
	}
	return apiserver.DeleteAccount204Response{}, nil
}

// writeHeaders returns the ETag and Preview of a write's answer. What was only
// tried has no tag.
func writeHeaders(a account.Account, dryRun bool) (tag, preview *string) {
	if dryRun {
		return nil, previewed()
	}
	value := etag(a)
	return &value, nil
}

// previewed is the header Preview of a dry run.
func previewed() *string {
	yes := "true"
	return &yes
}

func isTrue(b *bool) bool { return b != nil && *b }

// failBinding answers a request that passed validation and still did not fit
// the generated types. That can be a number such as 1.0 or 1e3, which JSON
// Schema counts as an integer and Go does not.
func (s *Server) failBinding(c *gin.Context, err error) {
	mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		s.fail(c, fmt.Errorf("bind request: %w", err))
		return
	}
	s.fail(c, account.Invalid([]account.FieldError{
		bodyOffence(strings.Split(mismatch.Field, "."), "must be an integer without a fraction or exponent"),
	}))
}
