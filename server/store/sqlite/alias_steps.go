package sqlite

import (
	"context"
	"database/sql"
	"time"

	"github.com/accountsd/accountsd/server/account"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

const mailColumns = `l.id, l.company_id, l.step_id, l.recipient, l.state, l.attempts, l.created_at,
	l.next_attempt_at, l.sent_at, l.failure`

var (
	insertStep = db.Statement{Thing: "step", Text: `INSERT INTO alias_steps (
	user_id, kind, at, by_user, by_key, by_email, message, sunset, forced, rehearsal, back_to)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`}
	selectSteps = db.Statement{Thing: "steps", Text: `SELECT
	s.id, u.company_id, s.user_id, s.kind, s.at, s.by_user, s.by_key, s.by_email, s.message, s.sunset, s.forced,
	s.rehearsal, s.back_to FROM alias_steps s JOIN users u ON u.id = s.user_id
WHERE s.user_id = ? AND u.company_id = ? ORDER BY s.id DESC LIMIT ?`}
	selectMails = db.Statement{Thing: "mails", Text: `SELECT ` + mailColumns + ` FROM mails l
WHERE l.step_id IN (SELECT value FROM json_each(?))`}
	insertMail = db.Statement{Thing: "mail", Taken: "the step has a mail", Text: `INSERT INTO mails (
	company_id, step_id, recipient, subject, text, html, state, attempts, created_at, next_attempt_at, sent_at, failure)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`}
	dueMails = db.Statement{Thing: "mails", Text: `SELECT id FROM mails
WHERE state = 'pending' AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?`}
	claimMail = db.Statement{Thing: "mail", Text: `UPDATE mails SET attempts = attempts + 1, next_attempt_at = ?
WHERE id = ? AND state = 'pending' AND next_attempt_at <= ?`}
	selectMail = db.Statement{Thing: "mail", Text: `SELECT ` + mailColumns + `, l.subject, l.text, l.html
FROM mails l WHERE l.id = ?`}
	updateMail = db.Statement{Thing: "mail", Text: `UPDATE mails SET
	state = ?, attempts = ?, next_attempt_at = ?, sent_at = ?, failure = ? WHERE id = ?`}
)

// AddAliasStep adds a step, and sets its id.
func (t *transaction) AddAliasStep(ctx context.Context, s *account.AliasStep) error {
	var rehearsal sql.Null[string]
	if s.Rehearsal != nil {
		text, err := toDBJSON(s.Rehearsal)
		if err != nil {
			return db.Interpret(err, insertStep)
		}
		rehearsal = sql.Null[string]{V: text, Valid: true}
	}
	id, err := t.session.Insert(ctx, insertStep, s.UserID, string(s.Kind), s.At.UnixMilli(),
		toDBID(s.ByUser), toDBID(s.ByKey), s.ByEmail, s.Message, toDBOptionalTime(s.Sunset), s.Forced, rehearsal, string(s.BackTo))
	if err != nil {
		return err
	}
	s.ID = id
	return nil
}

// AliasSteps returns a user's steps with their mails, newest first. A mail
// belongs to its step for good, so that two statements see what one would.
func (r reader) AliasSteps(ctx context.Context, companyID, userID int64, limit int) ([]account.AliasStep, error) {
	steps, err := db.Collect(ctx, r.session, selectSteps, []any{userID, companyID, limit}, scanStep)
	if err != nil || len(steps) == 0 {
		return steps, err
	}
	byID := make(map[int64]*account.AliasStep, len(steps))
	ids := make([]int64, len(steps))
	for i := range steps {
		ids[i] = steps[i].ID
		byID[ids[i]] = &steps[i]
	}
	list, err := toDBList(ids)
	if err != nil {
		return nil, db.Interpret(err, selectMails)
	}
	err = r.session.Each(ctx, selectMails, []any{list}, func(rows *sql.Rows) error {
		var row mailRow
		if err := rows.Scan(row.dest()...); err != nil {
			return err
		}
		m := fromDBMail(row)
		byID[m.StepID].Mail = &m
		return nil
	})
	if err != nil {
		return nil, err
	}
	return steps, nil
}

func scanStep(rows *sql.Rows) (account.AliasStep, error) {
	var s account.AliasStep
	var at int64
	var byUser, byKey, sunset sql.Null[int64]
	var rehearsal sql.Null[string]
	err := rows.Scan(&s.ID, &s.CompanyID, &s.UserID, &s.Kind, &at, &byUser, &byKey, &s.ByEmail, &s.Message, &sunset,
		&s.Forced, &rehearsal, &s.BackTo)
	s.At, s.ByUser, s.ByKey, s.Sunset = fromDBTime(at), byUser.V, byKey.V, fromDBOptionalTime(sunset)
	if err == nil && rehearsal.Valid {
		err = fromDBJSON(rehearsal.V, &s.Rehearsal)
	}
	return s, err
}

// InsertMail adds a mail, and sets its id.
func (t *transaction) InsertMail(ctx context.Context, m *account.Mail) error {
	id, err := t.session.Insert(ctx, insertMail, m.CompanyID, m.StepID, m.To, m.Letter.Subject, m.Letter.Text, m.Letter.HTML,
		string(m.State), m.Attempts, m.CreatedAt.UnixMilli(), toDBOptionalTime(m.NextAttempt), toDBOptionalTime(m.SentAt), string(m.Failure))
	if err != nil {
		return err
	}
	m.ID = id
	return nil
}

// DueMails returns the ids of mails that are to be sent.
func (r reader) DueMails(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	return db.Collect(ctx, r.session, dueMails, []any{now.UnixMilli(), limit}, func(rows *sql.Rows) (id int64, err error) {
		err = rows.Scan(&id)
		return id, err
	})
}

// ClaimMail returns a mail that is due, and puts off its next attempt.
func (t *transaction) ClaimMail(ctx context.Context, id int64, now, until time.Time) (account.Mail, error) {
	if err := t.session.ChangeOne(ctx, claimMail, until.UnixMilli(), id, now.UnixMilli()); err != nil {
		return account.Mail{}, err
	}
	var row mailRow
	letter := &row.mail.Letter
	err := t.session.Get(ctx, selectMail, []any{id}, append(row.dest(), &letter.Subject, &letter.Text, &letter.HTML)...)
	return fromDBMail(row), err
}

// UpdateMail writes what became of an attempt.
func (t *transaction) UpdateMail(ctx context.Context, m account.Mail) error {
	return t.session.ChangeOne(ctx, updateMail,
		string(m.State), m.Attempts, toDBOptionalTime(m.NextAttempt), toDBOptionalTime(m.SentAt), string(m.Failure), m.ID)
}

// mailRow is a mail beside the columns that are not as in the domain.
type mailRow struct {
	mail                account.Mail
	createdAt           int64
	nextAttempt, sentAt sql.Null[int64]
}

// dest are the variables of mailColumns.
func (row *mailRow) dest() []any {
	m := &row.mail
	return []any{
		&m.ID, &m.CompanyID, &m.StepID, &m.To, &m.State, &m.Attempts, &row.createdAt,
		&row.nextAttempt, &row.sentAt, &m.Failure,
	}
}

func fromDBMail(row mailRow) account.Mail {
	m := row.mail
	m.CreatedAt = fromDBTime(row.createdAt)
	m.NextAttempt, m.SentAt = fromDBOptionalTime(row.nextAttempt), fromDBOptionalTime(row.sentAt)
	return m
}
