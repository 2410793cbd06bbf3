package client_test

import (
	"errors"
	"testing"

	"github.com/accountsd/accountsd/client"
)

func TestErrorTellsAll(t *testing.T) {
	t.Parallel()
	body := `{"type":"about:blank","title":"Bad Request","status":400,"detail":"title must not be blank","message":"title must not be blank","code":"VALIDATION_ERROR","field":"title",
"errors":[{"field":"title","pointer":"/title","in":"body","code":"VALIDATION_ERROR","message":"title must not be blank"},
{"field":"custom.roof_typ","pointer":"/custom/roof_typ","in":"body","code":"VALIDATION_ERROR","message":"custom.roof_typ is not a property"}],"instance":"/v1/accounts/42","requestId":"req-1"}`
	_, err := serve(t, reply(400, body)).client(t).Accounts.Update(t.Context(), 42, client.AccountPatch{Title: client.Set(" ")})
	e, ok := errors.AsType[*client.Error](err)
	if !ok || e.Status != 400 || e.Code != "VALIDATION_ERROR" || e.Message != "title must not be blank" || e.RequestID != "req-1" || string(e.Body) != body {
		t.Fatalf("%+v", e)
	}
	if len(e.Fields) != 2 || *e.Fields[1].Pointer != "/custom/roof_typ" {
		t.Errorf("fields %+v", e.Fields)
	}
	if want := "accounts: PATCH /v1/accounts/42: 400 VALIDATION_ERROR: title must not be blank; custom.roof_typ is not a property (request req-1)"; err.Error() != want {
		t.Errorf("%s", err)
	}
}

func TestErrorKinds(t *testing.T) {
	t.Parallel()
	kinds := []error{client.ErrInvalid, client.ErrUnauthorized, client.ErrForbidden, client.ErrNotFound, client.ErrConflict, client.ErrPrecondition,
		client.ErrRateLimited, client.ErrUnavailable, client.ErrNotModified, client.ErrUnexpected}
	for status, want := range map[int]error{
		304: client.ErrNotModified, 400: client.ErrInvalid, 401: client.ErrUnauthorized, 403: client.ErrForbidden, 404: client.ErrNotFound, 405: nil, 409: client.ErrConflict, 410: nil,
		412: client.ErrPrecondition, 413: client.ErrInvalid, 415: client.ErrInvalid, 429: client.ErrRateLimited, 500: nil, 502: client.ErrUnavailable, 503: client.ErrUnavailable, 504: client.ErrUnavailable,
	} {
		answer := problem(status, "CODE")
		if status == 304 {
			answer = reply(304, "")
		}
		_, err := serve(t, answer).client(t, client.WithRetries(0)).Accounts.Get(t.Context(), 42)
		e, ok := errors.AsType[*client.Error](err)
		if !ok || e.Status != status {
			t.Fatalf("%d: %v", status, err)
		}
		for _, kind := range kinds {
			if errors.Is(err, kind) != (kind == want) {
				t.Errorf("%d: is %v: %v", status, kind, errors.Is(err, kind))
			}
		}
	}
}
