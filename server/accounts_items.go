package server

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/intake"
)

// BatchItems200Response shows what became of the items of a batch.
type BatchItems200Response struct {
	receipts []api.AccountReceipt
	dryRun   bool
}

// VisitBatchUpdateAccountsResponse sends the answer.
func (a BatchItems200Response) VisitBatchUpdateAccountsResponse(w http.ResponseWriter) error {
	w.Header()["Content-Type"] = jsonContent
	if a.dryRun {
		w.Header().Set(preview[0], preview[1])
	}
	w.WriteHeader(http.StatusOK)
	return json.NewEncoder(w).Encode(api.AccountBatchResult{Accounts: []api.Account{}, Receipts: a.receipts})
}

// batchItems carries out the items of a batch.
func (s *Server) batchItems(ctx context.Context, b intake.BatchRequest, params apiserver.BatchUpdateAccountsRequestObject) (apiserver.BatchUpdateAccountsResponseObject, error) {
	dryRun := isTrue(params.Params.DryRun)
	answer := func(receipts []intake.Receipt) apiserver.BatchUpdateAccountsResponseObject {
		answer := BatchItems200Response{receipts: make([]api.AccountReceipt, len(receipts)), dryRun: dryRun}
		for i, r := range receipts {
			answer.receipts[i] = ToAPIReceipt(i, r)
		}
		return answer
	}
	req := itemsOf(b)
	req.Each = !valueOr(params.Params.Atomic, true)
	req.AllowNewOptions = isTrue(params.Params.AllowNewOptions)
	req.Mode = modeOf(ctx, dryRun, answer, apiserver.BatchUpdateAccountsResponseObject.VisitBatchUpdateAccountsResponse)
	receipts, err := s.Intake.BatchItems(ctx, actorOf(ctx), req)
	return answered(answer, receipts, err)
}

// divided leaves what is wrong with the items of a batch to these, if each is carried out
// for itself. What is more than can be named refuses the request.
func divided(c *gin.Context, b intake.BatchRequest, found fault.Offences) fault.Offences {
	if c.Query("atomic") != "false" || found.IsFull() {
		return found
	}
	return b.Divide(found)
}

// itemsOf are the items of a batch, with their tags read.
func itemsOf(b intake.BatchRequest) intake.ItemsRequest {
	for i, item := range b.Items {
		b.Items[i].Match = matchOf(item.IfMatch, item.ID)
	}
	return intake.ItemsRequest{Items: b.Items, Findings: b.Findings}
}

// ToAPIReceipt converts the receipt of the item with an index.
func ToAPIReceipt(index int, r intake.Receipt) api.AccountReceipt {
	receipt := api.AccountReceipt{Index: index, Status: api.ReceiptStatus(r.Status()), Changed: append([]string{}, r.Changed...)}
	if r.Err != nil {
		p := problemOf(r.Err)
		receipt.Problem = &api.ReceiptProblem{Status: p.status, Code: p.code, Detail: p.detail, Errors: p.fields}
		return receipt
	}
	receipt.ID, receipt.Version = &r.Account.ID, &r.Account.Version
	return receipt
}
