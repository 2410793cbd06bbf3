package client

import (
	"context"
	"iter"
	"net/http"

	"github.com/accountsd/accountsd/gen/api"
)

// Keys calls the operations on API keys.
type Keys struct{ c *Client }

// List iterates over the company's keys, or the user's own if the key may not
// see them all. An error is the last item.
func (s *Keys) List(ctx context.Context) iter.Seq2[Key, error] {
	return list(s.c.raw.ListKeys, &api.ListKeysParams{PageSize: new(maxPageSize)}, whole[Key]).all(ctx)
}

// Create makes a key for a user, who proves to be one by the password. The
// client's own key is not sent, and need not be there. The token is in this
// answer only; the call is not sent again after a lost answer, which would leave
// a key that nobody knows.
func (s *Keys) Create(ctx context.Context, email, password string, key KeyCreate) (*CreatedKey, error) {
	return s.CreateAs(ctx, Login{Email: email, Password: password}, key)
}

// CreateAs is Create for one who may be a user of several companies.
func (s *Keys) CreateAs(ctx context.Context, login Login, key KeyCreate) (*CreatedKey, error) {
	return answer[CreatedKey](s.c.raw.CreateKey(ctx, &api.CreateKeyParams{CompanyID: optional(login.CompanyID)}, key, login.authenticate))
}

// Revoke ends a key at once. ErrNotFound if there is none.
func (s *Keys) Revoke(ctx context.Context, id int64) error {
	return noContent(s.c.raw.RevokeKey(ctx, id, nil, checkIDs("key", id)))
}

// Login is what proves who a user is without a key.
type Login struct {
	Email, Password string
	CompanyID       int64 // whose user it is; 0: the only one with the address and the password
}

// authenticate puts the login into a request, in place of the client's key.
func (l Login) authenticate(_ context.Context, req *http.Request) error {
	if l.Email == "" || l.Password == "" {
		return invalid("a login takes an e-mail address and a password")
	}
	req.SetBasicAuth(l.Email, l.Password)
	return nil
}
