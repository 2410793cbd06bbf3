package sqlite

import (
	"context"
	"database/sql"
	"strings"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const userColumns = `u.id, u.company_id, u.email, u.first_name, u.last_name, u.password_hash, u.admin, u.created_at,
	u.invitation, u.invited_until`

var (
	selectUser  = db.Statement{Thing: "user", Text: `SELECT ` + userColumns + ` FROM users u WHERE u.email = ?`}
	selectUsers = db.Statement{Thing: "users", Text: `SELECT ` + userColumns + ` FROM users u
WHERE u.company_id = ? AND u.id > ? ORDER BY u.id LIMIT ?`}
	selectInvited = db.Statement{Thing: "invitation", Text: `SELECT ` + userColumns + ` FROM users u WHERE u.invitation = ?`}
	insertUser    = db.Statement{Thing: "user", Taken: "email is taken", Text: `INSERT INTO users (
	company_id, email, first_name, last_name, password_hash, admin, created_at, invitation, invited_until)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`}
	updateUser = db.Statement{Thing: "user", Text: `UPDATE users SET
	first_name = ?, last_name = ?, password_hash = ?, admin = ?, created_at = ?, invitation = ?, invited_until = ?
WHERE id = ? AND company_id = ?`}
)

// User returns a user by email, without regard to case.
func (r reader) User(ctx context.Context, email string) (account.User, error) {
	return r.user(ctx, selectUser, toDBEmail(email))
}

// UserByInvitation returns the user with the hash of an invitation.
func (r reader) UserByInvitation(ctx context.Context, hash account.KeyHash) (account.User, error) {
	return r.user(ctx, selectInvited, hash[:])
}

func (r reader) user(ctx context.Context, st db.Statement, args ...any) (account.User, error) {
	var row userRow
	if err := r.session.Get(ctx, st, args, row.dest()...); err != nil {
		return account.User{}, err
	}
	return fromDBUser(row), nil
}

// Users returns the company's users after an id.
func (r reader) Users(ctx context.Context, companyID, after int64, limit int) ([]account.User, error) {
	return db.Collect(ctx, r.session, selectUsers, []any{companyID, after, limit}, func(rows *sql.Rows) (account.User, error) {
		var row userRow
		err := rows.Scan(row.dest()...)
		return fromDBUser(row), err
	})
}

// userRow is a user beside the columns that are not as in the domain.
type userRow struct {
	user         account.User
	createdAt    int64
	invitation   []byte
	invitedUntil sql.Null[int64]
}

// dest are the variables of userColumns.
func (row *userRow) dest() []any {
	u := &row.user
	return []any{
		&u.ID, &u.CompanyID, &u.Email, &u.FirstName, &u.LastName, &u.PasswordHash, &u.Admin, &row.createdAt,
		&row.invitation, &row.invitedUntil,
	}
}

func fromDBUser(row userRow) account.User {
	u := row.user
	u.CreatedAt, u.InvitedUntil = fromDBTime(row.createdAt), fromDBOptionalTime(row.invitedUntil)
	copy(u.Invitation[:], row.invitation)
	return u
}

// toDBInvitation stores the zero hash, which is nobody's, as NULL.
func toDBInvitation(hash account.KeyHash) any {
	if hash == (account.KeyHash{}) {
		return nil
	}
	return hash[:]
}

func toDBEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// InsertUser adds a user, and sets its id.
func (t *transaction) InsertUser(ctx context.Context, u *account.User) error {
	id, err := t.session.Insert(ctx, insertUser,
		u.CompanyID, toDBEmail(u.Email), u.FirstName, u.LastName, u.PasswordHash, u.Admin, u.CreatedAt.UnixMilli(),
		toDBInvitation(u.Invitation), toDBOptionalTime(u.InvitedUntil))
	if err != nil {
		return err
	}
	u.ID = id
	return nil
}

// UpdateUser writes a user, all but the email.
func (t *transaction) UpdateUser(ctx context.Context, u account.User) error {
	return t.session.ChangeOne(ctx, updateUser,
		u.FirstName, u.LastName, u.PasswordHash, u.Admin, u.CreatedAt.UnixMilli(),
		toDBInvitation(u.Invitation), toDBOptionalTime(u.InvitedUntil), u.ID, u.CompanyID)
}
