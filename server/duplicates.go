package server

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
)

// ListDuplicates answers GET /accounts/duplicates.
func (s *Server) ListDuplicates(ctx context.Context, req apiserver.ListDuplicatesRequestObject) (apiserver.ListDuplicatesResponseObject, error) {
	after, err := parseDuplicatesPlace(valueOf(req.Params.After))
	if err != nil {
		return nil, err
	}
	size := pageSize(req.Params.PageSize)
	groups, err := s.Accounts.Duplicates(ctx, actorOf(ctx), account.DuplicatesQuery{
		Reason:          account.DuplicateReason(valueOf(req.Params.Reason)),
		AccountID:       valueOf(req.Params.AccountID),
		IncludeArchived: isTrue(req.Params.IncludeArchived),
		After:           after,
		Limit:           size + 1,
	})
	if err != nil {
		return nil, err
	}
	groups, link := cutAfter(ctx, size, groups, "after", func(d account.Duplicates) string { return formatDuplicatesPlace(d.Place()) })
	return ListDuplicates200Response{form: accountsForm(ctx, false), groups: groups, link: link}, nil
}

// ListDuplicates200Response shows a page of groups, in place of the generated
// type.
type ListDuplicates200Response struct {
	groups []account.Duplicates
	form   accountForm
	link   *string
}

// VisitListDuplicatesResponse sends the answer.
func (a ListDuplicates200Response) VisitListDuplicatesResponse(w http.ResponseWriter) error {
	body := &object{[]byte(`{"groups":[`)}
	for i := range a.groups {
		if i > 0 {
			body.raw(",")
		}
		a.appendGroup(body, &a.groups[i])
	}
	body.raw("]}\n")
	header := w.Header()
	header["Content-Type"] = jsonContent
	if a.link != nil {
		header.Set("Link", *a.link)
	}
	w.WriteHeader(http.StatusOK)
	_, err := w.Write(body.b)
	return err
}

func (a ListDuplicates200Response) appendGroup(w *object, group *account.Duplicates) {
	w.raw("{")
	w.member("reasons").raw("[")
	for i, reason := range group.Reasons {
		if i > 0 {
			w.raw(",")
		}
		w.raw("{")
		w.member("member").text(string(reason))
		w.member("value").text(reason.Value(group.Accounts[0]))
		w.raw("}")
	}
	w.raw("]")
	w.member("count").integer(group.Count)
	w.member("accounts")
	w.b = accountsAnswer{accounts: group.Accounts, form: a.form, around: [2]string{"[", "]"}}.append(w.b)
	w.raw("}")
}

// duplicatesPlace is an account.DuplicatesPlace in a URL: JSON in base64url
// without padding.
type duplicatesPlace struct {
	Member account.DuplicateReason `json:"m"`
	Key    string                  `json:"k"`
}

func formatDuplicatesPlace(p account.DuplicatesPlace) string {
	text, _ := json.Marshal(duplicatesPlace{p.Reason, p.Key}) // It has nothing that could fail.
	return base64.RawURLEncoding.EncodeToString(text)
}

// parseDuplicatesPlace reads what formatDuplicatesPlace wrote, and nothing else;
// the place ahead of all groups if nothing was sent.
func parseDuplicatesPlace(sent string) (account.DuplicatesPlace, error) {
	if sent == "" {
		return account.DuplicatesPlace{}, nil
	}
	var p duplicatesPlace
	text, err := base64.RawURLEncoding.DecodeString(sent)
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	place := account.DuplicatesPlace{Reason: p.Member, Key: p.Key}
	if err != nil || !slices.Contains(account.DuplicateReasons, p.Member) || strings.ContainsRune(p.Key, 0) || formatDuplicatesPlace(place) != sent {
		return account.DuplicatesPlace{}, fault.Invalid([]fault.Offence{
			fault.InParameter("after", "must be a place that a Link header gave; got %s", fault.Quote(sent)),
		})
	}
	return place, nil
}

func checkDuplicates(c *gin.Context) error {
	_, err := parseDuplicatesPlace(c.Query("after"))
	return err
}
