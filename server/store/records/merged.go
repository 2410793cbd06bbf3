package records

import (
	"context"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	// An account that others were merged into may have been merged itself. There is no
	// circle: who was merged is not there, and so nobody's target.
	selectMergedInto = db.Statement{Thing: "merged account", Brief: true, Text: `SELECT id FROM accounts WHERE company_id = ?1 AND id = (
WITH RECURSIVE target (id, steps) AS (
	SELECT into_id, 1 FROM merged_accounts WHERE company_id = ?1 AND account_id = ?2
	UNION ALL SELECT m.into_id, t.steps + 1 FROM target t JOIN merged_accounts m ON m.company_id = ?1 AND m.account_id = t.id
) SELECT id FROM target ORDER BY steps DESC LIMIT 1)`}
	selectMergedHistory = db.Statement{Thing: "history", Text: fromEntries + `{by changes_account} WHERE company_id = ?1 AND account_id IN (
WITH RECURSIVE merged (id) AS (
	VALUES (CAST(?2 AS bigint)) UNION ALL SELECT m.account_id FROM merged t JOIN merged_accounts m ON m.company_id = ?1 AND m.into_id = t.id
) SELECT id FROM merged) AND sequence < ?3 ORDER BY sequence DESC LIMIT ?4`}
	insertMerged = db.Statement{Thing: "merged account", Text: `INSERT INTO merged_accounts (company_id, account_id, into_id) VALUES (?, ?, ?)`}
	deleteMerged = db.Statement{Thing: "merged account", Text: `DELETE FROM merged_accounts WHERE company_id = ? AND account_id = ?`}
)

// orMerged is an error of a read of an account, or of one that is not there and was
// merged into another, which one that is.
func (r Reader) orMerged(ctx context.Context, companyID, id int64, err error) error {
	if !fault.IsNotFound(err) {
		return err
	}
	into, lookUp := r.Session.Number(ctx, selectMergedInto, companyID, id)
	switch {
	case lookUp == nil:
		return fault.Merged(id, into)
	case fault.IsNotFound(lookUp):
		return err
	}
	return lookUp
}

// MergedHistory is History, with the entries of the accounts that were merged into it.
func (r Reader) MergedHistory(ctx context.Context, companyID, accountID, before int64, limit int) ([]account.HistoryEntry, error) {
	return db.Collect(ctx, r.Session, selectMergedHistory, []any{companyID, accountID, orLatest(before), limit}, entries.Scan)
}

// noteMerged keeps which accounts were merged by an entry of history, and which one is
// there again. Whoever writes the history, a copy that follows too, has that so.
func (t *Tx) noteMerged(ctx context.Context, e *account.HistoryEntry) error {
	if e.Cause == nil {
		return nil
	}
	if e.Kind == account.ChangeCreated {
		return t.Session.Exec(ctx, deleteMerged, e.CompanyID, e.AccountID)
	}
	for _, id := range e.Cause.Merged {
		if err := t.Session.Exec(ctx, insertMerged, e.CompanyID, id, e.AccountID); err != nil {
			return err
		}
	}
	return nil
}
