package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	imports = db.NewTable(func(i *account.Import) []any {
		c := &i.Counts
		return []any{
			"company_id", &i.CompanyID, "digest", (*db.Sum)(&i.Digest),
			"created", &c.Created, "updated", &c.Updated, "unchanged", &c.Unchanged, "rejected", &c.Rejected,
			"rejects", &i.Rejects, "rejects_size", &i.RejectsSize,
		}
	})

	selectImport = db.Statement{Thing: "import", Text: `SELECT ` + imports.List("") + `
FROM imports WHERE company_id = ? AND digest = ?`}
	replaceImport = db.Statement{Thing: "import", Text: imports.Upsert("imports", "company_id", "digest")}
	deleteImport  = db.Statement{Thing: "import", Text: `DELETE FROM imports WHERE company_id = ? AND digest = ?`}
)

// Import returns how far an import has come. Transactions run one after the
// other.
func (t *transaction) Import(ctx context.Context, companyID int64, digest account.Digest) (account.Import, error) {
	return db.First(ctx, t.session, selectImport, []any{companyID, db.Sum(digest)}, imports.Scan)
}

// SaveImport keeps how far an import has come.
func (t *transaction) SaveImport(ctx context.Context, i account.Import) error {
	_, err := t.session.Exec(ctx, replaceImport, imports.At(&i)...)
	return err
}

// DeleteImport forgets an import.
func (t *transaction) DeleteImport(ctx context.Context, companyID int64, digest account.Digest) error {
	return t.session.ChangeOne(ctx, deleteImport, companyID, db.Sum(digest))
}
