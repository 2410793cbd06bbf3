package sqlite

import (
	"context"
	"database/sql"

	"github.com/accountsd/accountsd/server/account"
)

var (
	selectHistory = statement{thing: "history", text: `SELECT
	sequence, company_id, account_id, kind, version, at, user_id, key_id, email, fields
FROM changes WHERE account_id = ? AND company_id = ? ORDER BY sequence DESC`}
	insertHistory = statement{thing: "history", text: `INSERT INTO changes (
	company_id, account_id, kind, version, at, user_id, key_id, email, fields) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`}
)

// History returns an account's entries, newest first.
func (r reader) History(ctx context.Context, companyID, accountID int64) ([]account.HistoryEntry, error) {
	entries := []account.HistoryEntry{}
	err := r.session.each(ctx, selectHistory, []any{accountID, companyID}, func(rows *sql.Rows) error {
		var e account.HistoryEntry
		var at int64
		var userID, keyID sql.Null[int64]
		var fields string
		err := rows.Scan(&e.Sequence, &e.CompanyID, &e.AccountID, &e.Kind, &e.Version, &at, &userID, &keyID, &e.Email, &fields)
		if err != nil {
			return err
		}
		e.At, e.UserID, e.KeyID = fromDBTime(at), userID.V, keyID.V
		e.Fields = account.Changes{}
		if err := fromDBJSON(fields, &e.Fields); err != nil {
			return err
		}
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// AddHistory appends an entry, and sets its sequence.
func (t *transaction) AddHistory(ctx context.Context, e *account.HistoryEntry) error {
	fields, err := toDBObject(e.Fields)
	if err != nil {
		return interpretError(err, insertHistory)
	}
	sequence, err := t.session.insert(ctx, insertHistory,
		e.CompanyID, e.AccountID, e.Kind, e.Version, e.At.UnixMilli(), toDBID(e.UserID), toDBID(e.KeyID), e.Email, fields)
	if err != nil {
		return err
	}
	e.Sequence = sequence
	return nil
}
