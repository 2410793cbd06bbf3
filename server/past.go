package server

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/lineage"
	"github.com/accountsd/accountsd/server/query"
)

// The headers of an answer about the past: of which time it is, and of one account, in
// which version it was then.
const (
	atHeader      = "X-At"
	versionHeader = "X-Version"
)

// getPast answers GET /accounts/{accountId} with at.
func (s *Server) getPast(ctx context.Context, req apiserver.GetAccountRequestObject) (apiserver.GetAccountResponseObject, error) {
	moment, err := parseMoment(*req.Params.At)
	if err != nil {
		return nil, err
	}
	was, err := s.Lineage.ShowAt(ctx, actorOf(ctx), req.AccountID, moment, isTrue(req.Params.IncludeArchived))
	if into := fault.MergedInto(err); into != 0 {
		return mergedAccount(ctx, into), nil
	}
	if err != nil {
		return nil, err
	}
	return GetAccount200Response{accountsAnswer{
		headers:  [2][2]string{atTime(was.At), {versionHeader, strconv.FormatInt(was.Version, 10)}},
		accounts: []account.Stored{{Account: was.Account}}, form: accountsForm(ctx, isTrue(req.Params.IncludeContacts)), around: oneAccount,
	}}, nil
}

func atTime(at time.Time) [2]string { return [2]string{atHeader, at.UTC().Format(timestamp.Layout)} }

// parseMoment reads a time or a version.
func parseMoment(sent string) (lineage.Moment, error) {
	if version, err := strconv.ParseInt(sent, 10, 64); err == nil && sent == strconv.FormatInt(version, 10) && version > 0 {
		return lineage.Moment{Version: version}, nil
	}
	at, err := timestamp.Parse(sent)
	if err != nil {
		return lineage.Moment{}, fault.Invalid([]fault.Offence{fault.InParameter("at", "must be a version of the account, such as 7, or %s; got %s%s",
			fault.DateTime, fault.Quote(sent), fault.PlusLost(sent))})
	}
	return lineage.Moment{Time: at}, nil
}

// checkPast finds what is wrong with the at of one account.
func (s *Server) checkPast(c *gin.Context) error {
	sent, ok := c.GetQuery("at")
	if !ok {
		return nil
	}
	moment, err := parseMoment(sent)
	if err != nil {
		return err
	}
	return fault.Invalid(s.Lineage.CheckPast(moment.Time))
}

// listPast answers GET /accounts with at.
func (s *Server) listPast(ctx context.Context, filter query.Filter, p api.ListAccountsParams) (apiserver.ListAccountsResponseObject, error) {
	page, err := newPaging(byID, p.PageSize, nil, p.Cursor)
	if err != nil {
		return nil, err
	}
	q := account.Query{Filter: filter, IncludeArchived: isTrue(p.IncludeArchived), Page: query.Page{Limit: page.size, After: page.After}}
	were, err := s.Lineage.ListAt(ctx, actorOf(ctx), q, p.At.Time)
	if err != nil {
		return nil, err
	}
	url := requestURL(ctx)
	links := []string{linkTo(url, "first", "cursor", "")}
	if were.Next > 0 {
		next := page.cursorAt(query.Cursor{ID: were.Next}, pageAfter)
		links = append([]string{linkTo(url, "next", "cursor", next)}, links...)
	}
	return ListAccounts200Response{accountsAnswer{
		headers:  [2][2]string{{"Link", *linkHeader(ctx, links...)}, atTime(p.At.Time)},
		accounts: convertAll(were.Accounts, func(a account.Account) account.Stored { return account.Stored{Account: a} }),
		form:     accountsForm(ctx, isTrue(p.IncludeContacts)), around: inList,
	}}, nil
}

// pastListOffences are what a list of the past cannot do: it is in one order, and nobody
// has counted it.
func (s *Server) pastListOffences(sent url.Values) fault.Offences {
	at, err := timestamp.Parse(sent.Get("at"))
	if err != nil {
		return nil // There is none, or what is wrong with it is told by the spec.
	}
	var offences fault.Offences
	refuse := func(refused bool, name, words string) {
		if refused {
			offences = append(offences, fault.InParameter(name, "cannot be combined with at; %s", words))
		}
	}
	refuse(sent.Has("order_by"), "order_by", "accounts of the past come in the order of their ids")
	refuse(sent.Has("page") && sent.Get("page") != "1", "page", "follow the Link header to the next page")
	refuse(sent.Get("include_total") == "true", "include_total", "follow the Link header, and count")
	if c, err := parseCursor(sent.Get("cursor")); err == nil && (c.At != nil || c.Side != pageAfter) {
		offences = append(offences, cursorOffence("cursor must be one that a Link header of this list gave; got "+fault.Quote(sent.Get("cursor")))...)
	}
	return append(offences, s.Lineage.CheckPast(at)...)
}

// alsoInvalid adds offences to an error that may be nil, and may have some.
func alsoInvalid(err error, offences fault.Offences) error {
	e, ok := errors.AsType[*fault.Error](err)
	if err != nil && !ok {
		return err
	}
	if ok {
		offences = append(slices.Clip(e.Fields), offences...)
	}
	return fault.Invalid(offences)
}
