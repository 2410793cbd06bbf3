package identity

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/audit"
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

	// Companies returns all companies, in the order of ids.
	Companies(ctx context.Context) ([]Company, error)

	// User returns a user of the company, or KindNotFound.
	User(ctx context.Context, companyID, id int64) (User, error)

	// UsersByEmail returns the users of all companies with an email, compared by
	// normal.EmailKey, in the order of ids.
	UsersByEmail(ctx context.Context, email string) ([]User, error)

	// Users returns the company's users that the filter picks, with ids above
	// after, in the order of ids, at most limit.
	Users(ctx context.Context, companyID int64, f UserFilter, after int64, limit int) ([]User, error)

	// CountAdmins counts the company's users for whom User.ActsAsAdmin is true.
	CountAdmins(ctx context.Context, companyID int64) (int, error)

	// UserByInvitation returns the user with the hash of an invitation, or
	// KindNotFound.
	UserByInvitation(ctx context.Context, hash KeyHash) (User, error)

	// Key returns a key of the company as Keys does, or KindNotFound.
	Key(ctx context.Context, companyID, id int64) (Key, error)

	// Keys returns the company's keys, or those of one of its users if userID
	// is not 0, with ids above after, in the order of ids, at most limit.
	// Expired and revoked ones are among them. Their hashes are left out. The
	// scope of a key is at most that of its user.
	Keys(ctx context.Context, companyID, userID, after int64, limit int) ([]Key, error)

	// KeyByHash returns the key with the hash and its user, if that key is
	// valid at a time: not revoked, not expired, its user not disabled. Else
	// KindNotFound, so that nothing tells the refusals apart.
	KeyByHash(ctx context.Context, hash KeyHash, at time.Time) (Key, User, error)

	// KeysVersion returns a number that grows with every change of keys and
	// users, of whatever company. A transaction that is rolled back leaves it as
	// it was. What another process changes may be told up to a second later.
	KeysVersion(ctx context.Context) (int64, error)

	// LoginFailures returns the failed logins under keys, in their order: none
	// under one that is not stored.
	LoginFailures(ctx context.Context, keys []KeyHash) ([]Failures, error)
}

// Tx writes companies, users and keys.
type Tx interface {
	Reader
	write.Tx
	audit.Tx

	// InsertCompany adds a company. KindConflict if the name is taken.
	InsertCompany(ctx context.Context, c *Company) error

	// InsertUser adds a user. KindConflict if the company has one with the email.
	InsertUser(ctx context.Context, u *User) error

	// UpdateUser writes every member of u but its email. KindNotFound if there
	// is no such user.
	UpdateUser(ctx context.Context, u User) error

	// InsertKey adds a key.
	InsertKey(ctx context.Context, k *Key) error

	// RevokeKey notes when a key was revoked, unless it was before. KindNotFound
	// if the company has no such key.
	RevokeKey(ctx context.Context, companyID, id int64, at time.Time) error

	// RevokeKeys is RevokeKey for all keys of a user.
	RevokeKeys(ctx context.Context, companyID, userID int64, at time.Time) error

	// SaveKeyUses notes when keys were last used, unless a later time is noted. It
	// is no change of keys that KeysVersion tells.
	SaveKeyUses(ctx context.Context, uses []KeyUse) error

	// LoginFailuresForUpdate is LoginFailures, and keeps other transactions from
	// changing them until this one ends, also those that are not stored.
	LoginFailuresForUpdate(ctx context.Context, keys []KeyHash) ([]Failures, error)

	// SaveLoginFailures writes failed logins that were read for update. Those
	// whose Count is 0 are stored no more.
	SaveLoginFailures(ctx context.Context, counted []Failures) error

	// DropLoginFailures drops failed logins whose last was before a time, at most
	// limit, and returns how many.
	DropLoginFailures(ctx context.Context, before time.Time, limit int) (int, error)

	// AddKeyCalls adds to the calls of a key on a day, and returns how many they
	// are then. Those of an earlier day are counted no more. Other transactions
	// that add to them wait until this one ends.
	AddKeyCalls(ctx context.Context, companyID, keyID int64, day time.Time, n int64) (int64, error)
}
