package records

import (
	"context"
	"math"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/fault"
	"github.com/accountsd/accountsd/server/patch"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	entries = db.NewTable(func(e *account.HistoryEntry) []any {
		return []any{
			"sequence", &e.Sequence, "company_id", &e.CompanyID, "account_id", &e.AccountID, "kind", (*string)(&e.Kind),
			"version", &e.Version, "at", (*db.Time)(&e.At), "user_id", (*db.ID)(&e.UserID), "key_id", (*db.ID)(&e.KeyID),
			"email", &e.Email, "reason", (*db.Note)(&e.Reason), "cause", db.Optional[account.Cause]{At: &e.Cause}, "fields", (*changes)(&e.Fields),
		}
	})

	fromEntries   = `SELECT ` + entries.List("") + ` FROM changes `
	selectHistory = db.Statement{Thing: "history", Text: fromEntries +
		`{by changes_account} WHERE company_id = ? AND account_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?`}
	selectChanges = db.Statement{Thing: "changes", Text: fromEntries +
		`WHERE company_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`}
	selectFirst = db.Statement{Thing: "history", Text: fromEntries +
		`{by changes_account} WHERE company_id = ? AND account_id = ? ORDER BY sequence LIMIT 1`}
	selectVersion = db.Statement{Thing: "history", Text: fromEntries +
		`{by changes_account} WHERE company_id = ? AND account_id = ? AND version = ? ORDER BY sequence LIMIT 1`}
	selectSince = db.Statement{Thing: "history", Text: fromEntries + `{by changes_account}
WHERE company_id = ? AND account_id > ? AND account_id <= ? AND at > ? ORDER BY account_id, sequence LIMIT ?`}
	selectLast    = db.Statement{Thing: "company", Brief: true, Text: `SELECT last_sequence FROM companies WHERE id = ?`}
	insertHistory = db.Statement{Thing: "history", Late: true, Text: sealedEntries.Insert("changes")}
)

// changes are stored as a db.Object is.
type changes patch.Changes

// Read reads what is stored.
func (c *changes) Read(from db.Column) error { return (*db.Object[patch.Change])(c).Read(from) }

// History returns an account's entries before a sequence, newest first.
func (r Reader) History(ctx context.Context, companyID, accountID, before int64, limit int) ([]account.HistoryEntry, error) {
	return db.Collect(ctx, r.Session, selectHistory, []any{companyID, accountID, orLatest(before), limit}, entries.Scan)
}

// orLatest is a sequence that entries come before; without one, all do.
func orLatest(before int64) int64 {
	if before == 0 {
		return math.MaxInt64
	}
	return before
}

// Changes returns the company's entries after a sequence, oldest first. That is
// the order of the commits, without a gap: a transaction counts its entries on the
// company's row, which is locked from then on until it has committed.
func (r Reader) Changes(ctx context.Context, companyID, after int64, limit int) ([]account.HistoryEntry, error) {
	return db.Collect(ctx, r.Session, selectChanges, []any{companyID, after, limit}, entries.Scan)
}

// FirstChange returns an account's oldest entry.
func (r Reader) FirstChange(ctx context.Context, companyID, accountID int64) (account.HistoryEntry, error) {
	return db.First(ctx, r.Session, selectFirst, []any{companyID, accountID}, entries.Scan)
}

// ChangeOfVersion returns the entry that made an account the version.
func (r Reader) ChangeOfVersion(ctx context.Context, companyID, accountID, version int64) (account.HistoryEntry, error) {
	return db.First(ctx, r.Session, selectVersion, []any{companyID, accountID, version}, entries.Scan)
}

// EachChangeSince calls take with the entries since a time of the accounts with ids above
// after, up to last.
func (r Reader) EachChangeSince(ctx context.Context, companyID, after, last int64, since time.Time, limit int64, take func(account.HistoryEntry) error) error {
	return r.Session.Each(ctx, selectSince, []any{companyID, after, last, db.Time(since), limit}, func(row *db.Row) error {
		e, err := entries.Scan(row)
		if err != nil {
			return err
		}
		return take(e)
	})
}

// LastChange returns the sequence of the company's latest entry.
func (r Reader) LastChange(ctx context.Context, companyID int64) (int64, error) {
	last, err := r.Session.Number(ctx, selectLast, companyID)
	if fault.IsNotFound(err) {
		err = nil
	}
	return last, err
}

// AddHistory appends an entry, and sets its sequence.
func (t *Tx) AddHistory(ctx context.Context, e *account.HistoryEntry) error {
	c, err := t.chainOf(ctx, e.CompanyID)
	if err != nil {
		return err
	}
	e.Sequence = c.sequence + 1
	return t.appendHistory(ctx, c, e)
}

// appendHistory appends an entry with its sequence.
func (t *Tx) appendHistory(ctx context.Context, c *counts, e *account.HistoryEntry) error {
	s := &t.entry
	s.HistoryEntry = *e
	digest, err := s.digest()
	if err != nil {
		return err
	}
	s.hash = chained(&c.head, e.Sequence, e.At, &digest)
	if err := t.Session.Exec(ctx, insertHistory, sealedEntries.At(s)...); err != nil {
		return err
	}
	c.sequence, c.head = e.Sequence, s.hash
	return t.noteMerged(ctx, e)
}
