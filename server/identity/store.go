package identity

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/write"
)

// Store is the part of a store about who may do what.
type Store interface {
	Reader
	write.Transactor[Tx]
}

// Reader reads companies, users and keys.
type Reader interface {
	// Company returns a company by name, without regard to case, or KindNotFound.
	Company(ctx context.Context, name string) (Company, error)

	// User returns a user by email, without regard to case, or KindNotFound.
	User(ctx context.Context, email string) (User, error)

	// Users returns the company's users with ids above after, in the order
	// of ids, at most limit.
	Users(ctx context.Context, companyID, after int64, limit int) ([]User, error)

	// UserByInvitation returns the user with the hash of an invitation, or
	// KindNotFound.
	UserByInvitation(ctx context.Context, hash KeyHash) (User, error)

	// Keys returns the company's keys, or those of one of its users if userID
	// is not 0, with ids above after, in the order of ids, at most limit.
	// Expired and revoked ones are among them. Their hashes are left out.
	Keys(ctx context.Context, companyID, userID, after int64, limit int) ([]Key, error)

	// KeyByHash returns the key with the hash and its user, expired and
	// revoked ones too. KindNotFound if there is none.
	KeyByHash(ctx context.Context, hash KeyHash) (Key, User, error)
}

// Tx writes companies, users and keys.
type Tx interface {
	Reader
	write.Tx

	// InsertCompany adds a company. KindConflict if the name is taken.
	InsertCompany(ctx context.Context, c *Company) error

	// InsertUser adds a user. KindConflict if the email is taken.
	InsertUser(ctx context.Context, u *User) error

	// UpdateUser writes every member of u but its email. KindNotFound if there
	// is no such user.
	UpdateUser(ctx context.Context, u User) error

	// InsertKey adds a key.
	InsertKey(ctx context.Context, k *Key) error

	// RevokeKey notes when a key was revoked, unless it was before. KindNotFound
	// if the company has no such key, or if userID is not 0 and the key is not
	// that user's.
	RevokeKey(ctx context.Context, companyID, userID, id int64, at time.Time) error
}
