package sqlite

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	keys = db.NewTable(func(k *identity.Key) []any {
		return []any{
			"id", &k.ID, "company_id", &k.CompanyID, "user_id", &k.UserID,
			"name", &k.Name, "description", &k.Description, "prefix", &k.Prefix, "hash", (*db.Sum)(&k.Hash), "scope", &k.Scope,
			"created_at", (*db.Time)(&k.CreatedAt),
			"expires_at", (*db.OptionalTime)(&k.ExpiresAt), "revoked_at", (*db.OptionalTime)(&k.RevokedAt),
		}
	})
	shownKeys = keys.Without("hash")
	newKeys   = keys.Without("id")

	selectKey = db.Statement{Thing: "key", Text: `SELECT ` + keys.List("k.") + `, ` + users.List("u.") + `
FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.hash = ?`}
	selectKeys = db.Statement{Thing: "keys", Text: `SELECT ` + shownKeys.List("k.") + ` FROM api_keys k
WHERE k.company_id = ? AND k.id > ? ORDER BY k.id LIMIT ?`}
	selectKeysOfUser = db.Statement{Thing: "keys", Text: `SELECT ` + shownKeys.List("k.") + ` FROM api_keys k
WHERE +k.company_id = ? AND k.user_id = ? AND k.id > ? ORDER BY k.id LIMIT ?`}
	insertKey = db.Statement{Thing: "key", Taken: "key is taken", Text: newKeys.Insert("api_keys")}
	revokeKey = db.Statement{Thing: "key", Text: `UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?1)
WHERE id = ?2 AND company_id = ?3 AND (?4 = 0 OR user_id = ?4)`}
)

// KeyByHash returns the key with the hash and its user.
func (r reader) KeyByHash(ctx context.Context, hash identity.KeyHash) (identity.Key, identity.User, error) {
	var k identity.Key
	var u identity.User
	err := r.session.Get(ctx, selectKey, []any{db.Sum(hash)}, keys.At(&k, users.At(&u)...)...)
	return k, u, err
}

// Keys returns the keys of the company, or of one of its users, after an id.
func (r reader) Keys(ctx context.Context, companyID, userID, after int64, limit int) ([]identity.Key, error) {
	st, args := selectKeys, []any{companyID, after, limit}
	if userID != 0 {
		st, args = selectKeysOfUser, []any{companyID, userID, after, limit}
	}
	return db.Collect(ctx, r.session, st, args, shownKeys.Scan)
}

// InsertKey adds a key, and sets its id.
func (t *transaction) InsertKey(ctx context.Context, k *identity.Key) error {
	return t.session.Insert(ctx, insertKey, &k.ID, newKeys.At(k)...)
}

// RevokeKey notes when a key was revoked, unless it was before.
func (t *transaction) RevokeKey(ctx context.Context, companyID, userID, id int64, at time.Time) error {
	return t.session.ChangeOne(ctx, revokeKey, db.Time(at), id, companyID, userID)
}
