package server

import (
	"context"

	"github.com/gin-gonic/gin"
	"github.com/oapi-codegen/runtime"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiserver"
)

// BatchUpdateAccounts answers POST /accounts/batch.
func (s *Server) BatchUpdateAccounts(ctx context.Context, req apiserver.BatchUpdateAccountsRequestObject) (apiserver.BatchUpdateAccountsResponseObject, error) {
	batch := FromAPIBatch(req)
	accounts, err := s.accounts.UpdateBatch(ctx, actorOf(ctx), batch)
	if err != nil {
		return nil, err
	}
	var headers apiserver.AccountBatchResultResponseHeaders
	if batch.DryRun {
		headers.Preview = previewed()
	}
	return apiserver.BatchUpdateAccounts200JSONResponse{AccountBatchResultJSONResponse: apiserver.AccountBatchResultJSONResponse{
		Body: api.AccountBatchResult{Accounts: ToAPIAccounts(accounts, true)}, Headers: headers,
	}}, nil
}

func (s *Server) checkBatch(c *gin.Context, body any) error {
	var req apiserver.BatchUpdateAccountsRequestObject
	req.Body = &api.AccountBatch{}
	if err := runtime.BindJSONValue(body, req.Body); err != nil {
		return err
	}
	dryRun, newOptions := true, c.Query("allow_new_options") == "true"
	req.Params = api.BatchUpdateAccountsParams{DryRun: &dryRun, AllowNewOptions: &newOptions}
	_, err := s.BatchUpdateAccounts(c.Copy(), req)
	return err
}
