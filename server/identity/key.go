package identity

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/lenient"
	"github.com/accountsd/accountsd/server/query"
	"github.com/accountsd/accountsd/server/write"
)

// Scope is what a key may do. Each includes the ones before it.
type Scope string

// The scopes, weakest first.
const (
	ScopeRead  Scope = "read"
	ScopeWrite Scope = "write"
	ScopeAdmin Scope = "admin"
)

// Scopes lists every scope, weakest first.
var Scopes = []Scope{ScopeRead, ScopeWrite, ScopeAdmin}

// Key is an API key of a user. Its token is known only to its holder.
type Key struct {
	ID          int64
	CompanyID   int64
	UserID      int64
	Name        string
	Description string
	Prefix      string // the start of the token, to recognise it by
	Hash        KeyHash
	Scope       Scope            // the strongest one granted
	Handling    lenient.Handling // of requests that ask for none; empty: that of the path
	CreatedAt   time.Time
	AllowedIPs  []netip.Prefix // from which it may be used; none: from anywhere
	ExpiresAt   time.Time      // zero: never
	RevokedAt   time.Time      // zero: not revoked
	LastUsedAt  time.Time      // to about a minute; zero: never
}

// KeyHash is the SHA-256 of a key's token.
type KeyHash [32]byte

// Actor is who a request acts for and as.
type Actor struct {
	CompanyID int64
	KeyID     int64
	Scope     Scope
	Handling  lenient.Handling // that of the key
	User      UserRef
	Reason    string // what the caller says it writes for; empty: nothing

	// password is the hash of the password of one who has logged in.
	password string
}

// Limits of keys.
const (
	maxKeyTitle       = 255
	maxKeyDescription = 1000
	maxKeyNetworks    = 20
)

// IssuedKey is a key that was just made.
type IssuedKey struct {
	Key   Key
	Token string // which is kept nowhere else
}

// Create makes a key for the actor's user. Errors: KindInvalid with every
// offence; KindForbidden if it would do more than the actor may;
// KindUnauthorized if the password has changed since the login.
func (s *Keys) Create(ctx context.Context, actor Actor, n NewKey) (IssuedKey, error) {
	key := Key{
		Name: n.Name, Description: n.Description, Scope: actor.Scope, Handling: n.Handling, AllowedIPs: n.AllowedIPs,
		ExpiresAt: n.ExpiresAt.UTC().Truncate(time.Millisecond),
	}
	offences := n.Found
	if !n.ExpiresAt.IsZero() && !key.ExpiresAt.After(s.clock.Now()) {
		offences.Add([]string{"expiresAt"}, "must be in the future; got %s", key.ExpiresAt.Format(time.RFC3339))
	}
	if err := fault.Invalid(offences); err != nil {
		return IssuedKey{}, err
	}
	if len(n.Scopes) > 0 {
		key.Scope = strongest(n.Scopes)
	}
	return s.issue(ctx, actor, actor.User.ID, key, actor.checkLogin)
}

// List returns a page of the keys of the actor's user, or with ScopeAdmin of the
// company, in the order of ids.
func (s *Keys) List(ctx context.Context, actor Actor, page query.Page) ([]Key, error) {
	return query.ListByID(page, func(k Key) int64 { return k.ID }, func(after int64, limit int) ([]Key, error) {
		keys, err := s.store.Keys(ctx, actor.CompanyID, keyOwner(actor), after, limit)
		s.uses.overlay(keys)
		return keys, err
	})
}

