package records

import (
	"context"

	"github.com/accountsd/accountsd/server/identity"
	"github.com/accountsd/accountsd/server/normal"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	companies = db.NewTable(func(c *identity.Company) []any {
		return []any{"id", (*db.ID)(&c.ID), "name", &c.Name, "name_fold", normal.Fold(c.Name), "created_at", (*db.Time)(&c.CreatedAt)}
	})
	shownCompanies = companies.Without("name_fold")

	selectCompany   = db.Statement{Thing: "company", Text: `SELECT ` + shownCompanies.List("") + ` FROM companies WHERE name_fold = ?`}
	selectCompanies = db.Statement{Thing: "companies", Text: `SELECT ` + shownCompanies.List("") + ` FROM companies ORDER BY id`}
	insertCompany   = db.Statement{Thing: "company", Taken: "company name is taken", Text: companies.Insert("companies")}
)

// Company returns a company by name, without regard to case.
func (r Reader) Company(ctx context.Context, name string) (identity.Company, error) {
	return db.First(ctx, r.Session, selectCompany, []any{normal.Fold(name)}, shownCompanies.Scan)
}

// Companies returns all companies.
func (r Reader) Companies(ctx context.Context) ([]identity.Company, error) {
	return db.Collect(ctx, r.Session, selectCompanies, nil, shownCompanies.Scan)
}

// InsertCompany adds a company, and sets its id.
func (t *Tx) InsertCompany(ctx context.Context, c *identity.Company) error {
	return t.Session.Insert(ctx, insertCompany, &c.ID, companies.At(c)...)
}
