package server

import (
	"context"
	"errors"

	"github.com/accountsd/accountsd/gen/apiserver"
)

// This file holds operations that are being written. It is gone before the
// change is done.

var errPending = errors.New("not written yet")

func (s *Server) ListAccounts(context.Context, apiserver.ListAccountsRequestObject) (apiserver.ListAccountsResponseObject, error) {
	return nil, errPending
}

func (s *Server) BatchUpdateAccounts(context.Context, apiserver.BatchUpdateAccountsRequestObject) (apiserver.BatchUpdateAccountsResponseObject, error) {
	return nil, errPending
}

func (s *Server) ListChanges(context.Context, apiserver.ListChangesRequestObject) (apiserver.ListChangesResponseObject, error) {
	return nil, errPending
}

func (s *Server) SearchAccounts(context.Context, apiserver.SearchAccountsRequestObject) (apiserver.SearchAccountsResponseObject, error) {
	return nil, errPending
}

func (s *Server) DeleteAccount(context.Context, apiserver.DeleteAccountRequestObject) (apiserver.DeleteAccountResponseObject, error) {
	return nil, errPending
}

func (s *Server) ListAccountChanges(context.Context, apiserver.ListAccountChangesRequestObject) (apiserver.ListAccountChangesResponseObject, error) {
	return nil, errPending
}
