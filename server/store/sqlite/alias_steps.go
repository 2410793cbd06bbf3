package sqlite

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/store/sqlite/db"
)

var (
	steps = db.NewTable(func(s *alias.Step) []any {
		return []any{
			"id", &s.ID, "user_id", &s.UserID, "kind", &s.Kind, "at", (*db.Time)(&s.At),
			"by_user", (*db.ID)(&s.ByUser), "by_key", (*db.ID)(&s.ByKey), "by_email", &s.ByEmail,
			"message", &s.Message, "sunset", (*db.OptionalTime)(&s.Sunset), "forced", &s.Forced,
			"rehearsal", db.Optional[alias.Rehearsal]{At: &s.Rehearsal}, "back_to", &s.BackTo,
		}
	})
	newSteps = steps.Without("id")

	mails = db.NewTable(func(m *alias.Mail) []any {
		return []any{
			"id", &m.ID, "company_id", &m.CompanyID, "step_id", &m.StepID, "recipient", &m.To,
			"subject", &m.Letter.Subject, "text", &m.Letter.Text, "html", &m.Letter.HTML,
			"state", &m.State, "attempts", &m.Attempts, "created_at", (*db.Time)(&m.CreatedAt),
			"next_attempt_at", (*db.OptionalTime)(&m.NextAttempt), "sent_at", (*db.OptionalTime)(&m.SentAt), "failure", &m.Failure,
		}
	})
	newMails     = mails.Without("id")
	envelopes    = mails.Without("subject", "text", "html")
	changedMails = envelopes.Without("id", "company_id", "step_id", "recipient", "created_at")

	insertStep  = db.Statement{Thing: "step", Text: newSteps.Insert("alias_steps")}
	selectSteps = db.Statement{Thing: "steps", Text: `SELECT ` + steps.List("s.") + `
FROM alias_steps s JOIN users u ON u.id = s.user_id
WHERE s.user_id = ? AND u.company_id = ? ORDER BY s.id DESC LIMIT ?`}
	selectMails = db.Statement{Thing: "mails", Text: `SELECT ` + envelopes.List("") + ` FROM mails
WHERE step_id IN (SELECT value FROM json_each(?))`}
	insertMail = db.Statement{Thing: "mail", Taken: "the step has a mail", Text: newMails.Insert("mails")}
	dueMails   = db.Statement{Thing: "mails", Text: `SELECT id FROM mails
WHERE state = 'pending' AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?`}
	claimMail = db.Statement{Thing: "mail", Text: `UPDATE mails SET attempts = attempts + 1, next_attempt_at = ?
WHERE id = ? AND state = 'pending' AND next_attempt_at <= ?`}
	selectMail = db.Statement{Thing: "mail", Text: `SELECT ` + mails.List("") + ` FROM mails WHERE id = ?`}
	updateMail = db.Statement{Thing: "mail", Text: changedMails.Update("mails") + ` WHERE id = ?`}
)

// AddAliasStep adds a step, and sets its id.
func (t *transaction) AddAliasStep(ctx context.Context, s *alias.Step) error {
	return t.session.Insert(ctx, insertStep, &s.ID, newSteps.At(s)...)
}

// AliasSteps returns a user's steps with their mails, newest first. A mail
// belongs to its step for good, so that two statements see what one would.
func (r reader) AliasSteps(ctx context.Context, companyID, userID int64, limit int) ([]alias.Step, error) {
	list, err := db.Collect(ctx, r.session, selectSteps, []any{userID, companyID, limit}, steps.Scan)
	if err != nil || len(list) == 0 {
		return list, err
	}
	byID := make(map[int64]*alias.Step, len(list))
	for i := range list {
		list[i].CompanyID = companyID
		byID[list[i].ID] = &list[i]
	}
	ids := db.List[int64](slices.Collect(maps.Keys(byID)))
	found, err := db.Collect(ctx, r.session, selectMails, []any{ids}, envelopes.Scan)
	if err != nil {
		return nil, err
	}
	for i := range found {
		byID[found[i].StepID].Mail = &found[i]
	}
	return list, nil
}

// InsertMail adds a mail, and sets its id.
func (t *transaction) InsertMail(ctx context.Context, m *alias.Mail) error {
	return t.session.Insert(ctx, insertMail, &m.ID, newMails.At(m)...)
}

// DueMails returns the ids of mails that are to be sent.
func (r reader) DueMails(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	return db.Collect(ctx, r.session, dueMails, []any{db.Time(now), limit}, db.Scan[int64])
}

// ClaimMail returns a mail that is due, and puts off its next attempt.
func (t *transaction) ClaimMail(ctx context.Context, id int64, now, until time.Time) (alias.Mail, error) {
	if err := t.session.ChangeOne(ctx, claimMail, db.Time(until), id, db.Time(now)); err != nil {
		return alias.Mail{}, err
	}
	return db.First(ctx, t.session, selectMail, []any{id}, mails.Scan)
}

// UpdateMail writes what became of an attempt.
func (t *transaction) UpdateMail(ctx context.Context, m alias.Mail) error {
	return t.session.ChangeOne(ctx, updateMail, changedMails.At(&m, m.ID)...)
}
