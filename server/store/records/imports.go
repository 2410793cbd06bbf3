package records

import (
	"context"

	"github.com/accountsd/accountsd/server/intake"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	imports = db.NewTable(func(i *intake.Import) []any {
		c := &i.Counts
		return []any{
			"company_id", &i.CompanyID, "digest", (*db.Sum)(&i.Digest),
			"created", &c.Created, "updated", &c.Updated, "unchanged", &c.Unchanged, "rejected", &c.Rejected,
			"rejects", &i.Rejects, "rejects_size", &i.RejectsSize,
		}
	})

	selectImport = db.Statement{Thing: "import", Text: `SELECT ` + imports.List("") + `
FROM imports WHERE company_id = ? AND digest = ?`}
	replaceImport = db.Statement{Thing: "import", Late: true, Text: imports.Upsert("imports", "company_id", "digest")}
	deleteImport  = db.Statement{Thing: "import", Text: `DELETE FROM imports WHERE company_id = ? AND digest = ?`}
)

// Import returns how far an import has come, which stays so.
func (t *Tx) Import(ctx context.Context, companyID int64, digest intake.Digest) (intake.Import, error) {
	if err := t.Session.Lock(ctx, companyID); err != nil {
		return intake.Import{}, err
	}
	return db.First(ctx, t.Session, selectImport, []any{companyID, db.Sum(digest)}, imports.Scan)
}

// SaveImport keeps how far an import has come.
func (t *Tx) SaveImport(ctx context.Context, i intake.Import) error {
	return t.Session.Exec(ctx, replaceImport, imports.At(&i)...)
}

// DeleteImport forgets an import.
func (t *Tx) DeleteImport(ctx context.Context, companyID int64, digest intake.Digest) error {
	return t.Session.ChangeOne(ctx, deleteImport, companyID, db.Sum(digest))
}
