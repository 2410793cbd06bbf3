package server

import (
	"context"
	"fmt"
	"strconv"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
)

// ListChanges answers GET /accounts/changes: with a page, or with a stream to who
// prefers that.
func (s *Server) ListChanges(ctx context.Context, req apiserver.ListChangesRequestObject) (apiserver.ListChangesResponseObject, error) {
	after, err := positionOf(req.Params)
	if err != nil {
		return nil, err
	}
	if isStream(requestIn(ctx)) {
		return s.streamChanges(ctx, after)
	}
	size := pageSize(req.Params.PageSize)
	entries, err := s.Accounts.Changes(ctx, actorOf(ctx), after, size+1)
	if wait := waitOf(ctx, req.Params); wait > 0 && err == nil && len(entries) == 0 {
		entries, err = s.awaitChanges(ctx, after, wait, size+1)
	}
	if err != nil {
		return nil, err
	}
	page := changePage(ctx, "after", entries, size)
	return apiserver.ListChanges200JSONResponse{ChangeFeedJSONResponse: apiserver.ChangeFeedJSONResponse{
		Body: page.Body, Headers: apiserver.ChangeFeedResponseHeaders(page.Headers),
	}}, nil
}

// positionOf is the position in the feed that a request goes on from.
func positionOf(params api.ListChangesParams) (int64, error) {
	if valueOf(params.LastEventID) != "" {
		return parseSequence(fault.InHeader, lastEventHeader, params.LastEventID)
	}
	return parseSequence(fault.InQuery, "after", params.After)
}

// ListAccountChanges answers GET /accounts/{accountId}/changes.
func (s *Server) ListAccountChanges(ctx context.Context, req apiserver.ListAccountChangesRequestObject) (apiserver.ListAccountChangesResponseObject, error) {
	before, err := parseSequence(fault.InQuery, "before", req.Params.Before)
	if err != nil {
		return nil, err
	}
	if req.Params.Before != nil {
		before = max(before, 1) // All sequences are above 0, which means the latest.
	}
	size := pageSize(req.Params.PageSize)
	entries, err := s.Accounts.History(ctx, actorOf(ctx), req.AccountID, before, size+1, isTrue(req.Params.IncludeMerged))
	if err != nil {
		return nil, err
	}
	return apiserver.ListAccountChanges200JSONResponse{ChangeListJSONResponse: changePage(ctx, "before", entries, size)}, nil
}

// changePage answers with the first changes, and links to the page that goes on
// from the last of them by the parameter.
func changePage(ctx context.Context, parameter string, entries []account.HistoryEntry, size int) apiserver.ChangeListJSONResponse {
	entries, link := cutAfter(ctx, size, entries, parameter, func(e account.HistoryEntry) string { return formatSequence(e.Sequence) })
	return apiserver.ChangeListJSONResponse{
		Body: api.ChangeList{Changes: convertAll(entries, ToAPIChange)}, Headers: apiserver.ChangeListResponseHeaders{Link: link},
	}
}

// formatSequence writes a sequence so that texts order as numbers do.
func formatSequence(n int64) string { return fmt.Sprintf("%019d", n) }

// sequenceOrAbsent writes a sequence, of which 0 is none.
func sequenceOrAbsent(n int64) *string {
	if n == 0 {
		return nil
	}
	return orAbsent(formatSequence(n))
}

// parseSequence reads a sequence, with any number of zeros ahead; 0 if none was
// sent.
func parseSequence(in fault.Location, parameter string, sent *string) (int64, error) {
	if sent == nil {
		return 0, nil
	}
	n, err := strconv.ParseInt(*sent, 10, 64)
	if err != nil {
		return 0, fault.Invalid([]fault.Offence{{
			In: in, Path: []string{parameter}, Message: parameter + " must " + fault.BeSequence + "; got " + fault.Quote(*sent),
		}})
	}
	return n, nil
}

func checkChanges(c *gin.Context) error {
	for _, parameter := range []string{"after", "before"} {
		if sent, ok := c.GetQuery(parameter); ok {
			if _, err := parseSequence(fault.InQuery, parameter, &sent); err != nil {
				return err
			}
		}
	}
	return nil
}

// ToAPIChange converts an entry of a history.
func ToAPIChange(e account.HistoryEntry) api.Change {
	return api.Change{
		Sequence:  formatSequence(e.Sequence),
		AccountID: e.AccountID,
		Kind:      api.ChangeKind(e.Kind),
		Version:   e.Version,
		At:        timestamp.Of(e.At),
		Actor:     toAPIActor(audit.Actor{UserID: e.UserID, KeyID: e.KeyID, Email: e.Email}),
		Reason:    orAbsent(e.Reason),
		Cause:     toAPICause(e.Cause),
		Fields:    toAPIFields(e.Fields),
	}
}

func toAPICause(c *account.Cause) *api.ChangeCause {
	if c == nil {
		return nil
	}
	cause := &api.ChangeCause{
		Kind: api.CauseKind(c.Kind), Sequence: sequenceOrAbsent(c.Sequence), CreatedBy: orAbsent(c.CreatedBy), Merged: c.Merged, MergedInto: orAbsent(c.MergedInto),
	}
	if c.CreatedAt != nil {
		cause.CreatedAt = new(timestamp.Of(*c.CreatedAt))
	}
	return cause
}

func toAPIFields(changes patch.Changes) map[string]api.FieldChange {
	fields := make(map[string]api.FieldChange, len(changes))
	for member, change := range changes {
		fields[member] = api.FieldChange(change)
	}
	return fields
}
