package server

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/lineage"
)

// RevertAccountChange answers POST /accounts/{accountId}/changes/{sequence}/revert.
func (s *Server) RevertAccountChange(ctx context.Context, req apiserver.RevertAccountChangeRequestObject) (apiserver.RevertAccountChangeResponseObject, error) {
	sequence, err := strconv.ParseInt(req.Sequence, 10, 64)
	if err != nil {
		sequence = 0 // No change has one so large.
	}
	dryRun := isTrue(req.Params.DryRun)
	answer := func(r lineage.Reverted) apiserver.RevertAccountChangeResponseObject {
		return RevertAccountChange200Response{reverted(ctx, r, dryRun)}
	}
	result, err := s.Lineage.Revert(ctx, actorOf(ctx), lineage.RevertRequest{
		ID:       req.AccountID,
		Sequence: sequence,
		Match:    FromAPIIfMatch(req.Params.IfMatch, req.AccountID),
		Partial:  mergeOf(ctx) != account.NoMerge,
		Mode:     modeOf(ctx, dryRun, answer, apiserver.RevertAccountChangeResponseObject.VisitRevertAccountChangeResponse),
	})
	return answered(answer, result, err)
}

// UndeleteAccount answers POST /accounts/{accountId}/undelete.
func (s *Server) UndeleteAccount(ctx context.Context, req apiserver.UndeleteAccountRequestObject) (apiserver.UndeleteAccountResponseObject, error) {
	dryRun := isTrue(req.Params.DryRun)
	answer := func(r lineage.Reverted) apiserver.UndeleteAccountResponseObject {
		return UndeleteAccount200Response{reverted(ctx, r, dryRun)}
	}
	result, err := s.Lineage.Undelete(ctx, actorOf(ctx), lineage.UndeleteRequest{
		ID:   req.AccountID,
		Mode: modeOf(ctx, dryRun, answer, apiserver.UndeleteAccountResponseObject.VisitUndeleteAccountResponse),
	})
	return answered(answer, result, err)
}

// The successful answers, in place of the generated types.
type (
	// RevertAccountChange200Response shows an account of which a change was taken back.
	RevertAccountChange200Response struct{ accountsAnswer }
	// UndeleteAccount200Response shows an account that is there again.
	UndeleteAccount200Response struct{ accountsAnswer }
)

// VisitRevertAccountChangeResponse sends the answer.
func (a RevertAccountChange200Response) VisitRevertAccountChangeResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// VisitUndeleteAccountResponse sends the answer.
func (a UndeleteAccount200Response) VisitUndeleteAccountResponse(w http.ResponseWriter) error {
	return a.send(w, http.StatusOK)
}

// reverted is the answer to a revert or an undelete: what written has, and around the
// account what became of its members.
func reverted(ctx context.Context, r lineage.Reverted, dryRun bool) accountsAnswer {
	answer := written(ctx, r.Account, dryRun)
	// Lists of texts always have a JSON form.
	members, _ := json.Marshal(append([]string{}, r.Members...))
	leftOut, _ := json.Marshal(convertAll(r.LeftOut, func(l lineage.LeftOut) api.LeftOutMember { return api.LeftOutMember(l) }))
	answer.around = [2]string{`{"account":`, `,"members":` + string(members) + `,"leftOut":` + string(leftOut) + "}\n"}
	return answer
}
