package sqlite

import (
	"context"
	"strings"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	users = db.NewTable(func(u *identity.User) []any {
		return []any{
			"id", &u.ID, "company_id", &u.CompanyID, "email", &u.Email,
			"first_name", &u.FirstName, "last_name", &u.LastName,
			"password_hash", &u.PasswordHash, "admin", &u.Admin, "created_at", (*db.Time)(&u.CreatedAt),
			"invitation", (*db.OptionalSum)(&u.Invitation), "invited_until", (*db.OptionalTime)(&u.InvitedUntil),
		}
	})
	newUsers     = users.Without("id")
	changedUsers = users.Without("id", "company_id", "email")

	fromUsers     = `SELECT ` + users.List("u.") + ` FROM users u `
	selectUser    = db.Statement{Thing: "user", Text: fromUsers + `WHERE u.email = ?`}
	selectUsers   = db.Statement{Thing: "users", Text: fromUsers + `WHERE u.company_id = ? AND u.id > ? ORDER BY u.id LIMIT ?`}
	selectInvited = db.Statement{Thing: "invitation", Text: fromUsers + `WHERE u.invitation = ?`}
	insertUser    = db.Statement{Thing: "user", Taken: "email is taken", Text: newUsers.Insert("users")}
	updateUser    = db.Statement{Thing: "user", Text: changedUsers.Update("users") + ` WHERE id = ? AND company_id = ?`}
)

// User returns a user by email, without regard to case.
func (r reader) User(ctx context.Context, email string) (identity.User, error) {
	return db.First(ctx, r.session, selectUser, []any{toDBEmail(email)}, users.Scan)
}

// UserByInvitation returns the user with the hash of an invitation.
func (r reader) UserByInvitation(ctx context.Context, hash identity.KeyHash) (identity.User, error) {
	return db.First(ctx, r.session, selectInvited, []any{db.Sum(hash)}, users.Scan)
}

// Users returns the company's users after an id.
func (r reader) Users(ctx context.Context, companyID, after int64, limit int) ([]identity.User, error) {
	return db.Collect(ctx, r.session, selectUsers, []any{companyID, after, limit}, users.Scan)
}

func toDBEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// InsertUser adds a user, and sets its id.
func (t *transaction) InsertUser(ctx context.Context, u *identity.User) error {
	row := *u
	row.Email = toDBEmail(u.Email)
	return t.session.Insert(ctx, insertUser, &u.ID, newUsers.At(&row)...)
}

// UpdateUser writes a user, all but the email.
func (t *transaction) UpdateUser(ctx context.Context, u identity.User) error {
	return t.session.ChangeOne(ctx, updateUser, changedUsers.At(&u, u.ID, u.CompanyID)...)
}
