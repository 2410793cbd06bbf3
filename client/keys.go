package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/apiclient"
)

// Keys calls the operations on API keys.
type Keys struct{ c *Client }

// List iterates over the company's keys, or the user's own if the key may not
// see them all. An error is the last item.
func (s *Keys) List(ctx context.Context) iter.Seq2[Key, error] {
	return list(func(ctx context.Context, editors ...apiclient.RequestEditorFn) (*http.Response, error) {
		return s.c.raw.ListKeys(ctx, &api.ListKeysParams{PageSize: pageSize(0)}, editors...)
	}, whole[Key]).all(ctx)
}

// Create makes a key for a user, who proves to be one by the password. The
// client's own key is not sent, and need not be there. The token is in this
// answer only; the call is not sent again after a lost answer, which would leave
// a key that nobody knows.
func (s *Keys) Create(ctx context.Context, email, password string, key KeyCreate) (*CreatedKey, error) {
	if email == "" || password == "" {
		return nil, invalid("making a key takes an e-mail address and a password")
	}
	body, err := write(key)
	if err != nil {
		return nil, err
	}
	return found[CreatedKey](s.c.raw.CreateKeyWithBody(ctx, jsonType, body, func(_ context.Context, req *http.Request) error {
		req.SetBasicAuth(email, password)
		return nil
	}))
}

// Revoke ends a key at once. ErrNotFound if there is none.
func (s *Keys) Revoke(ctx context.Context, id int64) error {
	if err := checkID("key", id); err != nil {
		return err
	}
	return noContent(s.c.raw.RevokeKey(ctx, id))
}
