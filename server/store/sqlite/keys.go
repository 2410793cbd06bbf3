package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const keyColumns = `k.id, k.company_id, k.user_id, k.name, k.description, k.prefix, k.scope, k.created_at, k.expires_at, k.revoked_at`

var (
	selectKey = db.Statement{Thing: "key", Text: `SELECT ` + keyColumns + `, ` + userColumns + `
FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.hash = ?`}
	selectKeys = db.Statement{Thing: "keys", Text: `SELECT ` + keyColumns + ` FROM api_keys k
WHERE k.company_id = ? AND k.id > ? ORDER BY k.id LIMIT ?`}
	selectKeysOfUser = db.Statement{Thing: "keys", Text: `SELECT ` + keyColumns + ` FROM api_keys k
WHERE +k.company_id = ? AND k.user_id = ? AND k.id > ? ORDER BY k.id LIMIT ?`}
	insertKey = db.Statement{Thing: "key", Taken: "key is taken", Text: `INSERT INTO api_keys (
	company_id, user_id, name, description, prefix, hash, scope, created_at, expires_at, revoked_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`}
	revokeKey = db.Statement{Thing: "key", Text: `UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?1)
WHERE id = ?2 AND company_id = ?3 AND (?4 = 0 OR user_id = ?4)`}
)

// KeyByHash returns the key with the hash and its user.
func (r reader) KeyByHash(ctx context.Context, hash account.KeyHash) (account.Key, account.User, error) {
	var row keyRow
	var user userRow
	if err := r.session.Get(ctx, selectKey, []any{hash[:]}, append(row.dest(), user.dest()...)...); err != nil {
		return account.Key{}, account.User{}, err
	}
	k := fromDBKey(row)
	k.Hash = hash
	return k, fromDBUser(user), nil
}

// Keys returns the keys of the company, or of one of its users, after an id.
func (r reader) Keys(ctx context.Context, companyID, userID, after int64, limit int) ([]account.Key, error) {
	st, args := selectKeys, []any{companyID, after, limit}
	if userID != 0 {
		st, args = selectKeysOfUser, []any{companyID, userID, after, limit}
	}
	return db.Collect(ctx, r.session, st, args, func(rows *sql.Rows) (account.Key, error) {
		var row keyRow
		err := rows.Scan(row.dest()...)
		return fromDBKey(row), err
	})
}

// keyRow is a key beside the columns that are not as in the domain.
type keyRow struct {
	key                  account.Key
	createdAt            int64
	expiresAt, revokedAt sql.Null[int64]
}

// dest are the variables of keyColumns.
func (row *keyRow) dest() []any {
	k := &row.key
	return []any{
		&k.ID, &k.CompanyID, &k.UserID, &k.Name, &k.Description, &k.Prefix, &k.Scope,
		&row.createdAt, &row.expiresAt, &row.revokedAt,
	}
}

func fromDBKey(row keyRow) account.Key {
	k := row.key
	k.CreatedAt = fromDBTime(row.createdAt)
	k.ExpiresAt, k.RevokedAt = fromDBOptionalTime(row.expiresAt), fromDBOptionalTime(row.revokedAt)
	return k
}

// InsertKey adds a key, and sets its id.
func (t *transaction) InsertKey(ctx context.Context, k *account.Key) error {
	id, err := t.session.Insert(ctx, insertKey,
		k.CompanyID, k.UserID, k.Name, k.Description, k.Prefix, k.Hash[:], k.Scope,
		k.CreatedAt.UnixMilli(), toDBOptionalTime(k.ExpiresAt), toDBOptionalTime(k.RevokedAt))
	if err != nil {
		return err
	}
	k.ID = id
	return nil
}

// RevokeKey notes when a key was revoked, unless it was before.
func (t *transaction) RevokeKey(ctx context.Context, companyID, userID, id int64, at time.Time) error {
	return t.session.ChangeOne(ctx, revokeKey, at.UnixMilli(), id, companyID, userID)
}
