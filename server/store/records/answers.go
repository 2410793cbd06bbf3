package records

import (
	"context"
	"strconv"
	"time"

	"github.com/accountsd/accountsd/server/store/db"
	"github.com/accountsd/accountsd/server/write"
)

// expiredPerSave bounds what one request does to clear away the answers of
// others. It is more than the one that it adds, so that they do not pile up.
const expiredPerSave = 10

var (
	answers = db.NewTable(func(a *write.Answer) []any {
		return []any{
			"company_id", &a.ID.CompanyID, "key_id", &a.ID.KeyID, "name", &a.ID.Name, "fingerprint", (*db.Sum)(&a.Fingerprint), "status", &a.Status,
			"header", (*db.Object[string])(&a.Header), "body", (*db.Blob)(&a.Body), "at", (*db.Time)(&a.At),
		}
	})

	selectAnswer = db.Statement{Thing: "answer", Brief: true, Text: `SELECT ` + answers.List("") + `
FROM answers WHERE company_id = ? AND key_id = ? AND name = ? AND at >= ?`}
	replaceAnswer = db.Statement{Thing: "answer", Text: answers.Upsert("answers", "company_id", "key_id", "name")}
	// The limit is a part of the text: see addMost.
	dropAnswers = db.Statement{Thing: "answers", Text: `DELETE FROM answers
WHERE (company_id, key_id, name) IN (
	SELECT company_id, key_id, name FROM answers WHERE company_id = ? AND at < ? ORDER BY at LIMIT ` + strconv.Itoa(expiredPerSave) + `)`}
)

// Answer returns what was answered since a time. Nobody else answers the request
// until the transaction ends.
func (t *Tx) Answer(ctx context.Context, id write.AnswerID, since time.Time) (write.Answer, error) {
	if err := t.Session.Lock(ctx, id.CompanyID); err != nil {
		return write.Answer{}, err
	}
	return db.First(ctx, t.Session, selectAnswer, []any{id.CompanyID, id.KeyID, id.Name, db.Time(since)}, answers.Scan)
}

// SaveAnswer keeps an answer, and drops some of those made before a time.
func (t *Tx) SaveAnswer(ctx context.Context, a write.Answer, since time.Time) error {
	if err := t.Session.Exec(ctx, replaceAnswer, answers.At(&a)...); err != nil {
		return err
	}
	return t.Session.Exec(ctx, dropAnswers, a.ID.CompanyID, db.Time(since))
}
