package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/query"
)

// UpdateAccounts answers PATCH /accounts.
func (s *Server) UpdateAccounts(ctx context.Context, req apiserver.UpdateAccountsRequestObject) (apiserver.UpdateAccountsResponseObject, error) {
	filter, err := s.selection(ctx, req.Params)
	if err != nil {
		return nil, err
	}
	dryRun := valueOr(req.Params.DryRun, true)
	answer := func(r account.SelectionResult) apiserver.UpdateAccountsResponseObject {
		return selectionAnswer(r, dryRun)
	}
	result, err := s.Accounts.UpdateSelection(ctx, actorOf(ctx), account.SelectionRequest{
		Filter:          filter,
		IncludeArchived: isTrue(req.Params.IncludeArchived),
		MaxAffected:     req.Params.MaxAffected,
		Patch:           sentBody[account.Patch](ctx),
		AllowNewOptions: isTrue(req.Params.AllowNewOptions),
		Expects:         expecting(req.Params.IfMatch),
		Mode:            modeOf(ctx, dryRun, answer, apiserver.UpdateAccountsResponseObject.VisitUpdateAccountsResponse),
	})
	return answered(answer, result, err)
}

// selection is the filter of all parameters that select accounts.
func (s *Server) selection(ctx context.Context, p api.UpdateAccountsParams) (query.Filter, error) {
	var parts api.ListAccountsParams
	parts.Q, parts.Title, parts.Address = p.Q, p.Title, p.Address
	parts.PrimaryName, parts.PrimaryEmail, parts.PrimaryPhone = p.PrimaryName, p.PrimaryEmail, p.PrimaryPhone
	parts.UpdatedAfter, parts.UpdatedBefore = p.UpdatedAfter, p.UpdatedBefore
	list, err := FromAPIListFilters(parts).Filter()
	if err != nil {
		return list, err
	}
	var sent api.SearchAccountsParams
	sent.Prop1, sent.Op1, sent.Value1 = valueOf(p.Prop1), valueOf(p.Op1), valueOf(p.Value1)
	sent.Prop2, sent.Op2, sent.Value2, sent.Logic = p.Prop2, p.Op2, p.Value2, p.Logic
	tests, either := FromAPISearch(sent)
	if tests == [2]query.Test{} {
		return list, checkSelects(len(list.Conditions) > 0)
	}
	search, err := s.Accounts.SearchFilter(ctx, actorOf(ctx), tests, either)
	if err != nil {
		return search, err
	}
	return bothFilters(list, search)
}

// bothFilters is a filter that passes what two others pass. One that either of two
// tests passes cannot be part of another.
func bothFilters(list, search query.Filter) (query.Filter, error) {
	switch {
	case len(list.Conditions) == 0:
		return search, nil
	case search.Any && len(search.Conditions) > 1:
		return search, fault.Invalid(fault.Offences{fault.InParameter("logic", "must be and where there are filters beside the two tests")})
	}
	return query.Filter{Conditions: slices.Concat(list.Conditions, search.Conditions)}, nil
}

// checkSelects refuses a request that would write all accounts.
func checkSelects(hasFilter bool) error {
	if hasFilter {
		return nil
	}
	return fault.Invalid(fault.Offences{{
		In: fault.InQuery, Path: []string{"query"}, Message: "the query must have a filter, such as q, title, or prop1 with op1 and value1",
	}})
}

// refuseSelection finds what else is wrong with a request that is refused: what only
// the store can tell of its body, and its filters.
func (s *Server) refuseSelection(r request, p account.Patch) error {
	var found fault.Offences
	if e, ok := errors.AsType[*fault.Error](s.Accounts.CheckForMany(r, r.actor, p, r.flag("allow_new_options"))); ok {
		found = e.Fields
	}
	for _, check := range []queryCheck{s.checkList, s.checkTests, checkHasFilter} {
		if e, ok := errors.AsType[*fault.Error](check(r.c)); ok {
			found = append(found, e.Fields...)
		}
	}
	return fault.Invalid(found)
}

// checkTests is checkSearch of a request that need not have a test.
func (s *Server) checkTests(c *gin.Context) error {
	if !hasAny(c, testParameters...) {
		return nil
	}
	return s.checkSearch(c)
}

// The parameters that select accounts, by tests of members and otherwise.
var (
	testParameters   = []string{"prop1", "op1", "value1", "prop2", "op2", "value2"}
	filterParameters = []string{"q", "title", "address", "primaryName", "primaryEmail", "primaryPhone", "updated_after", "updated_before"}
)

func checkHasFilter(c *gin.Context) error {
	return checkSelects(hasAny(c, testParameters...) || hasAny(c, filterParameters...))
}

// hasAny tells whether the query has one of the parameters.
func hasAny(c *gin.Context, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return c.Query(name) != "" })
}

// selectionAnswer is the answer of what was written, or with the tag of what would
// be.
func selectionAnswer(r account.SelectionResult, dryRun bool) apiserver.UpdateAccountsResponseObject {
	var answer apiserver.AccountSelectionResultJSONResponse
	answer.Body = api.AccountSelectionResult{Matched: r.Matched, Accounts: convertAll(r.Changed, ToAPIDifference)}
	if dryRun {
		tag := selectionTag(r)
		answer.Headers.ETag, answer.Headers.Preview = &tag, &preview[1]
	}
	return apiserver.UpdateAccounts200JSONResponse{AccountSelectionResultJSONResponse: answer}
}

// ToAPIDifference converts what a patch has made of an account.
func ToAPIDifference(d account.Difference) api.AccountDifference {
	return api.AccountDifference{ID: d.Account.ID, Title: d.Account.Title, Version: d.Account.Version, Fields: toAPIFields(d.Changes)}
}

// selectionTag stands for what changes, of which versions of which accounts.
func selectionTag(r account.SelectionResult) string {
	hash := sha256.New()
	for _, d := range r.Changed {
		text, _ := d.Changes.Append(nil) // They are values of accounts, which can be written.
		fmt.Fprintf(hash, "%d %d %s\n", d.Account.ID, d.Account.Version, text)
	}
	return fmt.Sprintf(`"%x"`, hash.Sum(nil)[:16])
}

// expecting tells of a result whether If-Match names its tag; nil if it was not
// sent.
func expecting(header *string) func(account.SelectionResult) bool {
	if header == nil || strings.TrimSpace(*header) == "*" {
		return nil
	}
	return func(r account.SelectionResult) bool { return hasTag(*header, selectionTag(r)) }
}
