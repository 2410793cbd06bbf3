package account

import "time"

// Company owns users, keys, accounts, contacts and properties. Nothing of one
// company is visible to another.
type Company struct {
	ID        int64
	Name      string // unique without regard to case
	CreatedAt time.Time
}

// User is a person who acts for a company.
type User struct {
	ID           int64
	CompanyID    int64
	Email        string // lower case, unique in the store
	FirstName    string
	LastName     string
	PasswordHash string // PHC string; empty: no password login
	Admin        bool
	CreatedAt    time.Time

	// Invitation is the hash of the token with which the user may set a first
	// password until InvitedUntil; zero once that was done.
	Invitation   KeyHash
	InvitedUntil time.Time
}

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
	Scope       Scope // the strongest one granted
	CreatedAt   time.Time
	ExpiresAt   time.Time // zero: never
	RevokedAt   time.Time // zero: not revoked
}

// KeyHash is the SHA-256 of a key's token.
type KeyHash [32]byte

// Actor is who a request acts for and as.
type Actor struct {
	CompanyID int64
	KeyID     int64
	Scope     Scope
	User      UserRef
}
