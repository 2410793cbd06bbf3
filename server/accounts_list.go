package server

import (
	"context"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/query"
)

// ListAccounts answers GET /accounts.
func (s *Server) ListAccounts(ctx context.Context, req apiserver.ListAccountsRequestObject) (apiserver.ListAccountsResponseObject, error) {
	p := req.Params
	filter, err := FromAPIListFilters(p).Filter()
	if p.At != nil {
		err = alsoInvalid(err, s.pastListOffences(requestURL(ctx).Query()))
	}
	switch {
	case err != nil:
		return nil, err
	case p.At != nil:
		return s.listPast(ctx, filter, p)
	}
	list, err := s.listAccounts(ctx, filter, isAscending(p.OrderBy, false), listParameters{
		p.PageSize, p.Page, p.Cursor, p.IncludeArchived, p.IncludeContacts, p.IncludeTotal,
	})
	return ListAccounts200Response{list}, err
}

// SearchAccounts answers GET /accounts/search.
func (s *Server) SearchAccounts(ctx context.Context, req apiserver.SearchAccountsRequestObject) (apiserver.SearchAccountsResponseObject, error) {
	p := req.Params
	tests, either := FromAPISearch(p)
	filter, err := s.Accounts.SearchFilter(ctx, actorOf(ctx), tests, either)
	if err != nil {
		return nil, err
	}
	list, err := s.listAccounts(ctx, filter, isAscending(p.OrderBy, true), listParameters{
		p.PageSize, p.Page, p.Cursor, p.IncludeArchived, p.IncludeContacts, p.IncludeTotal,
	})
	return SearchAccounts200Response{list}, err
}

// listParameters are those that all lists of accounts take.
type listParameters struct {
	pageSize                        *int
	page                            *int64
	cursor                          *string
	archived, withContacts, counted *bool
}

// listAccounts answers with one page of a list.
func (s *Server) listAccounts(ctx context.Context, filter query.Filter, ascending bool, p listParameters) (accountsAnswer, error) {
	contacts := isTrue(p.withContacts)
	answer := accountsAnswer{form: accountsForm(ctx, contacts), around: inList}
	page, err := newPaging(orderByTime(ascending), p.pageSize, p.page, p.cursor)
	if err != nil {
		return answer, err
	}
	q := account.Query{Filter: filter, IncludeArchived: isTrue(p.archived), Ascending: ascending, Page: page.Page}
	loaded, err := s.Accounts.ShowList(ctx, actorOf(ctx), q, contacts)
	if err != nil {
		return answer, err
	}
	if isTrue(p.counted) {
		total, err := s.Accounts.Count(ctx, actorOf(ctx), q)
		if err != nil {
			return answer, err
		}
		answer.headers[1] = [2]string{"X-Total-Count", strconv.FormatInt(total, 10)}
	}
	accounts, link := cutPage(ctx, page, loaded, accountPlace)
	answer.headers[0] = [2]string{"Link", *link}
	answer.accounts = accounts
	return answer, nil
}

func accountPlace(a account.Stored) query.Cursor {
	return query.Cursor{UpdatedAt: a.UpdatedAt, ID: a.ID}
}

// isAscending tells whether the earliest comes first; unless the caller says,
// that is the list's own order.
func isAscending[T ~string](sent *T, otherwise bool) bool {
	if sent == nil {
		return otherwise
	}
	return *sent == T(api.OrderLatestFirstAsc)
}

// A queryCheck finds what the spec cannot say of the query of a read, so that
// one answer names every offence.
type queryCheck func(c *gin.Context) error

// queryChecks are those of the operations that have one, by operationId.
func (s *Server) queryChecks() map[string]queryCheck {
	return map[string]queryCheck{
		"getAccount":         s.checkPast,
		"listAccounts":       s.checkList,
		"searchAccounts":     s.checkSearch,
		"listChanges":        checkChanges,
		"listAccountChanges": checkChanges,
		"listDuplicates":     checkDuplicates,
		"listAudit":          checkChanges,
		"listContacts":       checkContacts,
		"listUsers":          checkUsers,
	}
}

func (s *Server) checkList(c *gin.Context) error {
	_, err := account.ListFilters{
		Words:        c.Query("q"),
		Title:        c.Query("title"),
		Address:      c.Query("address"),
		PrimaryName:  c.Query("primaryName"),
		PrimaryEmail: c.Query("primaryEmail"),
		PrimaryPhone: c.Query("primaryPhone"),
	}.Filter()
	return alsoInvalid(err, s.pastListOffences(c.Request.URL.Query()))
}

func (s *Server) checkSearch(c *gin.Context) error {
	test := func(number string) query.Test {
		return query.Test{
			Member:   c.Query("prop" + number),
			Operator: query.Operator(c.Query("op" + number)),
			Value:    c.Query("value" + number),
		}
	}
	ctx := c.Request.Context()
	_, err := s.Accounts.SearchFilter(ctx, actorOf(ctx), [2]query.Test{test("1"), test("2")}, false)
	return err
}

// FromAPIListFilters converts the filters of GET /accounts.
func FromAPIListFilters(params api.ListAccountsParams) account.ListFilters {
	filters := account.ListFilters{
		Words:        valueOf(params.Q),
		Title:        valueOf(params.Title),
		Address:      valueOf(params.Address),
		PrimaryName:  valueOf(params.PrimaryName),
		PrimaryEmail: valueOf(params.PrimaryEmail),
		PrimaryPhone: valueOf(params.PrimaryPhone),
	}
	filters.UpdatedAfter = valueOf(params.UpdatedAfter).Time
	filters.UpdatedBefore = valueOf(params.UpdatedBefore).Time
	return filters
}

// FromAPISearch converts the tests of GET /accounts/search. either tells whether
// one of them is enough.
func FromAPISearch(params api.SearchAccountsParams) (tests [2]query.Test, either bool) {
	tests[0] = query.Test{Member: params.Prop1, Operator: query.Operator(params.Op1), Value: params.Value1}
	tests[1] = query.Test{
		Member:   valueOf(params.Prop2),
		Operator: query.Operator(valueOf(params.Op2)),
		Value:    valueOf(params.Value2),
	}
	return tests, valueOf(params.Logic) == api.SearchLogicOr
}

// valueOf is what a parameter holds; the zero value if it was not sent.
func valueOf[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}
