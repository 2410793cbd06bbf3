package records

import (
	"context"
	"slices"

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
	insertMerged     = db.Statement{Thing: "merged account", Text: `INSERT INTO merged_accounts (company_id, account_id, into_id) VALUES (?, ?, ?)`}
	insertMergedKey  = db.Statement{Thing: "merged account", Text: `INSERT INTO merged_keys (company_id, member, key, account_id) VALUES (?, ?, ?, ?)`}
	deleteMergedKeys = db.Statement{Thing: "merged account", Text: `DELETE FROM merged_keys WHERE company_id = ? AND account_id = ?`}
	// Of accounts that have had a key one after the other, the latest is meant.
	selectMergedOwners = db.Statement{Thing: "merged accounts", Text: `SELECT key, max(account_id) FROM merged_keys
WHERE company_id = ? AND member = ? AND key {among ?} GROUP BY key`}
	// For those who compare them with the history.
	selectMergedWithKeys = db.Statement{Thing: "merged accounts", Text: `SELECT account_id, into_id, '', '' FROM merged_accounts
WHERE company_id = ?1 AND account_id > ?2 AND account_id <= ?3
UNION ALL SELECT account_id, 0, member, key FROM merged_keys WHERE company_id = ?1 AND account_id > ?2 AND account_id <= ?3`}
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

// MergedOwners returns the accounts that had keys when they were merged into another, by
// the keys.
func (r Reader) MergedOwners(ctx context.Context, companyID int64, by account.MatchBy, keys []string) (map[string]int64, error) {
	owners := make(map[string]int64)
	args := []any{companyID, string(by), db.List[string](slices.Sorted(slices.Values(keys)))}
	return owners, r.Session.Each(ctx, selectMergedOwners, args, idsBy(owners))
}

// EachMerged calls take with what is kept of merged accounts with ids above after, up to
// last, in any order: the accounts that they were merged into, and, with no such account,
// each key that they had.
func (r Reader) EachMerged(ctx context.Context, companyID, after, last int64, take func(accountID, into int64, by account.MatchBy, key string)) error {
	return r.Session.Each(ctx, selectMergedWithKeys, []any{companyID, after, last}, func(row *db.Row) error {
		var id, into int64
		var by, key string
		if err := row.Scan(&id, &into, &by, &key); err != nil {
			return err
		}
		take(id, into, account.MatchBy(by), key)
		return nil
	})
}

// noteMerged keeps which accounts were merged by an entry of history with the keys that
// they had, and which one is there again. Whoever writes the history, a copy that follows
// too, has that so.
func (t *Tx) noteMerged(ctx context.Context, e *account.HistoryEntry) error {
	if e.Cause == nil {
		return nil
	}
	if e.Kind == account.ChangeCreated {
		if err := t.Session.Exec(ctx, deleteMergedKeys, e.CompanyID, e.AccountID); err != nil {
			return err
		}
		return t.Session.Exec(ctx, deleteMerged, e.CompanyID, e.AccountID)
	}
	for by, key := range e.MergedKeys() {
		if err := t.Session.Exec(ctx, insertMergedKey, e.CompanyID, string(by), key, e.AccountID); err != nil {
			return err
		}
	}
	for _, id := range e.Cause.Merged {
		if err := t.Session.Exec(ctx, insertMerged, e.CompanyID, id, e.AccountID); err != nil {
			return err
		}
	}
	return nil
}
