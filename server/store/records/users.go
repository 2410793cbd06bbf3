package records

import (
	"context"
	"strings"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	userRows = db.NewTable(func(u *identity.User) []any {
		return []any{
			"id", (*db.ID)(&u.ID), "company_id", &u.CompanyID, "email", &u.Email, "email_key", normal.EmailKey(u.Email),
			"first_name", &u.FirstName, "last_name", &u.LastName,
			"password_hash", &u.PasswordHash, "admin", &u.Admin, "created_at", (*db.Time)(&u.CreatedAt),
			"invitation", (*db.OptionalSum)(&u.Invitation), "invited_until", (*db.OptionalTime)(&u.InvitedUntil),
			"resetting", &u.Resetting, "disabled_at", (*db.OptionalTime)(&u.DisabledAt),
		}
	})
	users        = userRows.Without("email_key")
	changedUsers = users.Without("id", "company_id", "email")

	fromUsers          = `SELECT ` + users.List("u.") + ` FROM users u `
	selectUser         = db.Statement{Thing: "user", Brief: true, Text: fromUsers + `WHERE u.id = ? AND u.company_id = ?`}
	selectUsersByEmail = db.Statement{Thing: "users", Brief: true, Text: fromUsers + `WHERE u.email_key IN (?, ?) ORDER BY u.id`}
	selectUsers        = db.Statement{Thing: "users", Text: fromUsers + `
WHERE u.company_id = ?1 AND u.id > ?2 AND (u.email_key IN (?3, ?4) OR ?3 = '') AND (u.id = ?5 OR ?5 = 0) ORDER BY u.id LIMIT ?6`}
	selectInvited = db.Statement{Thing: "invitation", Brief: true, Text: fromUsers + `WHERE u.invitation = ?`}
	countAdmins   = db.Statement{Thing: "users", Text: `SELECT count(*) FROM users u
WHERE u.company_id = ? AND u.admin AND u.disabled_at IS NULL AND (u.invitation IS NULL OR u.resetting)`}
	selectRefs = db.Statement{Thing: "users", Text: `SELECT u.id, u.first_name, u.last_name, u.email FROM users u
WHERE {-}u.company_id = ? AND u.id IN ({ids ?})`}
	insertUser = db.Statement{Thing: "user", Taken: "email is taken", Text: userRows.Insert("users")}
	updateUser = db.Statement{Thing: "user", Text: changedUsers.Update("users") + ` WHERE id = ? AND company_id = ?`}
)

// User returns a user of the company.
func (r Reader) User(ctx context.Context, companyID, id int64) (identity.User, error) {
	return db.First(ctx, r.Session, selectUser, []any{id, companyID}, users.Scan)
}

// UserByInvitation returns the user with the hash of an invitation.
func (r Reader) UserByInvitation(ctx context.Context, hash identity.KeyHash) (identity.User, error) {
	return db.First(ctx, r.Session, selectInvited, []any{db.Sum(hash)}, users.Scan)
}

// UsersByEmail returns the users of all companies with an email. One whose key is
// that of another user is found as it is stored.
func (r Reader) UsersByEmail(ctx context.Context, email string) ([]identity.User, error) {
	return db.Collect(ctx, r.Session, selectUsersByEmail, []any{normal.EmailKey(email), toDBEmail(email)}, users.Scan)
}

// Users returns the company's users that the filter picks, after an id.
func (r Reader) Users(ctx context.Context, companyID int64, f identity.UserFilter, after int64, limit int) ([]identity.User, error) {
	return db.Collect(ctx, r.Session, selectUsers, []any{companyID, after, normal.EmailKey(f.Email), toDBEmail(f.Email), f.ID, limit}, users.Scan)
}

// UserRefs returns those of the users that exist, by id.
func (r Reader) UserRefs(ctx context.Context, companyID int64, ids []int64) (map[int64]identity.UserRef, error) {
	byID := make(map[int64]identity.UserRef, len(ids))
	if len(ids) == 0 {
		return byID, nil
	}
	return byID, r.Session.Each(ctx, selectRefs, []any{companyID, db.List[int64](ids)}, func(row *db.Row) error {
		var u identity.UserRef
		err := row.Scan(&u.ID, &u.FirstName, &u.LastName, &u.Email)
		byID[u.ID] = u
		return err
	})
}

// CountAdmins counts the company's admins who can act.
func (r Reader) CountAdmins(ctx context.Context, companyID int64) (n int, err error) {
	err = r.Session.Get(ctx, countAdmins, []any{companyID}, &n)
	return n, err
}

func toDBEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// InsertUser adds a user, and sets its id.
func (t *Tx) InsertUser(ctx context.Context, u *identity.User) error {
	row := *u
	row.Email = toDBEmail(u.Email)
	err := t.Session.Insert(ctx, insertUser, &row.ID, userRows.At(&row)...)
	u.ID = row.ID
	return err
}

// UpdateUser writes a user, all but the email.
func (t *Tx) UpdateUser(ctx context.Context, u identity.User) error {
	if err := t.Session.Lock(ctx, u.CompanyID); err != nil {
		return err
	}
	return t.countKeys(ctx, t.Session.ChangeOne(ctx, updateUser, changedUsers.At(&u, u.ID, u.CompanyID)...))
}
