package sqlite

import (
	"context"
	"time"

	"github.com/accountsd/accountsd/server/store/sqlite/db"
	"github.com/accountsd/accountsd/server/write"
)

// expiredPerSave bounds what one request does to clear away the answers of
// others. It is more than the one that it adds, so that they do not pile up.
const expiredPerSave = 10

var (
	answers = db.NewTable(func(a *write.Answer) []any {
		return []any{
			"key_id", &a.ID.KeyID, "name", &a.ID.Name, "fingerprint", (*db.Sum)(&a.Fingerprint), "status", &a.Status,
			"header", (*db.Object[string])(&a.Header), "body", (*db.Blob)(&a.Body), "at", (*db.Time)(&a.At),
		}
	})

	selectAnswer = db.Statement{Thing: "answer", Text: `SELECT ` + answers.List("") + `
FROM answers WHERE key_id = ? AND name = ? AND at >= ?`}
	replaceAnswer = db.Statement{Thing: "answer", Text: answers.Upsert("answers", "key_id", "name")}
	dropAnswers   = db.Statement{Thing: "answers", Text: `DELETE FROM answers
WHERE rowid IN (SELECT rowid FROM answers WHERE at < ? ORDER BY at LIMIT ?)`}
)

// Answer returns what was answered since a time. Transactions run one after
// the other.
func (t *transaction) Answer(ctx context.Context, id write.AnswerID, since time.Time) (write.Answer, error) {
	return db.First(ctx, t.session, selectAnswer, []any{id.KeyID, id.Name, db.Time(since)}, answers.Scan)
}

// SaveAnswer keeps an answer, and drops some of those made before a time.
func (t *transaction) SaveAnswer(ctx context.Context, a write.Answer, since time.Time) error {
	if _, err := t.session.Exec(ctx, replaceAnswer, answers.At(&a)...); err != nil {
		return err
	}
	_, err := t.session.Exec(ctx, dropAnswers, db.Time(since), expiredPerSave)
	return err
}
