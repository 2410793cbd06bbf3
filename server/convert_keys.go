package server

import (
	"time"

	"github.com/oapi-codegen/nullable"

	"github.com/accountsd/accountsd/gen/api"
	"github.com/accountsd/accountsd/gen/timestamp"
	"github.com/accountsd/accountsd/server/account"
)

// FromAPINewKey converts a validated POST.
func FromAPINewKey(body api.KeyCreate) account.NewKey {
	key := account.NewKey{Name: body.Name, Description: body.Description}
	for _, scope := range body.Scopes {
		key.Scopes = append(key.Scopes, account.Scope(scope))
	}
	key.ExpiresAt = fromNullable(body.ExpiresAt).Value.Time
	return key
}

// ToAPIKey converts a key.
func ToAPIKey(k account.Key) api.Key {
	return api.Key{
		ID:          k.ID,
		UserID:      k.UserID,
		Name:        k.Name,
		Description: k.Description,
		Prefix:      k.Prefix,
		Scopes:      toAPIScopes(k.Scope),
		CreatedAt:   timestamp.Of(k.CreatedAt),
		ExpiresAt:   timeOrNull(k.ExpiresAt),
		RevokedAt:   timeOrNull(k.RevokedAt),
	}
}

// ToAPICreatedKey converts a new key of the user with the e-mail address.
func ToAPICreatedKey(issued account.IssuedKey, email string) api.CreatedKey {
	k := issued.Key
	return api.CreatedKey{
		Token:       issued.Token,
		ID:          k.ID,
		CompanyID:   k.CompanyID,
		Name:        k.Name,
		Description: k.Description,
		Email:       email,
		Scopes:      toAPIScopes(k.Scope),
		ExpiresAt:   timeOrNull(k.ExpiresAt),
	}
}

// toAPIScopes lists all that a key may do.
func toAPIScopes(strongest account.Scope) []api.Scope {
	var scopes []api.Scope
	for _, scope := range account.Scopes {
		if strongest.Includes(scope) {
			scopes = append(scopes, api.Scope(scope))
		}
	}
	return scopes
}

// timeOrNull is null for the zero time.
func timeOrNull(t time.Time) nullable.Nullable[timestamp.Time] {
	if t.IsZero() {
		return nullable.NewNullNullable[timestamp.Time]()
	}
	return nullable.NewNullableWithValue(timestamp.Of(t))
}
