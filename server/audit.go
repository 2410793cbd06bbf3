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
	size := pageSize(req.Params.PageSize)
	entries, err := s.Audit.List(ctx, actorOf(ctx).CompanyID, after, audit.Action(valueOf(req.Params.Action)), size+1)
	if err != nil {
		return nil, err
	}
	entries, link := cutAfter(ctx, size, entries, "after", func(e audit.Entry) string { return formatSequence(e.Sequence) })
	return apiserver.ListAudit200JSONResponse{AuditLogJSONResponse: apiserver.AuditLogJSONResponse{
		Body: api.AuditLog{Entries: convertAll(entries, toAPIAuditEntry)}, Headers: apiserver.AuditLogResponseHeaders{Link: link},
	}}, nil
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
