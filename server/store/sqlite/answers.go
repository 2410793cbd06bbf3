package sqlite

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

// expiredPerSave bounds what one request does to clear away the answers of
// others. It is more than the one that it adds, so that they do not pile up.
const expiredPerSave = 10

var (
	selectAnswer = db.Statement{Thing: "answer", Text: `SELECT fingerprint, status, header, body, at
FROM answers WHERE key_id = ? AND name = ? AND at >= ?`}
	replaceAnswer = db.Statement{Thing: "answer", Text: `INSERT INTO answers (
	key_id, name, fingerprint, status, header, body, at) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key_id, name) DO UPDATE SET
	fingerprint = excluded.fingerprint, status = excluded.status, header = excluded.header, body = excluded.body, at = excluded.at`}
	dropAnswers = db.Statement{Thing: "answers", Text: `DELETE FROM answers
WHERE rowid IN (SELECT rowid FROM answers WHERE at < ? ORDER BY at LIMIT ?)`}
)

// Answer returns what was answered since a time. Transactions run one after
// the other.
func (t *transaction) Answer(ctx context.Context, id account.AnswerID, since time.Time) (account.Answer, error) {
	a := account.Answer{ID: id, Header: map[string]string{}}
	var fingerprint []byte
	var header string
	var at int64
	err := t.session.Get(ctx, selectAnswer, []any{id.KeyID, id.Name, since.UnixMilli()},
		&fingerprint, &a.Status, &header, &a.Body, &at)
	if err != nil {
		return account.Answer{}, err
	}
	if a.Body == nil {
		a.Body = []byte{} // the driver makes nil of an empty one
	}
	copy(a.Fingerprint[:], fingerprint)
	a.At = fromDBTime(at)
	return a, db.Interpret(fromDBJSON(header, &a.Header), selectAnswer)
}

// SaveAnswer keeps an answer, and drops some of those made before a time.
func (t *transaction) SaveAnswer(ctx context.Context, a account.Answer, since time.Time) error {
	header, err := toDBObject(a.Header)
	if err != nil {
		return db.Interpret(err, replaceAnswer)
	}
	body := a.Body
	if body == nil {
		body = []byte{} // not NULL
	}
	_, err = t.session.Exec(ctx, replaceAnswer,
		a.ID.KeyID, a.ID.Name, a.Fingerprint[:], a.Status, header, body, a.At.UnixMilli())
	if err != nil {
		return err
	}
	_, err = t.session.Exec(ctx, dropAnswers, since.UnixMilli(), expiredPerSave)
	return err
}
