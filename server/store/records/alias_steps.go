package records

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/accountsd/accountsd/server/alias"
	"github.com/accountsd/accountsd/server/store/db"
)

var (
	steps = db.NewTable(func(s *alias.Step) []any {
		return []any{
			"id", (*db.ID)(&s.ID), "company_id", &s.CompanyID, "user_id", &s.UserID, "kind", &s.Kind, "at", (*db.Time)(&s.At),
			"by_user", (*db.ID)(&s.ByUser), "by_key", (*db.ID)(&s.ByKey), "by_email", &s.ByEmail,
			"message", &s.Message, "sunset", (*db.OptionalTime)(&s.Sunset), "forced", &s.Forced,
			"rehearsal", db.Optional[alias.Rehearsal]{At: &s.Rehearsal}, "back_to", &s.BackTo,
		}
	})

	mails = db.NewTable(func(m *alias.Mail) []any {
		return []any{
			"id", (*db.ID)(&m.ID), "company_id", &m.CompanyID, "step_id", &m.StepID, "recipient", &m.To,
			"subject", &m.Letter.Subject, "text", &m.Letter.Text, "html", &m.Letter.HTML,
			"state", &m.State, "attempts", &m.Attempts, "created_at", (*db.Time)(&m.CreatedAt),
			"next_attempt_at", (*db.OptionalTime)(&m.NextAttempt), "sent_at", (*db.OptionalTime)(&m.SentAt), "failure", &m.Failure,
		}
	})
	envelopes    = mails.Without("subject", "text", "html")
	changedMails = envelopes.Without("id", "company_id", "step_id", "recipient", "created_at")

	insertStep = db.Statement{Thing: "step", Text: steps.Insert("alias_steps")}
	// Servers beside each other take ids of ranges of their own.
	selectSteps = db.Statement{Thing: "steps", Text: `SELECT ` + steps.List("s.") + `
FROM alias_steps s
WHERE s.user_id = ? AND s.company_id = ? ORDER BY s.at DESC, s.id DESC LIMIT ?`}
	// A user's last notice was at the time that is in the migration, and a roll-back of
	// the notice takes that away.
	selectNotices = db.Statement{Thing: "notices", Text: `SELECT ` + steps.List("s.") + `
FROM alias_migrations a JOIN alias_steps s ON s.company_id = a.company_id AND s.user_id = a.user_id AND s.at = a.notified_at
WHERE a.user_id IN ({ids ?}) AND a.company_id = ? AND s.kind = 'notified' ORDER BY s.user_id, s.id`}
	selectMails = db.Statement{Thing: "mails", Text: `SELECT ` + envelopes.List("") + ` FROM mails
WHERE company_id = ? AND step_id IN ({ids ?})`}
	insertMail = db.Statement{Thing: "mail", Taken: "the step has a mail", Text: mails.Insert("mails")}
	dueMails   = db.Statement{Thing: "mails", Text: `SELECT id FROM mails
WHERE state = 'pending' AND next_attempt_at <= ? ORDER BY next_attempt_at, id LIMIT ?`}
	claimMail = db.Statement{Thing: "mail", Text: `UPDATE mails SET attempts = attempts + 1, next_attempt_at = ?
WHERE id = ? AND state = 'pending' AND next_attempt_at <= ?`}
	selectMail = db.Statement{Thing: "mail", Text: `SELECT ` + mails.List("") + ` FROM mails WHERE id = ?`}
	updateMail = db.Statement{Thing: "mail", Text: changedMails.Update("mails") + ` WHERE id = ? AND (state = 'pending' OR ? = 'sent')`}
)

// AddAliasStep adds a step, and sets its id.
func (t *Tx) AddAliasStep(ctx context.Context, s *alias.Step) error {
	return t.Session.Insert(ctx, insertStep, &s.ID, steps.At(s)...)
}

// AliasSteps returns a user's steps with their mails, newest first.
func (r Reader) AliasSteps(ctx context.Context, companyID, userID int64, limit int) ([]alias.Step, error) {
	return r.stepsWithMails(ctx, selectSteps, companyID, userID, companyID, limit)
}

// AliasNotices returns the last notices of users with their mails.
func (r Reader) AliasNotices(ctx context.Context, companyID int64, userIDs []int64) ([]alias.Step, error) {
	return r.stepsWithMails(ctx, selectNotices, companyID, db.List[int64](userIDs), companyID)
}

// stepsWithMails returns the steps of one company that a statement selects. A mail
// belongs to its step for good, so that two statements see what one would.
func (r Reader) stepsWithMails(ctx context.Context, statement db.Statement, companyID int64, args ...any) ([]alias.Step, error) {
	list, err := db.Collect(ctx, r.Session, statement, args, steps.Scan)
	if err != nil || len(list) == 0 {
		return list, err
	}
	byID := make(map[int64]*alias.Step, len(list))
	for i := range list {
		byID[list[i].ID] = &list[i]
	}
	ids := db.List[int64](slices.Collect(maps.Keys(byID)))
	found, err := db.Collect(ctx, r.Session, selectMails, []any{companyID, ids}, envelopes.Scan)
	if err != nil {
		return nil, err
	}
	for i := range found {
		byID[found[i].StepID].Mail = &found[i]
	}
	return list, nil
}

// InsertMail adds a mail, and sets its id.
func (t *Tx) InsertMail(ctx context.Context, m *alias.Mail) error {
	return t.Session.Insert(ctx, insertMail, &m.ID, mails.At(m)...)
}

// DueMails returns the ids of mails that are to be sent.
func (r Reader) DueMails(ctx context.Context, now time.Time, limit int) ([]int64, error) {
	return db.Collect(ctx, r.Session, dueMails, []any{db.Time(now), limit}, db.Scan[int64])
}

// ClaimMail returns a mail that is due, and puts off its next attempt.
func (t *Tx) ClaimMail(ctx context.Context, id int64, now, until time.Time) (alias.Mail, error) {
	if err := t.Session.ChangeOne(ctx, claimMail, db.Time(until), id, db.Time(now)); err != nil {
		return alias.Mail{}, err
	}
	return db.First(ctx, t.Session, selectMail, []any{id}, mails.Scan)
}

// UpdateMail writes what became of a mail that was pending, or that was sent all the
// same.
func (t *Tx) UpdateMail(ctx context.Context, m alias.Mail) error {
	return t.Session.ChangeOne(ctx, updateMail, changedMails.At(&m, m.ID, m.State)...)
}
