package server

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// GetAccount answers GET /accounts/{accountId}.
func (s *Server) GetAccount(ctx context.Context, req apiserver.GetAccountRequestObject) (apiserver.GetAccountResponseObject, error) {
	a, err := s.Accounts.Get(ctx, actorOf(ctx), req.AccountID, isTrue(req.Params.IncludeArchived))
	if err != nil {
		return nil, err
	}
	tag := etag(a)
	if isTrue(req.Params.IncludeContacts) {
		tag = contactsTag(a)
	}
	if !noneMatch(req.Params.IfNoneMatch, tag) {
		return apiserver.GetAccount304Response{Headers: apiserver.NotModifiedResponseHeaders{ETag: &tag}}, nil
	}
	body := accountBody(ctx, a)
	if !isTrue(req.Params.IncludeContacts) {
		body.Contacts = nil
	}
	return apiserver.GetAccount200JSONResponse{AccountJSONResponse: apiserver.AccountJSONResponse{
		Body: body, Headers: apiserver.AccountResponseHeaders{ETag: &tag},
	}}, nil
}

// UpdateAccount answers PATCH /accounts/{accountId}.
func (s *Server) UpdateAccount(ctx context.Context, req apiserver.UpdateAccountRequestObject) (apiserver.UpdateAccountResponseObject, error) {
	dryRun := isTrue(req.Params.DryRun)
	answer := func(a account.Account) apiserver.UpdateAccountResponseObject {
		tag, preview := writeHeaders(a, dryRun)
		return apiserver.UpdateAccount200JSONResponse{UpdatedAccountJSONResponse: apiserver.UpdatedAccountJSONResponse{
			Body: accountBody(ctx, a), Headers: apiserver.UpdatedAccountResponseHeaders{ETag: tag, Preview: preview},
		}}
	}
	a, err := s.Accounts.Update(ctx, actorOf(ctx), account.UpdateRequest{
		ID:              req.AccountID,
		Patch:           sentBody[account.Patch](ctx),
		Match:           FromAPIIfMatch(req.Params.IfMatch, req.AccountID),
		AllowNewOptions: isTrue(req.Params.AllowNewOptions),
		Mode:            modeOf(ctx, dryRun, answer, apiserver.UpdateAccountResponseObject.VisitUpdateAccountResponse),
	})
	return answered(answer, a, err)
}

func (s *Server) refuseUpdate(r request, p account.Patch) error {
	_, err := s.Accounts.Update(r, r.actor, account.UpdateRequest{ID: r.id("accountId"), Patch: p, AllowNewOptions: r.flag("allow_new_options")})
	return err
}

// CreateAccount answers POST /accounts.
func (s *Server) CreateAccount(ctx context.Context, req apiserver.CreateAccountRequestObject) (apiserver.CreateAccountResponseObject, error) {
	dryRun := isTrue(req.Params.DryRun)
	answer := func(r account.CreateResult) apiserver.CreateAccountResponseObject {
		return createAnswer(ctx, r, dryRun)
	}
	result, err := s.Accounts.Create(ctx, actorOf(ctx), account.CreateRequest{
		Patch:           sentBody[account.Patch](ctx),
		MatchBy:         account.MatchBy(valueOr(req.Params.MatchBy, api.MatchMemberTitle)),
		Strategy:        account.Strategy(valueOr(req.Params.MatchFoundStrategy, api.MatchStrategySkip)),
		AllowNewOptions: isTrue(req.Params.AllowNewOptions),
		Mode:            modeOf(ctx, dryRun, answer, apiserver.CreateAccountResponseObject.VisitCreateAccountResponse),
	})
	return answered(answer, result, err)
}

func createAnswer(ctx context.Context, result account.CreateResult, dryRun bool) apiserver.CreateAccountResponseObject {
	tag, preview := writeHeaders(result.Account, dryRun)
	body := accountBody(ctx, result.Account)
	if !result.Created {
		return apiserver.CreateAccount200JSONResponse{MatchedAccountJSONResponse: apiserver.MatchedAccountJSONResponse{
			Body: body, Headers: apiserver.MatchedAccountResponseHeaders{ETag: tag, Preview: preview},
		}}
	}
	var location *string
	if !dryRun {
		path := fmt.Sprintf("%s%s/%d", prefixOf(ctx), canonicalPath, result.Account.ID)
		location = &path
	}
	return apiserver.CreateAccount201JSONResponse{CreatedAccountJSONResponse: apiserver.CreatedAccountJSONResponse{
		Body: body, Headers: apiserver.CreatedAccountResponseHeaders{ETag: tag, Location: location, Preview: preview},
	}}
}

func (s *Server) refuseAccount(r request, p account.Patch) error {
	_, err := s.Accounts.Create(r, r.actor, account.CreateRequest{Patch: p, MatchBy: account.MatchNone, AllowNewOptions: r.flag("allow_new_options")})
	return err
}

// DeleteAccount answers DELETE /accounts/{accountId}.
func (s *Server) DeleteAccount(ctx context.Context, req apiserver.DeleteAccountRequestObject) (apiserver.DeleteAccountResponseObject, error) {
	match := FromAPIIfMatch(req.Params.IfMatch, req.AccountID)
	if err := s.Accounts.Delete(ctx, actorOf(ctx), account.DeleteRequest{ID: req.AccountID, Match: match}); err != nil {
		return nil, err
	}
	return apiserver.DeleteAccount204Response{}, nil
}

// BatchUpdateAccounts answers POST /accounts/batch.
func (s *Server) BatchUpdateAccounts(ctx context.Context, req apiserver.BatchUpdateAccountsRequestObject) (apiserver.BatchUpdateAccountsResponseObject, error) {
	dryRun := isTrue(req.Params.DryRun)
	answer := func(accounts []account.Account) apiserver.BatchUpdateAccountsResponseObject {
		var headers apiserver.AccountBatchResultResponseHeaders
		if dryRun {
			headers.Preview = previewed()
		}
		return apiserver.BatchUpdateAccounts200JSONResponse{AccountBatchResultJSONResponse: apiserver.AccountBatchResultJSONResponse{
			Body: api.AccountBatchResult{Accounts: toAPIAccounts(ctx, accounts, true)}, Headers: headers,
		}}
	}
	batch := withMatches(sentBody[account.BatchRequest](ctx))
	batch.AllowNewOptions = isTrue(req.Params.AllowNewOptions)
	batch.Mode = modeOf(ctx, dryRun, answer, apiserver.BatchUpdateAccountsResponseObject.VisitBatchUpdateAccountsResponse)
	accounts, err := s.Accounts.Batch(ctx, actorOf(ctx), batch)
	return answered(answer, accounts, err)
}

func (s *Server) refuseBatch(r request, b account.BatchRequest) error {
	b = withMatches(b)
	b.AllowNewOptions = r.flag("allow_new_options")
	_, err := s.Accounts.Batch(r, r.actor, b)
	return err
}

// withMatches reads the tags of a batch.
func withMatches(b account.BatchRequest) account.BatchRequest {
	for i, u := range b.Updates {
		if u.IfMatch.IsSet() {
			b.Updates[i].Match = FromAPIIfMatch(&u.IfMatch.Value, u.ID)
		}
	}
	return b
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

// valueOr is what a parameter holds, or its default if it was not sent.
func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
