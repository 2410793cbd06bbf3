package records

import (
	"cmp"
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	keys = db.NewTable(func(k *identity.Key) []any {
		return []any{
			"id", (*db.ID)(&k.ID), "company_id", &k.CompanyID, "user_id", &k.UserID,
			"name", &k.Name, "description", &k.Description, "prefix", &k.Prefix, "hash", (*db.Sum)(&k.Hash), "scope", (*string)(&k.Scope), "handling", &k.Handling,
			"allowed_ips", (*db.List[netip.Prefix])(&k.AllowedIPs),
			"created_at", (*db.Time)(&k.CreatedAt),
			"expires_at", (*db.OptionalTime)(&k.ExpiresAt), "revoked_at", (*db.OptionalTime)(&k.RevokedAt),
			"last_used_at", (*db.OptionalTime)(&k.LastUsedAt),
		}
	})
	shownKeys = keys.Without("hash")

	fromKeys       = ` FROM api_keys k JOIN users u ON u.id = k.user_id `
	selectValidKey = db.Statement{Thing: "key", Brief: true, Text: `SELECT ` + capped(keys.List("k.")) + `, ` + users.List("u.") + fromKeys + `
WHERE k.hash = ? AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?) AND u.disabled_at IS NULL`}
	selectShownKey = `SELECT ` + capped(shownKeys.List("k.")) + fromKeys
	selectKey      = db.Statement{Thing: "key", Text: selectShownKey + `WHERE k.id = ? AND k.company_id = ?`}
	selectKeys     = db.Statement{Thing: "keys", Text: selectShownKey + `
WHERE k.company_id = ? AND k.id > ? ORDER BY k.id LIMIT ?`}
	selectKeysOfUser = db.Statement{Thing: "keys", Text: selectShownKey + `
WHERE {-}k.company_id = ? AND k.user_id = ? AND k.id > ? ORDER BY k.id LIMIT ?`}
	insertKey  = db.Statement{Thing: "key", Taken: "key is taken", Text: keys.Insert("api_keys")}
	revokeKey  = db.Statement{Thing: "key", Text: `UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ? AND company_id = ?`}
	useKey     = db.Statement{Thing: "keys", Text: `UPDATE api_keys SET last_used_at = ? WHERE id = ? AND company_id = ? AND coalesce(last_used_at, 0) < ?`}
	revokeKeys = db.Statement{Thing: "keys", Text: `UPDATE api_keys SET revoked_at = ? WHERE user_id = ? AND company_id = ? AND revoked_at IS NULL`}
)

// capped reads the scope that a key has as long as its user may have it.
func capped(columns string) string {
	return strings.Replace(columns, "k.scope", "CASE WHEN k.scope = 'admin' AND NOT u.admin THEN 'write' ELSE k.scope END", 1)
}

// KeyByHash returns the key with the hash and its user, if it is valid at a time.
func (r Reader) KeyByHash(ctx context.Context, hash identity.KeyHash, at time.Time) (identity.Key, identity.User, error) {
	var k identity.Key
	var u identity.User
	err := r.Session.Get(ctx, selectValidKey, []any{db.Sum(hash), db.Time(at)}, keys.At(&k, users.At(&u)...)...)
	return k, u, err
}

var (
	selectKeysVersion = db.Statement{Thing: "keys", Brief: true, Text: `SELECT version FROM key_version`}
	addToKeysVersion  = db.Statement{Thing: "keys", Text: `UPDATE key_version SET version = version + 1`}
)

// KeysVersion returns a number that grows with every change of keys and users.
func (r Reader) KeysVersion(ctx context.Context) (int64, error) {
	return r.Session.Number(ctx, selectKeysVersion)
}

// Key returns a key of the company.
func (r Reader) Key(ctx context.Context, companyID, id int64) (identity.Key, error) {
	return db.First(ctx, r.Session, selectKey, []any{id, companyID}, shownKeys.Scan)
}

// Keys returns the keys of the company, or of one of its users, after an id.
func (r Reader) Keys(ctx context.Context, companyID, userID, after int64, limit int) ([]identity.Key, error) {
	st, args := selectKeys, []any{companyID, after, limit}
	if userID != 0 {
		st, args = selectKeysOfUser, []any{companyID, userID, after, limit}
	}
	return db.Collect(ctx, r.Session, st, args, shownKeys.Scan)
}

// InsertKey adds a key, and sets its id.
func (t *Tx) InsertKey(ctx context.Context, k *identity.Key) error {
	return t.countKeys(ctx, t.Session.Insert(ctx, insertKey, &k.ID, keys.At(k)...))
}

// RevokeKey notes when a key was revoked, unless it was before.
func (t *Tx) RevokeKey(ctx context.Context, companyID, id int64, at time.Time) error {
	return t.countKeys(ctx, t.Session.ChangeOne(ctx, revokeKey, db.Time(at), id, companyID))
}

// RevokeKeys notes when the keys of a user were revoked that were not before.
func (t *Tx) RevokeKeys(ctx context.Context, companyID, userID int64, at time.Time) error {
	return t.countKeys(ctx, t.Session.Exec(ctx, revokeKeys, db.Time(at), userID, companyID))
}

// SaveKeyUses notes when keys were last used, in the order of ids, in which no two
// servers wait for each other.
func (t *Tx) SaveKeyUses(ctx context.Context, uses []identity.KeyUse) error {
	sorted := slices.SortedFunc(slices.Values(uses), func(a, b identity.KeyUse) int { return cmp.Compare(a.KeyID, b.KeyID) })
	for _, use := range sorted {
		if err := t.Session.Exec(ctx, useKey, db.Time(use.At), use.KeyID, use.CompanyID, db.Time(use.At)); err != nil {
			return err
		}
	}
	return nil
}

// countKeys tells those who remember keys, after a change of keys or of what their
// users may do, that they are others now.
func (t *Tx) countKeys(ctx context.Context, err error) error {
	if err != nil {
		return err
	}
	return t.Session.Exec(ctx, addToKeysVersion)
}
