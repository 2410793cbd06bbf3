package account

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Limits of keys.
const (
	MaxKeyTitle       = 255
	MaxKeyDescription = 1000
)

// Login returns who has the e-mail address and the password. The actor may do
// all that the user may, without a key. A user who is unknown or has no password
// is the same KindUnauthorized error as a wrong password, in the same time.
func (s *Service) Login(ctx context.Context, email, password string) (Actor, error) {
	user, err := s.store.User(ctx, email)
	if err != nil && KindOf(err) != KindNotFound {
		return Actor{}, fmt.Errorf("find user: %w", err)
	}
	match, err := s.passwords.verify(ctx, password, user.PasswordHash)
	if err != nil {
		return Actor{}, err
	}
	if !match {
		return Actor{}, &Error{Kind: KindUnauthorized, Message: "send a user's e-mail address and password by HTTP Basic authentication"}
	}
	actor := Actor{CompanyID: user.CompanyID, Scope: ScopeWrite, User: user.Ref()}
	if user.Admin {
		actor.Scope = ScopeAdmin
	}
	return actor, nil
}

// NewKey is a key to make.
type NewKey struct {
	Name        string
	Description string
	Scopes      []Scope   // none: all that the actor may
	ExpiresAt   time.Time // zero: never
}

// IssuedKey is a key that was just made.
type IssuedKey struct {
	Key   Key
	Token string // which is kept nowhere else
}

// IssueKey makes a key for the actor's user. Errors: KindInvalid with every
// offence; KindForbidden if it would do more than the actor may.
func (s *Service) IssueKey(ctx context.Context, actor Actor, n NewKey) (IssuedKey, error) {
	key, err := s.checkKey(n, actor.Scope)
	if err != nil {
		return IssuedKey{}, err
	}
	if !actor.Scope.Includes(key.Scope) {
		return IssuedKey{}, &Error{
			Kind:    KindForbidden,
			Message: fmt.Sprintf("a key of this user may have the scopes up to %s; got %s", actor.Scope, key.Scope),
		}
	}
	issued := IssuedKey{Token: NewToken()}
	user := User{ID: actor.User.ID, CompanyID: actor.CompanyID}
	err = s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		issued.Key, err = s.insertKey(ctx, tx, user, issued.Token, key)
		return err
	})
	if err != nil {
		return IssuedKey{}, err
	}
	return issued, nil
}

// checkKey returns the key to be, with the scope all if none is asked for.
func (s *Service) checkKey(n NewKey, all Scope) (Key, error) {
	key := Key{Name: strings.TrimSpace(n.Name), Description: strings.TrimSpace(n.Description), Scope: all}
	var offences fieldErrors
	if wrong := checkText(key.Name, MaxKeyTitle); wrong != "" {
		offences.add([]string{"name"}, "%s", wrong)
	}
	if wrong := checkText(key.Description, MaxKeyDescription); wrong != "" {
		offences.add([]string{"description"}, "%s", wrong)
	}
	if len(n.Scopes) > 0 {
		scope, err := strongest(n.Scopes)
		if err != nil {
			offences.add([]string{"scopes"}, "must be of %s", joined(Scopes))
		}
		key.Scope = scope
	}
	if !n.ExpiresAt.IsZero() {
		key.ExpiresAt = n.ExpiresAt.UTC().Truncate(time.Millisecond)
		if !key.ExpiresAt.After(s.now()) {
			offences.add([]string{"expiresAt"}, "must be in the future; got %s", key.ExpiresAt.Format(time.RFC3339))
		}
	}
	return key, Invalid(offences)
}

// Keys returns a page of the keys of the actor's user, or with ScopeAdmin of the
// company, in the order of ids.
func (s *Service) Keys(ctx context.Context, actor Actor, page Page) ([]Key, error) {
	return listByID(page, func(k Key) int64 { return k.ID }, func(after int64, limit int) ([]Key, error) {
		return s.store.Keys(ctx, actor.CompanyID, keyOwner(actor), after, limit)
	})
}

// RevokeKey ends a key at once. One that is revoked already stays as it is.
// KindNotFound if it is neither the actor's nor, with ScopeAdmin, the company's.
func (s *Service) RevokeKey(ctx context.Context, actor Actor, id int64) error {
	return s.write(ctx, false, func(ctx context.Context, tx Tx) error {
		return tx.RevokeKey(ctx, actor.CompanyID, keyOwner(actor), id, s.now())
	})
}

// keyOwner is the user whose keys the actor sees and revokes; 0 is anyone in the
// company.
func keyOwner(actor Actor) int64 {
	if actor.Scope == ScopeAdmin {
		return 0
	}
	return actor.User.ID
}
