package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/accountsd/accountsd/server/account"
)

var (
	selectCompany = statement{thing: "company", text: `SELECT id, name, created_at FROM companies WHERE name_fold = ?`}
	insertCompany = statement{thing: "company", taken: "company name is taken", text: `INSERT INTO companies (
	name, name_fold, created_at) VALUES (?, ?, ?)`}
	selectUser = statement{thing: "user", text: `SELECT ` + userColumns + ` FROM users u WHERE u.email = ?`}
	insertUser = statement{thing: "user", taken: "email is taken", text: `INSERT INTO users (
	company_id, email, first_name, last_name, password_hash, admin, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)`}
	selectKey = statement{thing: "key", text: `SELECT
	k.id, k.company_id, k.user_id, k.name, k.prefix, k.scope, k.created_at, k.expires_at, k.revoked_at, ` + userColumns + `
FROM api_keys k JOIN users u ON u.id = k.user_id WHERE k.hash = ?`}
	insertKey = statement{thing: "key", taken: "key is taken", text: `INSERT INTO api_keys (
	company_id, user_id, name, prefix, hash, scope, created_at, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`}
)

const userColumns = `u.id, u.company_id, u.email, u.first_name, u.last_name, u.password_hash, u.admin, u.created_at`

// Company returns a company by name, without regard to case.
func (r reader) Company(ctx context.Context, name string) (account.Company, error) {
	var c account.Company
	var createdAt int64
	err := r.session.get(ctx, selectCompany, []any{account.Fold(name)}, &c.ID, &c.Name, &createdAt)
	if err != nil {
		return account.Company{}, err
	}
	c.CreatedAt = fromDBTime(createdAt)
	return c, nil
}

// User returns a user by email, without regard to case.
func (r reader) User(ctx context.Context, email string) (account.User, error) {
	var row userRow
	if err := r.session.get(ctx, selectUser, []any{toDBEmail(email)}, row.dest()...); err != nil {
		return account.User{}, err
	}
	return fromDBUser(row), nil
}

// KeyByHash returns the key with the hash and its user.
func (r reader) KeyByHash(ctx context.Context, hash account.KeyHash) (account.Key, account.User, error) {
	k := account.Key{Hash: hash}
	var createdAt int64
	var expiresAt, revokedAt sql.Null[int64]
	var user userRow
	dest := append([]any{
		&k.ID, &k.CompanyID, &k.UserID, &k.Name, &k.Prefix, &k.Scope, &createdAt, &expiresAt, &revokedAt,
	}, user.dest()...)
	if err := r.session.get(ctx, selectKey, []any{hash[:]}, dest...); err != nil {
		return account.Key{}, account.User{}, err
	}
	k.CreatedAt = fromDBTime(createdAt)
	k.ExpiresAt, k.RevokedAt = fromDBOptionalTime(expiresAt), fromDBOptionalTime(revokedAt)
	return k, fromDBUser(user), nil
}

// userRow is a user beside the column that is not as in the domain.
type userRow struct {
	user      account.User
	createdAt int64
}

// dest are the variables of userColumns.
func (row *userRow) dest() []any {
	u := &row.user
	return []any{&u.ID, &u.CompanyID, &u.Email, &u.FirstName, &u.LastName, &u.PasswordHash, &u.Admin, &row.createdAt}
}

func fromDBUser(row userRow) account.User {
	u := row.user
	u.CreatedAt = fromDBTime(row.createdAt)
	return u
}

func toDBEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// InsertCompany adds a company, and sets its id.
func (t *transaction) InsertCompany(ctx context.Context, c *account.Company) error {
	id, err := t.session.insert(ctx, insertCompany, c.Name, account.Fold(c.Name), c.CreatedAt.UnixMilli())
	if err != nil {
		return err
	}
	c.ID = id
	return nil
}

// InsertUser adds a user, and sets its id.
func (t *transaction) InsertUser(ctx context.Context, u *account.User) error {
	id, err := t.session.insert(ctx, insertUser,
		u.CompanyID, toDBEmail(u.Email), u.FirstName, u.LastName, u.PasswordHash, u.Admin, u.CreatedAt.UnixMilli())
	if err != nil {
		return err
	}
	u.ID = id
	return nil
}

// InsertKey adds a key, and sets its id.
func (t *transaction) InsertKey(ctx context.Context, k *account.Key) error {
	id, err := t.session.insert(ctx, insertKey,
		k.CompanyID, k.UserID, k.Name, k.Prefix, k.Hash[:], k.Scope,
		k.CreatedAt.UnixMilli(), toDBOptionalTime(k.ExpiresAt), toDBOptionalTime(k.RevokedAt))
	if err != nil {
		return err
	}
	k.ID = id
	return nil
}
