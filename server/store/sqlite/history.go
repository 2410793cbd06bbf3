package sqlite

import (
	"context"
	"database/sql"
	"math"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const historyColumns = `SELECT sequence, company_id, account_id, kind, version, at, user_id, key_id, email, fields FROM changes `

var (
	selectHistory = db.Statement{Thing: "history", Text: historyColumns +
		`WHERE company_id = ? AND account_id = ? AND sequence < ? ORDER BY sequence DESC LIMIT ?`}
	selectChanges = db.Statement{Thing: "changes", Text: historyColumns +
		`WHERE company_id = ? AND sequence > ? ORDER BY sequence LIMIT ?`}
	insertHistory = db.Statement{Thing: "history", Text: `INSERT INTO changes (
	company_id, account_id, kind, version, at, user_id, key_id, email, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`}
)

// History returns an account's entries before a sequence, newest first.
func (r reader) History(ctx context.Context, companyID, accountID, before int64, limit int) ([]account.HistoryEntry, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return r.history(ctx, selectHistory, companyID, accountID, before, limit)
}

// Changes returns the company's entries after a sequence, oldest first. That is
// the order of the commits: a sequence is given out under the write lock,
// above all that ever were, and is seen once that transaction has committed,
// which is before the next one has the lock.
func (r reader) Changes(ctx context.Context, companyID, after int64, limit int) ([]account.HistoryEntry, error) {
	return r.history(ctx, selectChanges, companyID, after, limit)
}

func (r reader) history(ctx context.Context, st db.Statement, args ...any) ([]account.HistoryEntry, error) {
	return db.Collect(ctx, r.session, st, args, scanHistory)
}

func scanHistory(rows *sql.Rows) (account.HistoryEntry, error) {
	e := account.HistoryEntry{Fields: account.Changes{}}
	var at int64
	var userID, keyID sql.Null[int64]
	var fields string
	err := rows.Scan(&e.Sequence, &e.CompanyID, &e.AccountID, &e.Kind, &e.Version, &at, &userID, &keyID, &e.Email, &fields)
	if err != nil {
		return account.HistoryEntry{}, err
	}
	e.At, e.UserID, e.KeyID = fromDBTime(at), userID.V, keyID.V
	return e, fromDBJSON(fields, &e.Fields)
}

// AddHistory appends an entry, and sets its sequence.
func (t *transaction) AddHistory(ctx context.Context, e *account.HistoryEntry) error {
	fields, err := toDBObject(e.Fields)
	if err != nil {
		return db.Interpret(err, insertHistory)
	}
	sequence, err := t.session.Insert(ctx, insertHistory,
		e.CompanyID, e.AccountID, e.Kind, e.Version, e.At.UnixMilli(), toDBID(e.UserID), toDBID(e.KeyID), e.Email, fields)
	if err != nil {
		return err
	}
	e.Sequence = sequence
	return nil
}
