package server

import (
	"context"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
)

// SearchAccounts answers GET /accounts/search.
func (s *Server) SearchAccounts(ctx context.Context, req apiserver.SearchAccountsRequestObject) (apiserver.SearchAccountsResponseObject, error) {
	tests, either := FromAPISearch(req.Params)
	filter, err := s.accounts.SearchFilter(ctx, actorOf(ctx), tests, either)
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
			Ascending:       isAscending(req.Params.OrderBy, true),
		},
		contacts: isTrue(req.Params.IncludeContacts),
		total:    isTrue(req.Params.IncludeTotal),
	})
	return apiserver.SearchAccounts200JSONResponse{AccountListJSONResponse: list}, err
}

func (s *Server) checkSearch(c *gin.Context, _ any) error {
	test := func(number string) account.Test {
		return account.Test{
			Member:   c.Query("prop" + number),
			Operator: account.Operator(c.Query("op" + number)),
			Value:    c.Query("value" + number),
		}
	}
	either := c.Query("logic") == string(api.SearchLogicOr)
	_, err := s.accounts.SearchFilter(c.Copy(), actorOf(c), [2]account.Test{test("1"), test("2")}, either)
	return err
}
