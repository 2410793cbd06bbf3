package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"slices"
)

// tokenPrefix starts every token, so that a leaked one can be recognised.
const tokenPrefix = "acc_"

// prefixLength is how much of a token is stored readable.
const prefixLength = len(tokenPrefix) + 6

// NewToken returns a new key's token: acc_ and 256 random bits in base64url.
func NewToken() string { return newSecret(tokenPrefix) }

// newSecret returns 256 random bits in base64url behind a prefix.
func newSecret(prefix string) string {
	var secret [32]byte
	rand.Read(secret[:]) // It never fails: see crypto/rand.
	return prefix + base64.RawURLEncoding.EncodeToString(secret[:])
}

// HashToken returns what is stored of a token. A token has so much randomness
// that a fast hash is as good as a slow one.
func HashToken(token string) KeyHash { return sha256.Sum256([]byte(token)) }

// Authenticate returns who holds the token. A token that is missing, unknown,
// expired or revoked is the same KindUnauthorized error. The time that it takes
// tells at most whether there is such a key, and only to one who has the token:
// what is looked up is a hash of 256 random bits.
func (s *Service) Authenticate(ctx context.Context, token string) (Actor, error) {
	hash := HashToken(token)
	key, user, err := s.store.KeyByHash(ctx, hash)
	if err != nil && KindOf(err) != KindNotFound {
		return Actor{}, fmt.Errorf("load key: %w", err)
	}
	now := s.now()
	valid := err == nil && subtle.ConstantTimeCompare(key.Hash[:], hash[:]) == 1 &&
		key.RevokedAt.IsZero() && (key.ExpiresAt.IsZero() || now.Before(key.ExpiresAt))
	if !valid {
		return Actor{}, &Error{Kind: KindUnauthorized, Message: "send a valid API key in the header x-api-key"}
	}
	return Actor{
		CompanyID: key.CompanyID,
		KeyID:     key.ID,
		Scope:     key.Scope,
		User:      user.Ref(),
	}, nil
}

// Ref names the user.
func (u User) Ref() UserRef {
	return UserRef{ID: u.ID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email}
}

// CreateKey makes a key for the user with the e-mail address, and returns its
// token, which is kept nowhere else. The key may do what the strongest of the
// scopes allows. Errors: KindNotFound for the user, KindInvalid for a scope.
func (s *Service) CreateKey(ctx context.Context, email, name string, scopes []Scope) (string, error) {
	scope, err := strongest(scopes)
	if err != nil {
		return "", err
	}
	token := NewToken()
	err = s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		user, err := tx.User(ctx, email)
		if err != nil {
			return err
		}
		_, err = s.insertKey(ctx, tx, user, token, Key{Name: name, Scope: scope})
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// insertKey adds a key of the user with the token.
func (s *Service) insertKey(ctx context.Context, tx Tx, user User, token string, key Key) (Key, error) {
	key.CompanyID, key.UserID = user.CompanyID, user.ID
	key.Prefix, key.Hash = token[:prefixLength], HashToken(token)
	key.CreatedAt = s.now()
	err := tx.InsertKey(ctx, &key)
	return key, err
}

func strongest(scopes []Scope) (Scope, error) {
	rank := -1
	for _, scope := range scopes {
		found := slices.Index(Scopes, scope)
		if found < 0 {
			return "", &Error{
				Kind:    KindInvalid,
				Message: fmt.Sprintf("a scope must be one of %s; got %s", joined(Scopes), Quote(string(scope))),
			}
		}
		rank = max(rank, found)
	}
	if rank < 0 {
		return "", &Error{Kind: KindInvalid, Message: "a key needs a scope: " + joined(Scopes)}
	}
	return Scopes[rank], nil
}

// Includes tells whether a key with the scope may do what needs another.
func (s Scope) Includes(other Scope) bool {
	return slices.Index(Scopes, s) >= slices.Index(Scopes, other)
}
