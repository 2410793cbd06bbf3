package client_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/accountsd/accountsd/client"
	"github.com/accountsd/accountsd/server/servertest"
)

// The answer of one call is at hand as it came, whatever the call makes of it.
func TestKeepResponse(t *testing.T) {
	t.Parallel()
	s := servertest.New(t)
	made := s.Account(t, client.AccountCreate{Title: "Sunrise", Address: []string{"A"}})

	var resp *http.Response
	ctx := client.KeepResponse(t.Context(), &resp)
	account, err := s.Client.Accounts.Get(ctx, made.ID)
	must(t, err)
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	var raw struct{ Title string }
	must(t, json.Unmarshal(body, &raw))
	if resp.StatusCode != http.StatusOK || resp.Header.Get("ETag") != account.ETag || raw.Title != "Sunrise" {
		t.Errorf("%s %v %s", resp.Status, resp.Header, body)
	}

	_, err = s.Client.Accounts.Get(ctx, 99)
	if body, _ := io.ReadAll(resp.Body); !errors.Is(err, client.ErrNotFound) || resp.StatusCode != http.StatusNotFound || !json.Valid(body) {
		t.Errorf("%v: %s %s", err, resp.Status, body)
	}
	for _, err := range s.Client.Users.List(ctx) {
		must(t, err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("X-Request-Id") == "" {
		t.Errorf("a list: %s %v", resp.Status, resp.Header)
	}
	resp = nil
	if _, err := s.Client.Accounts.Get(ctx, 0); err == nil || resp != nil {
		t.Errorf("a call that was not sent: %v %v", err, resp)
	}
}
