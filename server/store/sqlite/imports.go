package sqlite

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	selectImport = db.Statement{Thing: "import", Text: `SELECT created, updated, unchanged, rejected, rejects, rejects_size
FROM imports WHERE company_id = ? AND digest = ?`}
	replaceImport = db.Statement{Thing: "import", Text: `INSERT INTO imports (
	company_id, digest, created, updated, unchanged, rejected, rejects, rejects_size) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (company_id, digest) DO UPDATE SET
	created = excluded.created, updated = excluded.updated, unchanged = excluded.unchanged, rejected = excluded.rejected,
	rejects = excluded.rejects, rejects_size = excluded.rejects_size`}
	deleteImport = db.Statement{Thing: "import", Text: `DELETE FROM imports WHERE company_id = ? AND digest = ?`}
)

// Import returns how far an import has come. Transactions run one after the
// other.
func (t *transaction) Import(ctx context.Context, companyID int64, digest account.Digest) (account.Import, error) {
	i := account.Import{CompanyID: companyID, Digest: digest}
	c := &i.Counts
	err := t.session.Get(ctx, selectImport, []any{companyID, digest[:]},
		&c.Created, &c.Updated, &c.Unchanged, &c.Rejected, &i.Rejects, &i.RejectsSize)
	if err != nil {
		return account.Import{}, err
	}
	return i, nil
}

// SaveImport keeps how far an import has come.
func (t *transaction) SaveImport(ctx context.Context, i account.Import) error {
	c := i.Counts
	_, err := t.session.Exec(ctx, replaceImport,
		i.CompanyID, i.Digest[:], c.Created, c.Updated, c.Unchanged, c.Rejected, i.Rejects, i.RejectsSize)
	return err
}

// DeleteImport forgets an import.
func (t *transaction) DeleteImport(ctx context.Context, companyID int64, digest account.Digest) error {
	return t.session.ChangeOne(ctx, deleteImport, companyID, digest[:])
}
