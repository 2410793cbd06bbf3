package server

import (
	"context"
	"fmt"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
)

// GetAccount answers GET /accounts/{accountId}.
func (s *Server) GetAccount(ctx context.Context, req apiserver.GetAccountRequestObject) (apiserver.GetAccountResponseObject, error) {
	contacts := isTrue(req.Params.IncludeContacts)
	if req.Params.At != nil {
		return s.getPast(ctx, req)
	}
	a, err := s.Accounts.Show(ctx, actorOf(ctx), req.AccountID, isTrue(req.Params.IncludeArchived), contacts)
	if into := fault.MergedInto(err); into != 0 {
		return mergedAccount(ctx, into), nil
	}
	if err != nil {
		return nil, err
	}
	tag, answer := shown(ctx, a, contacts)
	if !noneMatch(req.Params.IfNoneMatch, tag) {
		return apiserver.GetAccount304Response{Headers: apiserver.NotModifiedResponseHeaders{ETag: &tag}}, nil
	}
	return GetAccount200Response{answer}, nil
}

// GetAccountBy answers GET /accounts/by/{keyName}/{value}.
func (s *Server) GetAccountBy(ctx context.Context, req apiserver.GetAccountByRequestObject) (apiserver.GetAccountByResponseObject, error) {
	contacts := isTrue(req.Params.IncludeContacts)
	a, err := s.Intake.ShowBy(ctx, actorOf(ctx), req.KeyName, req.Value, isTrue(req.Params.IncludeArchived), contacts)
	if into := fault.MergedInto(err); into != 0 {
		return apiserver.GetAccountBy301Response(mergedAccount(ctx, into)), nil
	}
	if err != nil {
		return nil, err
	}
	tag, answer := shown(ctx, a, contacts)
	if !noneMatch(req.Params.IfNoneMatch, tag) {
		return apiserver.GetAccountBy304Response{Headers: apiserver.NotModifiedResponseHeaders{ETag: &tag}}, nil
	}
	return GetAccountBy200Response{answer}, nil
}

// shown is the answer to a read of an account, and its tag.
func shown(ctx context.Context, a account.Stored, contacts bool) (tag string, _ accountsAnswer) {
	tag = etag(a.Account)
	if contacts {
		tag = contactsTag(a.Account)
	}
	return tag, accountsAnswer{
		headers:  [2][2]string{{"ETag", tag}},
		accounts: []account.Stored{a}, form: accountsForm(ctx, contacts), around: oneAccount,
	}
}

// UpdateAccount answers PATCH /accounts/{accountId}.
func (s *Server) UpdateAccount(ctx context.Context, req apiserver.UpdateAccountRequestObject) (apiserver.UpdateAccountResponseObject, error) {
	dryRun := isTrue(req.Params.DryRun)
	answer := func(a account.Account) apiserver.UpdateAccountResponseObject {
		return UpdateAccount200Response{written(ctx, a, dryRun)}
	}
	a, err := s.Accounts.Update(ctx, actorOf(ctx), account.UpdateRequest{
		ID:              req.AccountID,
		Patch:           sentBody[account.Patch](ctx),
		Match:           FromAPIIfMatch(req.Params.IfMatch, req.AccountID),
		Merge:           mergeOf(ctx),
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
	answer := func(r intake.CreateResult) apiserver.CreateAccountResponseObject {
		return createAnswer(ctx, r, dryRun)
	}
	result, err := s.Intake.Create(ctx, actorOf(ctx), intake.CreateRequest{
		Patch:           sentBody[account.Patch](ctx),
		MatchBy:         account.MatchBy(valueOr(req.Params.MatchBy, api.MatchMember(account.MatchTitle))),
		Strategy:        intake.Strategy(valueOr(req.Params.MatchFoundStrategy, api.MatchStrategySkip)),
		AllowNewOptions: isTrue(req.Params.AllowNewOptions),
		Mode:            modeOf(ctx, dryRun, answer, apiserver.CreateAccountResponseObject.VisitCreateAccountResponse),
	})
	return answered(answer, result, err)
}

func createAnswer(ctx context.Context, result intake.CreateResult, dryRun bool) apiserver.CreateAccountResponseObject {
	answer := written(ctx, result.Account, dryRun)
	if !result.Created {
		return CreateAccount200Response{answer}
	}
	if !dryRun {
		path := fmt.Sprintf("%s%s/%d", prefixOf(ctx), canonicalPath, result.Account.ID)
		answer.headers[1] = [2]string{"Location", path}
	}
	return CreateAccount201Response{answer}
}

func (s *Server) refuseAccount(r request, p account.Patch) error {
	_, err := s.Intake.Create(r, r.actor, intake.CreateRequest{Patch: p, MatchBy: account.MatchNone, AllowNewOptions: r.flag("allow_new_options")})
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
		answer := accountsAnswer{form: accountsForm(ctx, true), around: inBatch}
		answer.accounts = convertAll(accounts, func(a account.Account) account.Stored { return account.Stored{Account: a} })
		if dryRun {
			answer.headers[0] = preview
		}
		return BatchUpdateAccounts200Response{answer}
	}
	batch := withMatches(sentBody[intake.BatchRequest](ctx))
	if batch.Items != nil {
		return s.batchItems(ctx, batch, req)
	}
	batch.Merge = mergeOf(ctx)
	batch.AllowNewOptions = isTrue(req.Params.AllowNewOptions)
	batch.Mode = modeOf(ctx, dryRun, answer, apiserver.BatchUpdateAccountsResponseObject.VisitBatchUpdateAccountsResponse)
	accounts, err := s.Accounts.Batch(ctx, actorOf(ctx), batch.BatchRequest)
	return answered(answer, accounts, err)
}

func (s *Server) refuseBatch(r request, b intake.BatchRequest) error {
	if b.Items != nil {
		req := itemsOf(b)
		req.AllowNewOptions = r.flag("allow_new_options")
		_, err := s.Intake.BatchItems(r, r.actor, req)
		return err
	}
	b = withMatches(b)
	b.Merge = mergeOf(r)
	b.AllowNewOptions = r.flag("allow_new_options")
	_, err := s.Accounts.Batch(r, r.actor, b.BatchRequest)
	return err
}

// withMatches reads the tags of a batch.
func withMatches(b intake.BatchRequest) intake.BatchRequest {
	for i, u := range b.Updates {
		b.Updates[i].Match = matchOf(u.IfMatch, u.ID)
	}
	return b
}

// written is the answer to a write of an account. What was only tried has no
// tag.
func written(ctx context.Context, a account.Account, dryRun bool) accountsAnswer {
	answer := accountsAnswer{
		headers:  [2][2]string{preview},
		accounts: []account.Stored{{Account: a}}, form: accountsForm(ctx, true), around: oneAccount,
	}
	if !dryRun {
		answer.headers[0] = [2]string{"ETag", etag(a)}
	}
	return answer
}

// preview is the header of a dry run.
var preview = [2]string{"Preview", "true"}

func isTrue(b *bool) bool { return b != nil && *b }

// valueOr is what a parameter holds, or its default if it was not sent.
func valueOr[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}
