package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/oapi-codegen/runtime"

	"github.com/accountsd/accountsd/gen/api"
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

// writeHeaders returns the ETag and Preview of a write's answer. What was only
// tried has no tag.
func writeHeaders(a account.Account, dryRun bool) (tag, preview *string) {
	if dryRun {
		yes := "true"
		return nil, &yes
	}
	value := etag(a)
	return &value, nil
}

func isTrue(b *bool) bool { return b != nil && *b }

// check is an operation's handler on a dry run: it returns what is wrong with a
// body, and never writes.
type check func(c *gin.Context, body any) error

func (s *Server) checkUpdate(c *gin.Context, body any) error {
	var req apiserver.UpdateAccountRequestObject
	req.JSONBody = &api.AccountPatch{}
	err := errors.Join(
		runtime.BindJSONValue(body, req.JSONBody),
		runtime.BindStringToObject(c.Param("accountId"), &req.AccountID))
	if err != nil {
		return err
	}
	dryRun, newOptions := true, c.Query("allow_new_options") == "true"
	req.Params = api.UpdateAccountParams{DryRun: &dryRun, AllowNewOptions: &newOptions}
	_, err = s.UpdateAccount(c.Copy(), req)
	return err
}

func (s *Server) checkCreate(c *gin.Context, body any) error {
	var req apiserver.CreateAccountRequestObject
	req.Body = &api.AccountCreate{}
	if err := runtime.BindJSONValue(body, req.Body); err != nil {
		return err
	}
	dryRun, newOptions, matchBy := true, c.Query("allow_new_options") == "true", api.MatchMemberNone
	req.Params = api.CreateAccountParams{DryRun: &dryRun, AllowNewOptions: &newOptions, MatchBy: &matchBy}
	_, err := s.CreateAccount(c.Copy(), req)
	return err
}

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
		bodyOffence(strings.Split(mismatch.Field, "."), "must be an integer without fraction and exponent"),
	}))
}
