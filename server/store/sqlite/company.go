package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
)

var (
	selectCompany = statement{thing: "company", text: `SELECT id, name, created_at FROM companies WHERE name_fold = ?`}
	insertCompany = statement{thing: "company", taken: "company name is taken", text: `INSERT INTO companies (
	name, name_fold, created_at) VALUES (?, ?, ?)`}
)

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

// InsertCompany adds a company, and sets its id.
func (t *transaction) InsertCompany(ctx context.Context, c *account.Company) error {
	id, err := t.session.insert(ctx, insertCompany, c.Name, account.Fold(c.Name), c.CreatedAt.UnixMilli())
	if err != nil {
		return err
	}
	c.ID = id
	return nil
}
