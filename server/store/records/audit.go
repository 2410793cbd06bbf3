package records

import (
	"context"

	"github.com/accountsd/accountsd/server/audit"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	audits = db.NewTable(func(e *audit.Entry) []any {
		return []any{
			"company_id", &e.CompanyID, "sequence", &e.Sequence, "at", (*db.Time)(&e.At), "user_id", (*db.ID)(&e.By.UserID),
			"key_id", (*db.ID)(&e.By.KeyID), "email", &e.By.Email, "action", (*string)(&e.Action), "subject_id", (*db.ID)(&e.Subject.ID),
			"subject", &e.Subject.Name, "details", (*db.Object[any])(&e.Details),
		}
	})
	selectAudit = db.Statement{Thing: "audit log", Text: `SELECT ` + audits.List("") + ` FROM audit
WHERE company_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`}
	selectAuditOf = db.Statement{Thing: "audit log", Text: `SELECT ` + audits.List("") + ` FROM audit
WHERE company_id = ? AND sequence > ? AND action = ? ORDER BY sequence LIMIT ?`}
	selectLastAudit = db.Statement{Thing: "company", Text: `SELECT coalesce(max(last_audit), 0) FROM companies WHERE id = ?`}
	countAudit      = db.Statement{Thing: "company", Text: `UPDATE companies SET last_audit = last_audit + 1 WHERE id = ? RETURNING last_audit`}
	insertAudit     = db.Statement{Thing: "audit log", Late: true, Text: audits.Insert("audit")}
)

// Audit returns the company's entries after a sequence, oldest first: the order of the
// commits, as of Changes.
func (r Reader) Audit(ctx context.Context, companyID, after int64, action audit.Action, limit int) ([]audit.Entry, error) {
	if action == "" {
		return db.Collect(ctx, r.Session, selectAudit, []any{companyID, after, limit}, audits.Scan)
	}
	return db.Collect(ctx, r.Session, selectAuditOf, []any{companyID, after, string(action), limit}, audits.Scan)
}

// LastAudit returns the sequence of the company's latest entry.
func (r Reader) LastAudit(ctx context.Context, companyID int64) (int64, error) {
	return r.Session.Number(ctx, selectLastAudit, companyID)
}

// AddAudit appends an entry, and sets its sequence. From then on the company's row is
// locked, so that entries are seen in the order of their sequences.
func (t *Tx) AddAudit(ctx context.Context, e *audit.Entry) (err error) {
	if e.Sequence, err = t.Session.Number(ctx, countAudit, e.CompanyID); err != nil {
		return err
	}
	return t.Session.Exec(ctx, insertAudit, audits.At(e)...)
}