// Revoke ends a key at once. One that is revoked already stays as it is.
// Errors: KindNotFound if it is neither the actor's nor, with ScopeAdmin, the
// company's; KindForbidden if it may do more than the actor.
func (s *Keys) Revoke(ctx context.Context, actor Actor, id int64) error {
	return write.Do(ctx, s.store, func(ctx context.Context, tx Tx) error {
		key, err := tx.Key(ctx, actor.CompanyID, id)
		if err != nil {
			return err
		}
		if owner := keyOwner(actor); owner != 0 && owner != key.UserID {
			return fault.NotFound("key")
		}
		if !actor.Scope.Includes(key.Scope) {
			return fault.Errorf(fault.KindForbidden, "a key with the scope %s is revoked by one with that scope; this key has %s", key.Scope, actor.Scope)
		}
		if err := tx.RevokeKey(ctx, actor.CompanyID, id, s.clock.Now()); err != nil || !key.RevokedAt.IsZero() {
			return err
		}
		return audit.Add(ctx, tx, s.entry(actor, audit.KeyRevoked, key.subject(), map[string]any{"userId": key.UserID}))
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
// expired, revoked or of a disabled user is the same KindUnauthorized error. A
// key is random, and found by its hash only while it is valid, so that the time
// of a refusal tells nothing of it. One that is revoked is refused from the next
// request on, whatever process revoked it. A key that may not be used from the
// address is a KindForbidden error: who holds its token knows that it is one.
func (s *Keys) Authenticate(ctx context.Context, token string, from netip.Addr) (Actor, error) {
	now := s.clock.Now()
	holder, err := s.ring.find(ctx, s.store, HashToken(token), now)
	if fault.IsNotFound(err) {
		return Actor{}, fault.Errorf(fault.KindUnauthorized, "send a valid API key in the header x-api-key")
	}
	if err != nil {
		return Actor{}, fmt.Errorf("load key: %w", err)
	}
	if !holder.mayComeFrom(from) {
		return Actor{}, fault.Errorf(fault.KindForbidden, "this key may not be used from the address %s", from)
	}
	s.uses.note(holder.actor, now)
	return holder.actor, nil
}

// Remembers tells whether a key with the token was valid a moment ago, without
// asking the store.
func (s *Keys) Remembers(token string) bool {
	return s.ring.remembers(HashToken(token))
}

// CreateFor makes a key for a user, and returns its token, which is kept
// nowhere else. The key may do what the strongest of the scopes allows. Errors:
// KindInvalid for a scope; KindForbidden for one that the user may not have.
func (s *Keys) CreateFor(ctx context.Context, user User, n NewKey) (string, error) {
	scopes := n.Scopes
	if len(scopes) == 0 {
		return "", fault.Errorf(fault.KindInvalid, "a key needs a scope: %s", fault.Join(Scopes))
	}
	for _, scope := range scopes {
		if !slices.Contains(Scopes, scope) {
			return "", fault.Errorf(fault.KindInvalid, "a scope must be one of %s; got %s", fault.Join(Scopes), fault.Quote(string(scope)))
		}
	}
	key := Key{Name: n.Name, Description: n.Description, Scope: strongest(scopes), Handling: n.Handling, AllowedIPs: n.AllowedIPs, ExpiresAt: n.ExpiresAt}
	issued, err := s.issue(ctx, Actor{CompanyID: user.CompanyID}, user.ID, key, func(User) error { return nil })
	return issued.Token, err
}

// issue makes a key of a user, as the user is now: who was just disabled, is no
// longer an admin or has no longer the password may have logged in before.
func (s *Keys) issue(ctx context.Context, actor Actor, userID int64, key Key, check func(User) error) (IssuedKey, error) {
	return write.Run(ctx, s.store, write.Mode[IssuedKey]{}, func(ctx context.Context, tx Tx) (IssuedKey, error) {
		user, err := tx.User(ctx, actor.CompanyID, userID)
		if err != nil {
			return IssuedKey{}, err
		}
		if user.Disabled() {
			return IssuedKey{}, fault.Errorf(fault.KindForbidden, "this user is disabled")
		}
		if err := check(user); err != nil {
			return IssuedKey{}, err
		}
		if !user.Scope().Includes(key.Scope) {
			return IssuedKey{}, fault.Errorf(fault.KindForbidden, "a key of this user may have the scopes up to %s; got %s", user.Scope(), key.Scope)
		}
		token := NewToken()
		made, err := s.insertKey(ctx, tx, actor, user, token, key)
		return IssuedKey{Key: made, Token: token}, err
	})
}

// insertKey adds a key of the user with the token.
func (s *service) insertKey(ctx context.Context, tx Tx, actor Actor, user User, token string, key Key) (Key, error) {
	key.CompanyID, key.UserID = user.CompanyID, user.ID
	key.Prefix, key.Hash = token[:prefixLength], HashToken(token)
	key.CreatedAt = s.clock.Now()
	if err := tx.InsertKey(ctx, &key); err != nil {
		return key, err
	}
	details := map[string]any{"userId": user.ID, "scope": string(key.Scope)}
	if !key.ExpiresAt.IsZero() {
		details["expiresAt"] = key.ExpiresAt
	}
	if len(key.AllowedIPs) > 0 {
		details["allowedIps"] = NetworkTexts(key.AllowedIPs)
	}
	return key, audit.Add(ctx, tx, s.entry(actor, audit.KeyCreated, key.subject(), details))
}

// subject is the key in the audit log, with what its holder recognises it by.
func (k Key) subject() audit.Subject { return audit.Subject{ID: k.ID, Name: k.Prefix} }

// strongest returns the one of known scopes that includes the others.
func strongest(scopes []Scope) Scope {
	return slices.MaxFunc(scopes, func(a, b Scope) int { return cmp.Compare(slices.Index(Scopes, a), slices.Index(Scopes, b)) })
}

// Includes tells whether a key with the scope may do what needs another.
func (s Scope) Includes(other Scope) bool {
	return slices.Index(Scopes, s) >= slices.Index(Scopes, other)
}
