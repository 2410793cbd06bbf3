package server

import (
	"context"

	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
)

// ListAudit answers GET /audit.
func (s *Server) ListAudit(ctx context.Context, req apiserver.ListAuditRequestObject) (apiserver.ListAuditResponseObject, error) {
	after, err := parseSequence(fault.InQuery, "after", req.Params.After)
	if err != nil {
		return nil, err
	}
	var action audit.Action
	if req.Params.Action != nil {
		action = audit.Action(*req.Params.Action)
	}
	size := pageSize(req.Params.PageSize)
	entries, err := s.Audit.List(ctx, actorOf(ctx).CompanyID, after, action, size+1)
	if err != nil {
		return nil, err
	}
	var answer apiserver.AuditLogJSONResponse
	if len(entries) > size {
		entries = entries[:size]
		answer.Headers.Link = linkHeader(ctx, linkTo(requestURL(ctx), "next", "after", formatSequence(entries[size-1].Sequence)))
	}
	answer.Body = api.AuditLog{Entries: make([]api.AuditEntry, len(entries))}
	for i, e := range entries {
		answer.Body.Entries[i] = toAPIAuditEntry(e)
	}
	return apiserver.ListAudit200JSONResponse{AuditLogJSONResponse: answer}, nil
}

func toAPIAuditEntry(e audit.Entry) api.AuditEntry {
	return api.AuditEntry{
		Sequence: formatSequence(e.Sequence),
		At:       timestamp.Of(e.At),
		Actor:    toAPIActor(e.By),
		Action:   api.AuditAction(e.Action),
		Subject:  api.AuditSubject{ID: orNull(e.Subject.ID), Name: orNull(e.Subject.Name)},
		Details:  e.Details,
	}
}

func toAPIActor(by audit.Actor) nullable.Nullable[api.Actor] {
	if by == (audit.Actor{}) {
		return nullable.NewNullNullable[api.Actor]()
	}
	return nullable.NewNullableWithValue(api.Actor{UserID: orNull(by.UserID), KeyID: orNull(by.KeyID), Email: orNull(by.Email)})
}
