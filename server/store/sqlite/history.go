package sqlite

import (
	"context"
	"math"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	entries = db.NewTable(func(e *account.HistoryEntry) []any {
		return []any{
			"sequence", &e.Sequence, "company_id", &e.CompanyID, "account_id", &e.AccountID, "kind", (*string)(&e.Kind),
			"version", &e.Version, "at", (*db.Time)(&e.At), "user_id", (*db.ID)(&e.UserID), "key_id", (*db.ID)(&e.KeyID),
			"email", &e.Email, "fields", (*db.Object[patch.Change])(&e.Fields),
		}
	})
	newEntries = entries.Without("sequence")

	fromEntries   = `SELECT ` + entries.List("") + ` FROM changes `
	selectHistory = db.Statement{Thing: "history", Text: fromEntries +
		`WHERE company_id = ? AND account_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?`}
	selectChanges = db.Statement{Thing: "changes", Text: fromEntries +
		`WHERE company_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`}
	selectLast    = db.Statement{Thing: "changes", Text: `SELECT coalesce(max(sequence), 0) FROM changes WHERE company_id = ?`}
	insertHistory = db.Statement{Thing: "history", Text: newEntries.Insert("changes")}
)

// History returns an account's entries before a sequence, newest first.
func (r reader) History(ctx context.Context, companyID, accountID, before int64, limit int) ([]account.HistoryEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return db.Collect(ctx, r.session, selectHistory, []any{companyID, accountID, before, limit}, entries.Scan)
}

// Changes returns the company's entries after a sequence, oldest first. That is
// the order of the commits: a sequence is given out under the write lock,
// above all that ever were, and is seen once that transaction has committed,
// which is before the next one has the lock.
func (r reader) Changes(ctx context.Context, companyID, after int64, limit int) ([]account.HistoryEntry, error) {
	return db.Collect(ctx, r.session, selectChanges, []any{companyID, after, limit}, entries.Scan)
}

// LastChange returns the sequence of the company's latest entry.
func (r reader) LastChange(ctx context.Context, companyID int64) (last int64, err error) {
	err = r.session.Get(ctx, selectLast, []any{companyID}, &last)
	return last, err
}

// AddHistory appends an entry, and sets its sequence.
func (t *transaction) AddHistory(ctx context.Context, e *account.HistoryEntry) error {
	return t.session.Insert(ctx, insertHistory, &e.Sequence, newEntries.At(e)...)
}
