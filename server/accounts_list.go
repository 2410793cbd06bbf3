package server

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// ListAccounts answers GET /accounts.
func (s *Server) ListAccounts(ctx context.Context, req apiserver.ListAccountsRequestObject) (apiserver.ListAccountsResponseObject, error) {
	filter, err := FromAPIListFilters(req.Params).Filter()
	if err != nil {
		return nil, err
	}
	page, err := newPaging(byTime, req.Params.PageSize, req.Params.Page, req.Params.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := s.listAccounts(ctx, page, accountList{
		AccountQuery: account.AccountQuery{
			Filter:          filter,
			IncludeArchived: isTrue(req.Params.IncludeArchived),
			Ascending:       isAscending(req.Params.OrderBy, false),
		},
		contacts: isTrue(req.Params.IncludeContacts),
		total:    isTrue(req.Params.IncludeTotal),
	})
	return apiserver.ListAccounts200JSONResponse{AccountListJSONResponse: list}, err
}

// accountList is a list of accounts that a request asks for.
type accountList struct {
	account.AccountQuery
	contacts bool // whether they are shown
	total    bool // whether all are counted
}

// listAccounts answers with one page of a list.
func (s *Server) listAccounts(ctx context.Context, p paging, list accountList) (apiserver.AccountListJSONResponse, error) {
	var answer apiserver.AccountListJSONResponse
	list.Page = p.Page
	loaded, err := s.accounts.List(ctx, actorOf(ctx), list.AccountQuery)
	if err != nil {
		return answer, err
	}
	if list.total {
		total, err := s.accounts.Count(ctx, actorOf(ctx), list.AccountQuery)
		if err != nil {
			return answer, err
		}
		answer.Headers.XTotalCount = &total
	}
	accounts, link := cutPage(ctx, p, loaded, accountPlace)
	answer.Headers.Link = link
	answer.Body = ToAPIAccounts(accounts, list.contacts)
	return answer, nil
}

func accountPlace(a account.Account) account.Cursor {
	return account.Cursor{UpdatedAt: a.UpdatedAt, ID: a.ID}
}

// isAscending tells whether the earliest comes first; unless the caller says,
// that is the list's own order.
func isAscending[T ~string](sent *T, otherwise bool) bool {
	if sent == nil {
		return otherwise
	}
	return *sent == T(api.OrderLatestFirstAsc)
}

func (s *Server) checkList(c *gin.Context, _ any) error {
	_, err := account.ListFilters{
		Words:        c.Query("q"),
		Title:        c.Query("title"),
		Address:      c.Query("address"),
		PrimaryName:  c.Query("primaryName"),
		PrimaryEmail: c.Query("primaryEmail"),
		PrimaryPhone: c.Query("primaryPhone"),
	}.Filter()
	return err
}
