package server

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/lineage"
)

// MergeAccounts answers POST /accounts/{accountId}/merge.
func (s *Server) MergeAccounts(ctx context.Context, req apiserver.MergeAccountsRequestObject) (apiserver.MergeAccountsResponseObject, error) {
	dryRun := isTrue(req.Params.DryRun)
	answer := func(a account.Account) apiserver.MergeAccountsResponseObject {
		return MergeAccounts200Response{written(ctx, a, dryRun)}
	}
	merge := withSourceMatches(sentBody[lineage.MergeRequest](ctx))
	merge.ID = req.AccountID
	merge.Match = FromAPIIfMatch(req.Params.IfMatch, req.AccountID)
	merge.Mode = modeOf(ctx, dryRun, answer, apiserver.MergeAccountsResponseObject.VisitMergeAccountsResponse)
	a, err := s.Lineage.Merge(ctx, actorOf(ctx), merge)
	return answered(answer, a, err)
}

func (s *Server) refuseMerge(r request, m lineage.MergeRequest) error {
	m = withSourceMatches(m)
	m.ID = r.id("accountId")
	_, err := s.Lineage.Merge(r, r.actor, m)
	return err
}

// withSourceMatches reads the tags of the accounts to merge.
func withSourceMatches(m lineage.MergeRequest) lineage.MergeRequest {
	for i, source := range m.From {
		m.From[i].Match = matchOf(source.IfMatch, source.ID)
	}
	return m
}

// MergeAccounts200Response shows the account that others were merged into, in place
// of the generated type.
type MergeAccounts200Response struct{ accountsAnswer }

// VisitMergeAccountsResponse sends the answer.
func (a MergeAccounts200Response) VisitMergeAccountsResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// mergedAccount sends the caller who asked for an account to the one that it was
// merged into, under the path that was asked and with its query.
func mergedAccount(ctx context.Context, into int64) apiserver.GetAccount301Response {
	path := canonicalPath
	if isAlias(ctx) {
		path = aliasPath
	}
	location := (&url.URL{Path: fmt.Sprintf("%s%s/%d", prefixOf(ctx), path, into), RawQuery: requestURL(ctx).RawQuery}).String()
	return apiserver.GetAccount301Response{Headers: apiserver.MergedAccountResponseHeaders{Location: &location}}
}
