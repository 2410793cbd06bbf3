package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	selectCompany = db.Statement{Thing: "company", Text: `SELECT id, name, created_at FROM companies WHERE name_fold = ?`}
	insertCompany = db.Statement{Thing: "company", Taken: "company name is taken", Text: `INSERT INTO companies (
	name, name_fold, created_at) VALUES (?, ?, ?)`}
)

// Company returns a company by name, without regard to case.
func (r reader) Company(ctx context.Context, name string) (account.Company, error) {
	var c account.Company
	var createdAt int64
	err := r.session.Get(ctx, selectCompany, []any{account.Fold(name)}, &c.ID, &c.Name, &createdAt)
	if err != nil {
		return account.Company{}, err
	}
	c.CreatedAt = fromDBTime(createdAt)
	return c, nil
}

// InsertCompany adds a company, and sets its id.
func (t *transaction) InsertCompany(ctx context.Context, c *account.Company) error {
	id, err := t.session.Insert(ctx, insertCompany, c.Name, account.Fold(c.Name), c.CreatedAt.UnixMilli())
	if err != nil {
		return err
	}
	c.ID = id
	return nil
}
